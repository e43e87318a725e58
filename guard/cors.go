// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// What pages of allowed origins may do and see (Fetch §3.3). Credentials are
// never allowed: a browser has none for us that it could add by itself.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsExposed = "Location, Operation-Location, Retry-After, X-CorrelationId, " + apierror.Header

	// corsMaxAge is for how many seconds a browser need not ask again. The
	// request that follows is checked in any case.
	corsMaxAge = "600"

	// maxCORSHeaders bounds the list of header fields that is sent back.
	maxCORSHeaders = 4 << 10
)

// isPreflight reports whether the request is a CORS preflight. Other OPTIONS
// requests are for the API.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions &&
		len(r.Header["Origin"]) > 0 && len(r.Header["Access-Control-Request-Method"]) > 0
}

// ServePreflight responds to an admitted request of kind Preflight: 204, the
// origin by name, the header fields that it asked for. It never allows access to
// private networks (Access-Control-Allow-Private-Network): the browser then asks
// the user, also for the page of an origin that the operator allowed.
func (g *Guard) ServePreflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Add("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
	h.Set("Cache-Control", "no-store")
	if origin := r.Header.Get("Origin"); g.origins.isAllowed(origin) || g.origins.isOurs(origin, r) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Methods", corsMethods)
		h.Set("Access-Control-Max-Age", corsMaxAge)
		if fields := requestedFields(r.Header["Access-Control-Request-Headers"]); fields != "" {
			h.Set("Access-Control-Allow-Headers", fields)
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// SetCORS adds to h, the header of the response to r, the fields that let a page
// of an allowed origin read it. For other origins it adds only Vary, and nothing
// if no origin is allowed. Call it for refusals too: then the page can read why.
func (g *Guard) SetCORS(h http.Header, r *http.Request) {
	if len(g.origins.allowed) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	origins := r.Header["Origin"]
	if len(origins) != 1 || !g.origins.isAllowed(origins[0]) {
		return
	}
	h.Set("Access-Control-Allow-Origin", origins[0])
	h.Set("Access-Control-Expose-Headers", corsExposed)
}

// requestedFields returns the list of field names that a preflight asked for,
// or nothing if it is not a list of field names.
func requestedFields(values []string) string {
	list := strings.Join(values, ",")
	if len(list) > maxCORSHeaders {
		return ""
	}
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if !isToken(name) {
			return ""
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// isToken reports whether s is a token (RFC 9110 §5.6.2). The asterisk does not
// count, which would mean all fields here.
func isToken(s string) bool {
	if s == "" || s == "*" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !percent.IsUnreserved(c) && !strings.ContainsRune("!#$%&'*+^`|", rune(c)) {
			return false
		}
	}
	return true
}
