// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// serveSections serves sections and what is below them.
func (x *NotesExchange) serveSections() {
	if len(x.Segments) == 1 {
		if x.Allow(http.MethodGet) {
			x.list(x.context("sections"), mapList(x.Library.AllSections(), x.expandedSection("")))
		}
		return
	}
	s := x.Library.Section(x.ID(1))
	if s == nil {
		x.NotFound()
		return
	}
	switch x.Segment(2) {
	case "":
		x.serveSection(s)
	case "pages":
		x.servePagesOf(s)
	case "copytonotebook", "copytosectiongroup":
		x.copySection(s)
	default:
		x.NoRoute(2)
	}
}

func (x *NotesExchange) serveSection(s *notes.Section) {
	methods := []string{http.MethodGet}
	if x.notesTraits.Renames {
		methods = append(methods, http.MethodPatch)
	}
	if !x.Allow(methods...) {
		return
	}
	if x.R.Method == http.MethodPatch {
		name, ok := x.newName(50, func(name string) bool {
			return notes.Find(notes.ContainerOf(s.Notebook, s.Parent).Sections, func(o *notes.Section) bool { return o != s && strings.EqualFold(o.Name, name) }) != nil
		})
		if !ok {
			return
		}
		s.Name, s.Modified = name, x.Now()
		x.W.WriteHeader(http.StatusNoContent)
		return
	}
	x.entity(http.StatusOK, "sections", x.expandedSection("")(s))
}

// expandedSection returns the function that makes the sections in a list. in is
// the path before the list, with a slash at its end.
func (x *NotesExchange) expandedSection(in string) func(*notes.Section) wire.Object {
	return func(s *notes.Section) wire.Object { return x.expanding(in + "sections" + odata.Key(s.ID)).section(s) }
}

// serveSectionsOf serves the sections of a notebook or a group.
func (x *NotesExchange) serveSectionsOf(at string, n *notes.Notebook, g *notes.SectionGroup) {
	if !x.Allow(http.MethodGet, http.MethodPost) {
		return
	}
	in := notes.ContainerOf(n, g)
	if x.IsRead() {
		x.list(x.context(at+"/sections"), mapList(in.Sections, x.expandedSection(at+"/")))
		return
	}
	name, ok := x.newName(50, func(name string) bool {
		return notes.Find(in.Sections, func(s *notes.Section) bool { return strings.EqualFold(s.Name, name) }) != nil
	})
	if ok {
		x.created("sections", at+"/sections", x.sectionObject(x.Library.AddSection(n, g, name, x.Now())))
	}
}
