// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"net/url"
	"strings"
)

// A target is a request target (RFC 9112 §3.2) as the client wrote it.
type target struct {
	path, query string // raw, byte for byte
	hasQuery    bool   // there is a question mark, though the query may be empty
}

// targetOf returns the target of req. The request line is preferred to the
// parsed URL, which cannot say how %2f, | and the like were written. The
// second result is false for a target that is not a path of ours to forward.
func targetOf(req *http.Request) (target, bool) {
	if req.RequestURI == "" {
		t := target{
			path:     rawPath(req.URL),
			query:    req.URL.RawQuery,
			hasQuery: req.URL.ForceQuery || req.URL.RawQuery != "",
		}
		if t.path == "" {
			t.path = "/"
		}
		return t, t.valid()
	}
	return targetIn(req.RequestURI)
}

// targetIn returns the target that a request line holds.
func targetIn(uri string) (target, bool) {
	var t target
	t.path, t.query, t.hasQuery = strings.Cut(originForm(uri), "?")
	return t, t.valid()
}

// rawPath returns the path as it was parsed. EscapedPath would do, but where
// the path holds a single character that should be encoded, such as |, it
// encodes the whole anew and %2F becomes a slash.
func rawPath(u *url.URL) string {
	if u.RawPath != "" {
		if path, err := url.PathUnescape(u.RawPath); err == nil && path == u.Path {
			return u.RawPath
		}
	}
	return u.EscapedPath()
}

// originForm removes scheme and authority of an absolute-form target. Whose
// they are is for the server to judge; where the request goes they do not say.
func originForm(uri string) string {
	if strings.HasPrefix(uri, "/") {
		return uri
	}
	_, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return uri
	}
	slash := strings.IndexAny(rest, "/?")
	switch {
	case slash < 0:
		return "/"
	case rest[slash] == '?':
		return "/" + rest[slash:]
	}
	return rest[slash:]
}

// valid reports whether the target stays on the host it is sent to: net/http
// writes a target that begins with two slashes as if it named a host.
func (t target) valid() bool {
	return strings.HasPrefix(t.path, "/") && !strings.HasPrefix(t.path, "//")
}

// A content is what a path of the API leads to, as far as it matters here.
type content int

const (
	otherContent    content = iota // most often JSON
	pageContent                    // the HTML of a page
	resourceContent                // the bytes of a picture or an attachment
)

// contentOf tells the content by the last segments of a raw path:
//
//	…/pages/{id}/content    …/resources/{id}/content
//	…/pages/{id}/$value     …/resources/{id}/$value
//	…/pages('{id}')/content and so on, in any case of letters
//
// A slash behind them changes nothing for the API.
func contentOf(path string) content {
	rest, last := cutLast(strings.TrimSuffix(path, "/"))
	if !equalSegment(last, "content") && !equalSegment(last, "$value") {
		return otherContent
	}
	rest, id := cutLast(rest)
	if name, _, ok := strings.Cut(id, "("); ok {
		return namedContent(name)
	}
	_, name := cutLast(rest)
	return namedContent(name)
}

func namedContent(segment string) content {
	switch {
	case equalSegment(segment, "pages"):
		return pageContent
	case equalSegment(segment, "resources"):
		return resourceContent
	}
	return otherContent
}

// cutLast cuts the last segment off a path.
func cutLast(path string) (rest, segment string) {
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 {
		return "", path
	}
	return path[:slash], path[slash+1:]
}

// equalSegment compares a raw segment, which may be percent-encoded.
func equalSegment(raw, want string) bool {
	if strings.IndexByte(raw, '%') >= 0 {
		if decoded, err := url.PathUnescape(raw); err == nil {
			raw = decoded
		}
	}
	return strings.EqualFold(raw, want)
}
