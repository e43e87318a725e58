// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// LocalLink returns the [rewrite.Link] that makes the API's URLs lead to us:
// scheme and host become base, which has no slash at its end, and everything
// from the path on stays as it is.
func (h *APIHosts) LocalLink(base string) rewrite.Link {
	return func(dst, url []byte) (text []byte, rest int, ok bool) {
		path, ok := h.path(url)
		if !ok {
			return dst, 0, false
		}
		return append(dst, base...), path, true
	}
}

// UpstreamLink returns the [rewrite.Link] for what is sent to the API: URLs of
// ours, under any of those bases, become the upstream's again. What makes a
// local picture's URL ours, its account, expiry and signature, is taken away.
// Neither upstream nor bases have a slash at their end.
func (h *APIHosts) UpstreamLink(upstream string, ours ...string) rewrite.Link {
	bases := basesOf(ours)
	return func(dst, url []byte) (text []byte, rest int, ok bool) {
		var buf [maxAuthority]byte
		host, i, ok := cutAuthority(buf[:0], url)
		if !ok {
			return dst, 0, false
		}
		for _, b := range bases {
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

// A base is where we are reached.
type base struct {
	host string // as cutAuthority returns it
	path string // without a slash at its end
}

func basesOf(urls []string) []base {
	bases := make([]base, 0, len(urls))
	for _, s := range urls {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			continue // not what a URL could begin with
		}
		host := strings.ToLower(withoutPort(u.Scheme, u.Host))
		bases = append(bases, base{host: host, path: strings.TrimSuffix(u.EscapedPath(), "/")})
	}
	return bases
}

// anchorsOfBases returns what [rewrite.JSON] looks for to find URLs under one of
// those bases.
func anchorsOfBases(urls ...string) []string {
	var names []string
	for _, b := range basesOf(urls) {
		names = append(names, b.host)
	}
	return anchorsOf(names)
}

// isSigned reports whether what follows a base may be a local picture's.
func isSigned(rest []byte) bool {
	_, query, _ := bytes.Cut(rest, []byte("?"))
	return bytes.Contains(query, []byte("sig="))
}

// appendUnsigned appends what follows a base, without our own parameters.
func appendUnsigned(dst, rest []byte) []byte {
	path, query, _ := bytes.Cut(rest, []byte("?"))
	query, fragment, hasFragment := bytes.Cut(query, []byte("#"))
	dst = append(dst, path...)
	if kept := unsigned(path, string(query)); kept != "" {
		dst = append(dst, '?')
		dst = append(dst, kept...)
	}
	if hasFragment {
		dst = append(dst, '#')
		dst = append(dst, fragment...)
	}
	return dst
}

// unsigned returns the query of a local picture as the API knows it. The API's
// own public addresses end with content; on any other, publicAuth and mimeType
// are ours as well.
func unsigned(path []byte, query string) string {
	kept := picture.StripQuery(query)
	if kept == query || equalFold(path[bytes.LastIndexByte(path, '/')+1:], "content") {
		return kept
	}
	options := strings.Split(kept, "&")
	options = slices.DeleteFunc(options, func(option string) bool { return isPublicOption([]byte(option)) })
	return strings.Join(options, "&")
}
