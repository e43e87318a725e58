// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package backend is the OneNote service behind its APIs: it routes requests for
// notebooks, sections, pages, resources and operations to the notes, and writes
// lists, page content and addresses. An API is a [NotesFace] in a package of its
// own, which also serves what only that API has.
package backend

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// Backend is the service that all faces share.
type Backend struct {
	odata.Server
	Store *notes.Store
}

// NotesTraits are the constants of a face.
type NotesTraits struct {
	// RootWord is the last segment of a root: notes or onenote.
	RootWord string
	// ShortRoot is set if Microsoft accounts can use addresses without a root.
	ShortRoot bool
	// RecentType and PreviewType are the names of types in contexts.
	RecentType, PreviewType string
	// ShortParents is set if the contexts of parents name their properties.
	ShortParents bool
	// BareCreated is set if the response to a request for something new has no
	// parents, and the collection that it was posted to in its context.
	BareCreated bool
	// Created and Modified are the members with the times of an entity.
	Created, Modified string
	// Renames is set if PATCH renames a section.
	Renames bool
	// PublicPictures is set if preAuthenticated=true makes pictures public.
	PublicPictures bool
}

// NotesFace is what distinguishes an API for notes from the others: the names in
// its JSON, its errors and its traits. Most of it is [Entities].
type NotesFace interface {
	odata.Face
	NotesTraits() NotesTraits
	// NewName reads the name in the body of a request for something new.
	NewName(body []byte) (string, error)
	// Authorship makes the members about the author of an entity.
	Authorship(x *NotesExchange) wire.Object
	// Root makes the root of the segments that name an owner, without the root
	// word. It responds itself if it reports false.
	Root(x *NotesExchange, segments []string) (Root, bool)
	// CanCopy reports whether an entity can be copied. It responds if not.
	CanCopy(x *NotesExchange, id string) bool
	// RootOf returns the root of the notes of a group or a site.
	RootOf(l *notes.Library) string
	// Accepted responds to a request for a copy.
	Accepted(x *NotesExchange, op *notes.Operation)
	// Operation makes the JSON of an operation.
	Operation(x *NotesExchange, op *notes.Operation) wire.Object
	// FromWebURL responds with a notebook that was found by its address in the web.
	FromWebURL(x *NotesExchange, n *notes.Notebook)
	// The other methods make the JSON of an entity.
	Notebook(x *NotesExchange, n *notes.Notebook) wire.Object
	RecentNotebook(x *NotesExchange, n *notes.Notebook) wire.Object
	SectionGroup(x *NotesExchange, g *notes.SectionGroup) wire.Object
	Section(x *NotesExchange, s *notes.Section) wire.Object
	Page(x *NotesExchange, p *notes.Page) wire.Object
}

// NotesExchange is one request for notes, and its response.
type NotesExchange struct {
	*odata.Exchange
	store       *notes.Store
	face        NotesFace
	notesTraits NotesTraits
	root        Root
	Library     *notes.Library
}

// ServeNotes serves an authorized request for notes.
func (b *Backend) ServeNotes(ox *odata.Exchange, face NotesFace) {
	x := &NotesExchange{Exchange: ox, store: b.Store, face: face, notesTraits: face.NotesTraits()}
	if !x.cutRoot() {
		return
	}
	if x.root.short() && !x.ofMicrosoftAccount() {
		x.Fail(http.StatusBadRequest, "20150", "The request isn't valid for this authentication type. Use the ../me/notes/ path instead.")
		return
	}
	x.Library = x.store.LibraryOf(x.root.Owner)
	x.route()
}

// ofMicrosoftAccount reports whether the token is of a Microsoft account.
func (x *NotesExchange) ofMicrosoftAccount() bool {
	p := x.Token.Grant.Provider
	return p == grant.Live || p == grant.AnyProvider
}

// route serves the paths below the root.
func (x *NotesExchange) route() {
	switch x.Segment(0) {
	case "notebooks":
		x.serveNotebooks()
	case "sectiongroups":
		x.serveGroups()
	case "sections":
		x.serveSections()
	case "pages":
		x.servePages()
	case "resources":
		x.serveResource()
	case "operations":
		x.serveOperation()
	default:
		x.NoRoute(0)
	}
}
