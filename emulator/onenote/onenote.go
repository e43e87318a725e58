// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package onenote is the face of www.onenote.com: the OneNote API at /api/v1.0 and
// /api/beta, with its names, its errors, public pictures, $batch and $metadata.
package onenote

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// API is the API of www.onenote.com.
type API struct {
	backend *backend.Backend
}

// New returns the API.
func New(b *backend.Backend) *API { return &API{backend: b} }

// Serve serves every path below /api/. It reports false for any other path.
func (a *API) Serve(w http.ResponseWriter, r *http.Request, b wire.Body) bool {
	p := odata.ParsePath(r)
	if p.Prefix == "" {
		return false
	}
	if x, ok := a.backend.Begin(face{}, p, w, r, b); ok {
		a.route(x)
	}
	return true
}

// route serves what only this API has, and leaves the rest to the backend.
func (a *API) route(x *odata.Exchange) {
	switch x.Segment(0) {
	case "$metadata":
		serveMetadata(x)
		return
	case "$batch":
		a.serveBatch(x)
		return
	}
	if res := a.publicPicture(x); res != nil {
		servePublic(x, res)
		return
	}
	if !x.Authorize() || a.serveFromURL(x) {
		return
	}
	a.backend.ServeNotes(x, face{})
}

// serveFromURL serves …/siteCollections/FromUrl(url='…').
func (a *API) serveFromURL(x *odata.Exchange) bool {
	s := x.Segments
	if len(s) > 0 && strings.EqualFold(s[0], "myOrganization") {
		s = s[1:]
	}
	if len(s) < 2 || !strings.EqualFold(s[0], "siteCollections") || !strings.HasPrefix(strings.ToLower(s[1]), "fromurl(url='") {
		return false
	}
	site, ok := a.backend.FindSite(strings.TrimSuffix(s[1][len("fromurl(url='"):], "')"))
	if !ok {
		x.Fail(http.StatusBadRequest, "20158", "Unable to get metadata for the site URL specified in the request. Check the format of the supplied URL.")
		return true
	}
	x.Write(http.StatusOK, wire.Object{
		{"@odata.context", x.Base() + "$metadata#Microsoft.OneNote.Api.SiteMetadata"},
		{"siteCollectionId", site.Collection},
		{"siteId", site.ID},
	})
	return true
}
