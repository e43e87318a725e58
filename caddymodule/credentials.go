// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/internal/authpath"
	"github.com/caddy-onenote/caddy-onenote/internal/percent"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
)

// clientCredentials are the fields in which a client shows who it is to us.
// Caddy hides the first two from its logs, unless log_credentials is on.
var clientCredentials = [...]string{"Authorization", "Proxy-Authorization", guard.KeyHeader}

// holdsSecret reports whether the access log would hold something that gives
// access: a client key; a code or a state (in the URL of a page under /auth/, or in
// a Referer that names one); the URL of a picture, which needs no key; or a token
// that a client put into the query.
func holdsSecret(r *http.Request) bool {
	if _, ok := r.Header[guard.KeyHeader]; ok {
		return true
	}
	if strings.Contains(r.URL.Path, authpath.Prefix) || strings.Contains(r.Header.Get("Referer"), authpath.Prefix) {
		return true
	}
	return holdsSecretInURL(r) || hasCredentials(r) && logsCredentials(r)
}

// holdsSecretInURL reports whether the request's URL is not for a log.
func holdsSecretInURL(r *http.Request) bool {
	return opensPicture(r) || queryHolds(r, "access_token")
}

// opensPicture reports whether even the path of the request gives access: anybody
// who knows the resource can add publicAuth. At any other path the word only keeps
// the request out of the log.
func opensPicture(r *http.Request) bool {
	return queryHolds(r, "publicauth") && api.IsResource(r.URL.EscapedPath())
}

// queryHolds reports whether a word stands in the query, in any case and
// however it is encoded.
func queryHolds(r *http.Request, word string) bool {
	query := r.URL.RawQuery
	if strings.Contains(query, "%") {
		query = percent.Decode(query)
	}
	return strings.Contains(strings.ToLower(query), word)
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

// withoutSecrets removes from the request what reverse_proxy would log at DEBUG: it
// logs the request that it was given. The transport needs none of it: credentials
// of clients are not sent upstream, and the transport has the target.
func withoutSecrets(r *http.Request) *http.Request {
	if holdsSecretInURL(r) {
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

// withoutReferer removes the address of a page of ours, which may have a code or a
// state in its query: reverse_proxy logs the request that it is given. No Referer
// is sent upstream.
func withoutReferer(r *http.Request) *http.Request {
	if strings.Contains(r.Header.Get("Referer"), authpath.Prefix) {
		r.Header = r.Header.Clone()
		delete(r.Header, "Referer")
	}
	return r
}
