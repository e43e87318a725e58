// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package onedrive is as much of api.onedrive.com as shows that a token is for
// OneDrive: the drive at /v1.0/drive.
package onedrive

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// API is the API of api.onedrive.com.
type API struct {
	server *odata.Server
}

// New returns the API.
func New(s *odata.Server) *API { return &API{server: s} }

// Serve serves every path below /{version}/drive. It reports false for any other
// path.
func (a *API) Serve(w http.ResponseWriter, r *http.Request, b wire.Body) bool {
	p := odata.ParsePath(r)
	if p.Prefix != "" || len(p.Segments) == 0 || !strings.HasPrefix(strings.ToLower(p.Segments[0]), "drive") {
		return false
	}
	if x, ok := a.server.Begin(face{}, p, w, r, b); ok {
		serveDrive(x)
	}
	return true
}

// face is how the OneDrive API writes its responses.
type face struct{}

// Traits implements [odata.Face].
func (face) Traits() odata.Traits {
	return odata.Traits{Audience: grant.OneDrive, RequestID: "request-id", ContentType: odata.ContentType, Name: "name"}
}

// Error implements [odata.Face].
func (face) Error(_ *odata.Exchange, code, message string) wire.Object {
	return wire.Object{{"code", code}, {"message", message}}
}

// Unauthorized implements [odata.Face].
func (face) Unauthorized(x *odata.Exchange) {
	x.W.Header().Set("WWW-Authenticate", `Bearer realm="OneDriveAPI", error="invalid_token", error_description="Invalid auth token"`)
	x.Fail(http.StatusUnauthorized, "unauthenticated", "The caller is not authenticated.")
}

// NoRoute implements [odata.Face].
func (face) NoRoute(x *odata.Exchange, _ int) { x.NotFound() }

// TooLarge implements [odata.Face].
func (face) TooLarge(x *odata.Exchange) { x.TooLong() }

// serveDrive serves the drive, its root and its children: enough to show whether
// a token is for OneDrive. The OneDrive API also accepts its token in the query.
func serveDrive(x *odata.Exchange) {
	if x.R.Header.Get("Authorization") == "" && x.Query.Has("access_token") {
		x.R.Header.Set("Authorization", "Bearer "+x.Query.Get("access_token"))
	}
	if !x.Authorize() {
		return
	}
	if !x.IsRead() {
		x.Fail(http.StatusNotImplemented, "notSupported", "The emulator's drive is read-only.")
		return
	}
	a := x.Token.Grant.Account
	switch strings.ToLower(strings.Join(x.Segments, "/")) {
	case "drive", "drives/me":
		x.Write(http.StatusOK, wire.Object{
			{"@odata.context", x.Base() + "$metadata#drives/$entity"},
			{"id", strings.ToLower(a.CID())},
			{"driveType", "personal"},
			{"owner", wire.Object{{"user", wire.Object{{"id", strings.ToLower(a.CID())}, {"displayName", a.DisplayName()}}}}},
			{"quota", wire.Object{{"total", 5368709120}, {"used", 64}, {"state", "normal"}}},
		})
	case "drive/root":
		x.Write(http.StatusOK, driveItem("root", a.CID()+"!101", true))
	case "drive/root/children", "drive/items/root/children":
		x.List(x.Base()+"$metadata#drives('me')/items('root')/children", []wire.Object{
			driveItem("Documents", a.CID()+"!105", true),
			driveItem("Getting started.pdf", a.CID()+"!106", false),
		}, odata.Everything)
	default:
		x.Fail(http.StatusNotFound, "itemNotFound", "The resource could not be found.")
	}
}

func driveItem(name, id string, folder bool) wire.Object {
	o := wire.Object{
		{"id", id},
		{"name", name},
		{"createdDateTime", notes.SeedTime().Format(time.RFC3339)},
		{"webUrl", "https://onedrive.live.com/redir?resid=" + id},
	}
	if folder {
		return append(o, wire.Member{"folder", wire.Object{{"childCount", 2}}})
	}
	return append(o, wire.Member{"size", 64}, wire.Member{"file", wire.Object{{"mimeType", "application/pdf"}}})
}

// Interface guard
var _ odata.Face = face{}
