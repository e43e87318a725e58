// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/guard"
)

// tellsTooMuch reports whether the access log would hold something that opens
// a door: a code or a state (pages under /auth/), a picture that anybody may
// fetch by its URL, a token that a client put into the query, or a client key
// in a header that Caddy does not know to hide.
func tellsTooMuch(r *http.Request) bool {
	if _, ok := r.Header[guard.KeyHeader]; ok {
		return true
	}
	if strings.HasPrefix(r.URL.Path, "/auth/") {
		return true
	}
	query := strings.ToLower(r.URL.RawQuery)
	return strings.Contains(query, "publicauth=") || strings.Contains(query, "access_token=")
}

// clientCredentials are the fields in which a client shows who it is to us.
var clientCredentials = [...]string{"Authorization", "Proxy-Authorization", guard.KeyHeader}

// withoutCredentials returns the request without them. The transport would
// remove them too, but reverse_proxy logs the request that it was given, at
// DEBUG with every field if log_credentials is on.
func withoutCredentials(r *http.Request) *http.Request {
	for _, name := range clientCredentials {
		if _, ok := r.Header[name]; !ok {
			continue
		}
		r.Header = r.Header.Clone()
		for _, name := range clientCredentials {
			delete(r.Header, name)
		}
		return r
	}
	return r
}
