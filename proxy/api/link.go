// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// LocalLink returns the [rewrite.LinkFunc] that makes the API's URLs lead to
// the proxy: scheme and host become base, which has no slash at its end, and
// everything from the path on stays as it is.
func (h *Hosts) LocalLink(base string) rewrite.LinkFunc {
	return func(dst, url []byte) (text []byte, rest int, ok bool) {
		path, ok := h.path(url)
		if !ok {
			return dst, 0, false
		}
		return append(dst, base...), path, true
	}
}

// localLinkInJSON is LocalLink for a response in JSON: a picture that the API has
// made public keeps its address, as in pages, so that pages of other origins can
// show it. That is the preview of a page.
func (h *Hosts) localLinkInJSON(base string) rewrite.LinkFunc {
	return func(dst, url []byte) (text []byte, rest int, ok bool) {
		path, ok := h.path(url)
		if !ok || h.hasPublicPicture(url) {
			return dst, 0, false
		}
		return append(dst, base...), path, true
	}
}

// UpstreamLink returns the [rewrite.LinkFunc] for what is sent to the API: URLs
// that begin with one of the proxy's bases become the upstream's again. The
// parameters that the proxy adds to a local picture's URL, its account, expiry and
// signature, are removed. Neither upstream nor bases have a slash at their end.
func (h *Hosts) UpstreamLink(upstream string, bases ...string) rewrite.LinkFunc {
	return h.upstreamLink(upstream, basesOf(bases))
}

func (h *Hosts) upstreamLink(upstream string, proxy bases) rewrite.LinkFunc {
	return func(dst, url []byte) (text []byte, rest int, ok bool) {
		var buf [maxAuthority]byte
		host, i, ok := cutAuthority(buf[:0], url)
		if !ok {
			return dst, 0, false
		}
		for _, b := range proxy {
			path, ok := bytes.CutPrefix(url[i:], []byte(b.path))
			if !ok || string(host) != b.host || !hasPath(path, h.paths) {
				continue
			}
			dst = append(dst, upstream...)
			if !isSigned(path) {
				return dst, len(url) - len(path), true
			}
			return appendUnsigned(dst, path), len(url), true
		}
		return dst, 0, false
	}
}

// isSigned reports whether what follows a base may be the path and query of a
// local picture.
func isSigned(rest []byte) bool {
	_, query, _ := bytes.Cut(rest, []byte("?"))
	return bytes.Contains(query, []byte("sig="))
}

// appendUnsigned appends what follows a base, without the proxy's parameters.
func appendUnsigned(dst, rest []byte) []byte {
	path, query, _ := bytes.Cut(rest, []byte("?"))
	query, fragment, hasFragment := bytes.Cut(query, []byte("#"))
	dst = append(dst, path...)
	if left := unsigned(path, string(query)); left != "" {
		dst = append(dst, '?')
		dst = append(dst, left...)
	}
	if hasFragment {
		dst = append(dst, '#')
		dst = append(dst, fragment...)
	}
	return dst
}

// unsigned returns the query of a local picture as the API knows it. The API's
// own public URLs end with content; in others, publicAuth and mimeType are the
// proxy's as well.
func unsigned(path []byte, query string) string {
	left := picture.StripQuery(query)
	if left == query || ascii.EqualFold(path[bytes.LastIndexByte(path, '/')+1:], "content") {
		return left
	}
	options := strings.Split(left, "&")
	options = slices.DeleteFunc(options, func(option string) bool { return isPublicOption([]byte(option)) })
	return strings.Join(options, "&")
}

// upstreamReference returns the [rewrite.ReferenceFunc] for what is sent to the
// API, given the proxy's bases and the link for whole URLs that begin with them.
// From a path below the path of a base that path is cut off, and from the path of a
// local picture its signature.
func (h *Hosts) upstreamReference(link rewrite.LinkFunc, proxy bases) rewrite.ReferenceFunc {
	return func(value string) (string, bool) {
		if !strings.HasPrefix(value, "/") {
			there, ok := link.Replace(nil, []byte(value))
			return string(there), ok
		}
		for _, b := range proxy {
			rest, ok := bytes.CutPrefix([]byte(value), []byte(b.path))
			if !ok || b.path == "" || !hasPath(rest, h.paths) {
				continue
			}
			if isSigned(rest) {
				rest = appendUnsigned(nil, rest)
			}
			return string(rest), true
		}
		if path := []byte(value); hasPath(path, h.paths) && isSigned(path) {
			return string(appendUnsigned(nil, path)), true
		}
		return "", false
	}
}
