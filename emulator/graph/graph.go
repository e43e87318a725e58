// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package graph is the face of graph.microsoft.com: the notes at
// /v1.0/me/onenote, with Graph's own names, addresses, errors and limits. Its
// habits are those that people have reported; where reports differ, [Habits]
// chooses.
package graph

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// API is Microsoft Graph, as far as it is about notes.
type API struct {
	backend *backend.Backend
	habits  Habits
}

// New returns the API.
func New(b *backend.Backend) *API { return &API{backend: b, habits: DefaultHabits()} }

// Serve serves every path outside /api/. It reports false for the others.
func (a *API) Serve(w http.ResponseWriter, r *http.Request, b wire.Body) bool {
	p := odata.ParsePath(r)
	if p.Prefix != "" {
		return false
	}
	h := w.Header()
	h.Set("OData-Version", "4.0")
	h.Set("x-ms-ags-diagnostic", `{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5","ScaleUnit":"000","RoleInstance":"EMULATOR"}}`)
	if x, ok := a.backend.Begin(a.face(), p, w, r, b); ok {
		a.route(x)
	}
	return true
}

func (a *API) face() face { return face{backend: a.backend, habits: a.habits} }

// route serves what only this API has, and leaves the rest to the backend. The
// gateway of Graph looks at a request before OneNote does.
func (a *API) route(x *odata.Exchange) {
	if !x.Authorize() || !decodeBody(x) || !passesGateway(x) {
		return
	}
	if x.Segment(0) == "$batch" {
		a.serveBatch(x)
		return
	}
	if serveMe(x) || a.serveSite(x) || !a.checkQuery(x) {
		return
	}
	a.backend.ServeNotes(x, a.face())
}

// passesGateway checks the form of a request that changes something. It responds
// with an error and reports false if that is wrong.
func passesGateway(x *odata.Exchange) bool {
	method := x.R.Method
	contentType := x.R.Header.Get("Content-Type")
	switch raw, _ := wire.Target(x.R); {
	case (method == http.MethodPatch || method == http.MethodDelete) && strings.Contains(raw, "!"):
		segmentNotFound(x, raw[strings.LastIndex(raw, "!")+1:])
	case x.IsRead() || method == http.MethodDelete || x.Body.Size == 0:
		return true
	case contentType == "":
		badRequest(x, "Write requests (excluding DELETE) must contain the Content-Type header declaration.")
	case hasBareLineFeed(contentType, x.Body.Data):
		x.Fail(http.StatusBadRequest, "20011", "The request contains a malformed multipart payload.")
	default:
		return true
	}
	return false
}

// serveMe serves /me: the user that the token was issued for.
func serveMe(x *odata.Exchange) bool {
	if len(x.Segments) != 1 || x.Segment(0) != "me" {
		return false
	}
	a := x.Token.Grant.Account
	x.Write(http.StatusOK, wire.Object{
		{"@odata.context", x.Base() + "$metadata#users/$entity"},
		{"displayName", a.DisplayName()},
		{"id", userID(a)},
		{"userPrincipalName", a.UserPrincipalName()},
		{"mail", a.UserPrincipalName()},
	})
	return true
}
