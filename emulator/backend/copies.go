// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
)

// copyRequest is the body of a copy action.
type copyRequest struct {
	ID               string `json:"id"`
	RenameAs         string `json:"renameAs"`
	GroupID          string `json:"groupId"`
	SiteCollectionID string `json:"siteCollectionId"`
	SiteID           string `json:"siteId"`
}

// destination returns the library that the copy is for, and its root, which is
// empty for that of the request.
func (x *NotesExchange) destination(r copyRequest) (*notes.Library, string) {
	var owner notes.Owner
	switch {
	case r.GroupID != "":
		owner = notes.GroupOwner(r.GroupID)
	case r.SiteCollectionID != "":
		owner = notes.SiteOwner(r.SiteCollectionID, r.SiteID)
	default:
		return x.Library, ""
	}
	to := x.store.LibraryOf(owner)
	return to, x.face.RootOf(to)
}

// RootOf implements [NotesFace].
func (Entities) RootOf(l *notes.Library) string {
	kind, id, _ := strings.Cut(l.Owner.Shared, "/")
	if kind == "groups" {
		return "myOrganization/groups/" + odata.EscapeID(id) + "/notes"
	}
	collection, site, found := strings.Cut(id, ",")
	root := "myOrganization/siteCollections/" + odata.EscapeID(collection)
	if found {
		root += "/sites/" + odata.EscapeID(site)
	}
	return root + "/notes"
}

// OperationURL returns the address of the copy that an operation made.
func (x *NotesExchange) OperationURL(op *notes.Operation) string {
	if op.Root == "" {
		return x.URL(op.Collection, op.MadeID)
	}
	return x.Base() + op.Root + "/" + pathOf([]string{op.Collection, op.MadeID})
}

// copyRequest reads the request for a copy of an entity. It responds with an error
// and reports false if that cannot be made.
func (x *NotesExchange) copyRequest(id string) (copyRequest, bool) {
	var request copyRequest
	if !x.Allow(http.MethodPost) || !x.face.CanCopy(x, id) {
		return request, false
	}
	if len(x.Body.Data) == 0 {
		return request, true
	}
	return request, x.Decode(&request)
}

// copyPage responds to pages/{id}/copyToSection.
func (x *NotesExchange) copyPage(p *notes.Page) {
	request, ok := x.copyRequest(p.ID)
	if !ok {
		return
	}
	to, root := x.destination(request)
	s := to.Section(request.ID)
	if s == nil {
		x.noDestination()
		return
	}
	copied := to.CopyPage(x.Library, p, s, x.Now())
	copied.MadeBy = x.maker()
	op := x.operation(root, "pages", p.ID, copied.ID)
	op.InPlace = s == p.Section
	x.face.Accepted(x, op)
}

// copySection responds to sections/{id}/copyToNotebook and …/copyToSectionGroup.
func (x *NotesExchange) copySection(s *notes.Section) {
	request, ok := x.copyRequest(s.ID)
	if !ok {
		return
	}
	to, root := x.destination(request)
	n, g := to.Notebook(request.ID), to.Group(request.ID)
	if x.Segment(2) == "copytonotebook" {
		g = nil
	} else if g != nil {
		n = g.Notebook
	} else {
		n = nil
	}
	if n == nil {
		x.noDestination()
		return
	}
	copied := to.CopySection(x.Library, s, n, g, request.RenameAs, x.Now())
	x.face.Accepted(x, x.operation(root, "sections", s.ID, copied.ID))
}

// copyNotebook responds to notebooks/{id}/copyNotebook.
func (x *NotesExchange) copyNotebook(n *notes.Notebook) {
	request, ok := x.copyRequest(n.ID)
	if !ok {
		return
	}
	name := request.RenameAs
	if name == "" {
		name = n.Name + " - Copy"
	}
	to, root := x.destination(request)
	copied := to.CopyNotebook(x.Library, n, name, x.Now())
	x.face.Accepted(x, x.operation(root, "notebooks", n.ID, copied.ID))
}

// operation records a copy.
func (x *NotesExchange) operation(root, collection, sourceID, madeID string) *notes.Operation {
	op := x.Library.AddOperation(collection, sourceID, madeID, x.Now())
	op.Root = root
	return op
}

func (x *NotesExchange) noDestination() {
	x.Fail(http.StatusBadRequest, "20156", "The specified ID for the destination resource does not exist.")
}

// CanCopy implements [NotesFace].
func (Entities) CanCopy(*NotesExchange, string) bool { return true }

// Accepted implements [NotesFace]. Location is the source. The operation is under
// beta in every version, as the documentation shows it.
func (Entities) Accepted(x *NotesExchange, op *notes.Operation) {
	h := x.W.Header()
	h.Set("Location", x.URL(op.Collection, op.SourceID))
	x.Version = "beta"
	h.Set("Operation-Location", x.URL("operations", op.ID))
	x.W.WriteHeader(http.StatusAccepted)
}
