// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/http"
	"strings"
)

// Origin returns the scheme and host that a request was sent to. The addresses in
// its response begin with it.
func Origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// Target returns the path and query of the request line. r.URL would not be
// exact: it encodes what a URL may not contain, such as "|".
func Target(r *http.Request) (path, query string) {
	if !strings.HasPrefix(r.RequestURI, "/") {
		return r.URL.EscapedPath(), r.URL.RawQuery
	}
	path, query, _ = strings.Cut(r.RequestURI, "?")
	return path, query
}
