// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package odata is what the APIs have in common, because all of them speak OData:
// paths with keys, query options, lists and paging, and the check of the access
// token. What differs between them is a [Face].
package odata

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// Server begins the exchanges of all APIs.
type Server struct {
	Now    func() time.Time // the emulator's time
	Mint   *mint.Mint       // makes the ids of requests
	Grants *grant.Book      // knows the access tokens
}

// Exchange is one request to an API, and its response.
type Exchange struct {
	server   *Server
	face     Face
	Traits   Traits
	W        http.ResponseWriter
	R        *http.Request
	Body     wire.Body
	Version  string   // as sent
	Segments []string // after the version, see [Path]
	Query    Query
	Token    *grant.AccessToken // set by Authorize
}

// maxURI is the service's limit of a request URI (error 20005).
const maxURI = 16384

// Begin begins the exchange of a request. It responds to preflight requests, and
// to those that are too large or name no version, and then reports false.
func (s *Server) Begin(face Face, p Path, w http.ResponseWriter, r *http.Request, b wire.Body) (*Exchange, bool) {
	x := &Exchange{
		server: s, face: face, Traits: face.Traits(), W: w, R: r, Body: b,
		Version: p.version, Segments: p.Segments, Query: parseQuery(r.URL.RawQuery),
	}
	x.introduce()
	switch {
	case r.Method == http.MethodOptions:
		x.preflight()
	case len(r.URL.RequestURI()) > maxURI:
		x.Fail(http.StatusRequestURITooLong, "20005", "The request URI is too long. The maximum size is 16384 characters.")
	case b.TooLarge(), x.Traits.MaxBody > 0 && b.Size > x.Traits.MaxBody:
		x.TooLarge()
	case x.Version == "":
		face.NoRoute(x, 0)
	default:
		return x, true
	}
	return nil, false
}

// Now returns the emulator's time.
func (x *Exchange) Now() time.Time { return x.server.Now() }

// introduce sets the header fields of every response.
func (x *Exchange) introduce() {
	h := x.W.Header()
	id, echo := x.server.Mint.NewGUID("correlation"), x.Traits.ClientRequestID
	if echo == "" {
		echo = x.Traits.RequestID
	}
	h.Set(x.Traits.RequestID, id)
	h.Set(echo, id)
	if client := x.R.Header.Get(echo); mint.IsGUID(client) {
		h.Set(echo, client)
	}
	if x.R.Header.Get("Origin") != "" {
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "Location, Operation-Location, X-CorrelationId")
	}
}

// preflight permits the cross-origin requests of browsers, as the service does.
func (x *Exchange) preflight() {
	h := x.W.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE, HEAD")
	h.Set("Access-Control-Allow-Headers", x.R.Header.Get("Access-Control-Request-Headers"))
	h.Set("Access-Control-Max-Age", "3600")
	x.W.WriteHeader(http.StatusOK)
}

// Segment returns the i-th segment of the path in lower case, or "".
func (x *Exchange) Segment(i int) string {
	if i >= len(x.Segments) {
		return ""
	}
	return strings.ToLower(x.Segments[i])
}

// ID returns the i-th segment of the path in its own case, or "".
func (x *Exchange) ID(i int) string {
	if i >= len(x.Segments) {
		return ""
	}
	return x.Segments[i]
}

// NoRoute responds to a path whose segment i leads nowhere.
func (x *Exchange) NoRoute(i int) { x.face.NoRoute(x, i) }

// IsRead reports whether the request only reads.
func (x *Exchange) IsRead() bool {
	return x.R.Method == http.MethodGet || x.R.Method == http.MethodHead
}

// Allow reports whether the method is one of those given. It responds with 405 if
// not.
func (x *Exchange) Allow(methods ...string) bool {
	for _, method := range methods {
		if x.R.Method == method || method == http.MethodGet && x.IsRead() {
			return true
		}
	}
	x.W.Header().Set("Allow", strings.Join(methods, ", "))
	x.Fail(http.StatusMethodNotAllowed, "20100", "The HTTP method is not supported for this resource.")
	return false
}

// Base is the address of the API, such as http://localhost:8080/api/v1.0/.
func (x *Exchange) Base() string { return wire.Origin(x.R) + x.Traits.Prefix + "/" + x.Version + "/" }

// Decode reads a JSON body. It responds with 400 and reports false if it cannot.
func (x *Exchange) Decode(into any) bool {
	if err := json.Unmarshal(x.Body.Data, into); err != nil {
		x.BadJSON()
		return false
	}
	return true
}

// BadJSON responds to a body that is not the JSON that was expected.
func (x *Exchange) BadJSON() {
	x.Fail(http.StatusBadRequest, "20126", "The message body contains either incorrectly formatted JSON or fields that are not supported for this operation.")
}
