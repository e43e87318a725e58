// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// face has the names and errors of Microsoft Graph.
type face struct {
	backend.Entities
	backend *backend.Backend
	habits  Habits
}

// maxBody is the largest request body that Graph accepts: 4 MiB.
const maxBody = 4 << 20

// Traits implements [odata.Face].
func (face) Traits() odata.Traits {
	return odata.Traits{
		Audience:        grant.Graph,
		RequestID:       "request-id",
		ClientRequestID: "client-request-id",
		ContentType:     "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
		ErrorType:       "application/json",
		Name:            "displayName",
		Aliases:         map[string]string{"name": "displayName", "createdTime": "createdDateTime", "lastModifiedTime": "lastModifiedDateTime"},
		TopEndsList:     true,
		SelectInContext: true,
		ByName:          true,
		MaxBody:         maxBody,
		PeopleOnly:      true,
	}
}

// NotesTraits implements [backend.NotesFace].
func (f face) NotesTraits() backend.NotesTraits {
	return backend.NotesTraits{
		RootWord:       "onenote",
		RecentType:     "microsoft.graph.recentNotebook",
		PreviewType:    "microsoft.graph.onenotePagePreview",
		BareCreated:    true,
		Created:        "createdDateTime",
		Modified:       "lastModifiedDateTime",
		PublicPictures: f.habits.PublicForm,
	}
}

// Error implements [odata.Face].
func (face) Error(x *odata.Exchange, code, message string) wire.Object {
	h := x.W.Header()
	return wire.Object{{"code", code}, {"message", message}, {"innerError", wire.Object{
		{"date", x.Now().Format("2006-01-02T15:04:05")},
		{"request-id", h.Get(x.Traits.RequestID)},
		{"client-request-id", h.Get(x.Traits.ClientRequestID)},
	}}}
}

// TooLarge implements [odata.Face].
func (face) TooLarge(x *odata.Exchange) {
	x.Fail(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request body is larger than 4194304 bytes.")
}

// Unauthorized implements [odata.Face].
func (face) Unauthorized(x *odata.Exchange) {
	x.W.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="`+grant.GraphAppID+`"`)
	x.Fail(http.StatusUnauthorized, "InvalidAuthenticationToken", complaint(x))
}

// complaint says what is wrong with the token of a request.
func complaint(x *odata.Exchange) string {
	switch {
	case x.Bearer() == "":
		return "Access token is empty."
	case x.Token != nil:
		return "Access token validation failure. Invalid audience."
	}
	return "Lifetime validation failed, the token is expired."
}

// badRequest responds with an error of the gateway. Its code is a word.
func badRequest(x *odata.Exchange, message string) {
	x.Fail(http.StatusBadRequest, "BadRequest", message)
}

// NewName implements [backend.NotesFace]. The gateway knows the properties of each
// type.
func (face) NewName(body []byte) (string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return "", notes.NewError(http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	for name := range members {
		if !strings.HasPrefix(name, "@") && !hasProperty("notebook", name) && !hasProperty("onenoteSection", name) && !hasProperty("sectionGroup", name) {
			return "", notes.NewError(http.StatusBadRequest, "BadRequest", "The property '"+name+"' does not exist on the type of the request body. Make sure to only use property names that are defined by the type.")
		}
	}
	var name string
	if raw, ok := members["displayName"]; ok {
		if err := json.Unmarshal(raw, &name); err != nil {
			return "", err
		}
	}
	return name, nil
}

// Authorship implements [backend.NotesFace].
func (face) Authorship(x *backend.NotesExchange) wire.Object {
	return wire.Object{{"createdBy", x.Identity()}, {"lastModifiedBy", x.Identity()}}
}

// Interface guard
var _ backend.NotesFace = face{}
