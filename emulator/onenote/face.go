// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package onenote

import (
	"encoding/json"
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// face has the names and errors of www.onenote.com.
type face struct{ backend.Entities }

// Traits implements [odata.Face].
func (face) Traits() odata.Traits {
	return odata.Traits{
		Audience:    grant.OneNote,
		Prefix:      "/api",
		RequestID:   "X-CorrelationId",
		ContentType: odata.ContentType,
		Name:        "name",
		PeopleOnly:  true,
	}
}

// NotesTraits implements [backend.NotesFace].
func (face) NotesTraits() backend.NotesTraits {
	return backend.NotesTraits{
		RootWord:       "notes",
		ShortRoot:      true,
		Created:        "createdTime",
		Modified:       "lastModifiedTime",
		PublicPictures: true,
		Renames:        true,
		ShortParents:   true,
		RecentType:     "Microsoft.OneNote.Api.RecentNotebook",
		PreviewType:    "Microsoft.OneNote.Api.PagePreview",
	}
}

// Error implements [odata.Face].
func (face) Error(_ *odata.Exchange, code, message string) wire.Object {
	return wire.Object{{"code", code}, {"message", message}, {"@api.url", "https://aka.ms/onenote-errors#C" + code}}
}

// NoRoute implements [odata.Face]. The real service has some paths that the
// emulator lacks.
func (face) NoRoute(x *odata.Exchange, i int) {
	switch x.Segment(i) {
	case "classnotebooks", "staffnotebooks", "permissions":
		x.NotImplemented(x.ID(i))
	default:
		x.NotFound()
	}
}

// Unauthorized implements [odata.Face]. The error is the same for a missing,
// expired, revoked or foreign token.
func (face) Unauthorized(x *odata.Exchange) {
	x.Fail(http.StatusUnauthorized, "40001", "The request does not contain a valid auth token.")
}

// NewName implements [backend.NotesFace]. The service is not strict about JSON:
// Microsoft's own samples send {name:"x"}.
func (face) NewName(body []byte) (string, error) {
	var request struct {
		Name string `json:"name"`
	}
	err := json.Unmarshal(body, &request)
	if err != nil {
		err = json.Unmarshal(notes.StrictJSON(body), &request)
	}
	return request.Name, err
}

// Authorship implements [backend.NotesFace].
func (face) Authorship(x *backend.NotesExchange) wire.Object {
	name := x.Library.Author.Name
	return wire.Object{
		{"createdBy", name},
		{"createdByIdentity", x.Identity()},
		{"lastModifiedBy", name},
		{"lastModifiedByIdentity", x.Identity()},
	}
}

// Interface guard
var _ backend.NotesFace = face{}
