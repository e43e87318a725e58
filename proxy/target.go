// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/requestline"
)

// target returns the request target in origin form (RFC 9112 §3.2.1), byte for
// byte as the client wrote it. The request line is preferred to the parsed URL,
// which cannot say how %2f, | and the like were written.
func (x *exchange) target() string {
	target := x.Target
	if target == "" {
		target = x.in.RequestURI
	}
	if target == "" {
		return rawTarget(x.in.URL)
	}
	if strings.HasPrefix(target, "/") {
		return target
	}
	_, rest, ok := requestline.CutAuthority(target)
	if ok && !strings.HasPrefix(rest, "/") {
		return "/" + rest
	}
	return rest
}

// rawTarget returns the target of a request that was not read from a connection.
func rawTarget(u *url.URL) string {
	target := rawPath(u)
	if target == "" {
		target = "/"
	}
	if u.ForceQuery || u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	return target
}

// rawPath returns the path as it was parsed. EscapedPath would do, but where
// the path holds a single character that should be encoded, such as |, it
// encodes the whole path again and %2F becomes a slash.
func rawPath(u *url.URL) string {
	if u.RawPath != "" {
		if path, err := url.PathUnescape(u.RawPath); err == nil && path == u.Path {
			return u.RawPath
		}
	}
	return u.EscapedPath()
}

// isPath reports whether a path stays on the host that it is sent to: net/http
// writes a target that begins with two slashes as if it named a host.
func isPath(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//")
}
