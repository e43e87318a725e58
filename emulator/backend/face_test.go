// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/person"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// plainFace is an API that no service has. It shows that an API is one type.
type plainFace struct{ backend.Entities }

func (plainFace) Traits() odata.Traits {
	return odata.Traits{Audience: grant.OneNote, RequestID: "X-Id", ContentType: "application/json", Name: "label"}
}

func (plainFace) NotesTraits() backend.NotesTraits {
	return backend.NotesTraits{RootWord: "notebook", Created: "made", Modified: "changed"}
}

func (plainFace) Error(_ *odata.Exchange, code, _ string) wire.Object {
	return wire.Object{{"number", code}}
}

func (plainFace) Unauthorized(x *odata.Exchange) { x.Fail(http.StatusUnauthorized, "1", "") }

func (plainFace) NewName(body []byte) (string, error) { return string(body), nil }

func (plainFace) Notebook(x *backend.NotesExchange, n *notes.Notebook) wire.Object {
	return wire.Object{{"label", n.Name}, {"self", x.URL("notebooks", n.ID)}}
}

func (plainFace) Authorship(*backend.NotesExchange) wire.Object { return wire.Object{{"by", "me"}} }

func (plainFace) Section(_ *backend.NotesExchange, s *notes.Section) wire.Object {
	return wire.Object{{"label", s.Name}}
}

func TestFaceDecidesNamesErrorsAndRoots(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }
	unique := mint.New()
	grants := grant.NewBook(now, unique)
	b := &backend.Backend{
		Server: odata.Server{Now: now, Mint: unique, Grants: grants},
		Store:  notes.NewStore(now, nil),
	}
	token := grants.IssueAccess(grant.Grant{Account: person.Default, Scope: grant.DefaultLiveScope}, time.Hour).Value
	tests := []struct {
		name, method, target, token, body string
		status                            int
		want                              string // in the body
	}{
		{"names", "GET", "/v1.0/me/notebook/notebooks?$select=label", token, "", 200, `"value":[{"label":"My Notebook"},{"label":"Recipes & more"}]`},
		{"names of an entity that the face does not write itself", "GET", "/v1.0/me/notebook/sectionGroups?$select=made,label,by,changed", token, "", 200, `"label":"Projects","by":"me","changed":"`},
		{"filter by its name", "GET", "/v1.0/me/notebook/sections?search=plan", token, "", 200, `"value":[{"label":"Plans"}]`},
		{"addresses", "GET", "/v1.0/me/notebook/notebooks?$top=1", token, "", 200, `"self":"http://example.com/v1.0/me/notebook/notebooks/`},
		{"new name", "POST", "/v1.0/me/notebook/notebooks", token, "Third", 201, `"label":"Third"`},
		{"error", "GET", "/v1.0/me/notebook/pages/unknown", token, "", 404, `{"error":{"number":"20102"}}`},
		{"no token", "GET", "/v1.0/me/notebook/pages", "", "", 401, `{"error":{"number":"1"}}`},
		{"root of another face", "GET", "/v1.0/me/notes/pages", token, "", 404, "20102"},
		{"no short root", "GET", "/v1.0/pages", token, "", 404, "20102"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, test.target, nil)
			r.Header.Set("Authorization", "Bearer "+test.token)
			res := wire.NewResponse(r, now())
			x, ok := b.Begin(plainFace{}, odata.ParsePath(r), res, r, wire.Body{Data: []byte(test.body)})
			if !ok {
				t.Fatal("the exchange has ended")
			}
			if x.Authorize() {
				b.ServeNotes(x, plainFace{})
			}
			if got := string(res.Bytes()); res.Status() != test.status || !strings.Contains(got, test.want) {
				t.Errorf("got %d %s, want %d and %s", res.Status(), got, test.status, test.want)
			}
		})
	}
}

// Interface guard
var _ backend.NotesFace = plainFace{}
