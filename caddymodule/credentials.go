// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-onenote/caddy-onenote/guard"
)

// clientCredentials are the fields in which a client shows who it is to us.
// Caddy hides the first two from its logs, unless log_credentials is on.
var clientCredentials = [...]string{"Authorization", "Proxy-Authorization", guard.KeyHeader}

// tellsTooMuch reports whether the access log would hold something that opens
// a door: a client key, a code or a state (pages under /auth/, and the address
// that a browser says it came from), a picture that anybody may fetch by its
// URL, or a token that a client put into the query.
func tellsTooMuch(r *http.Request) bool {
	if _, ok := r.Header[guard.KeyHeader]; ok {
		return true
	}
	if strings.Contains(r.URL.Path, "/auth/") || strings.Contains(r.Header.Get("Referer"), "/auth/") {
		return true
	}
	return tellsInQuery(r) || hasCredentials(r) && logsCredentials(r)
}

// tellsInQuery reports whether the request's URL is not for a log.
func tellsInQuery(r *http.Request) bool {
	return opensPicture(r) || queryHolds(r, "access_token")
}

// opensPicture reports whether the path of the request is itself what opens
// the door: who knows the resource may add publicAuth.
func opensPicture(r *http.Request) bool {
	return queryHolds(r, "publicauth")
}

// queryHolds reports whether a word stands in the query, in any case and
// however it is encoded.
func queryHolds(r *http.Request, word string) bool {
	query := r.URL.RawQuery
	if strings.Contains(query, "%") {
		query = decodeAll(query)
	}
	return strings.Contains(strings.ToLower(query), word)
}

// decodeAll decodes what can be decoded and leaves the rest: servers differ in
// what they make of a malformed escape, and none may find a secret in it.
func decodeAll(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func hasCredentials(r *http.Request) bool {
	for _, name := range clientCredentials {
		if _, ok := r.Header[name]; ok {
			return true
		}
	}
	return false
}

// logsCredentials reports whether Caddy is told not to hide them.
func logsCredentials(r *http.Request) bool {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return ok && server.Logs != nil && server.Logs.ShouldLogCredentials
}

// withoutSecrets takes out of the request what reverse_proxy would log at
// DEBUG: it logs the request that it was given. The transport needs none of
// it: credentials of clients do not go upstream, and it has the target.
func withoutSecrets(r *http.Request) *http.Request {
	if tellsInQuery(r) {
		r.RequestURI = "/..."
	}
	if !hasCredentials(r) {
		return r
	}
	r.Header = r.Header.Clone()
	for _, name := range clientCredentials {
		delete(r.Header, name)
	}
	return r
}
