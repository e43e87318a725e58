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

// serveGroups serves sectionGroups and what is below them.
func (x *NotesExchange) serveGroups() {
	if len(x.Segments) == 1 {
		if x.Allow(http.MethodGet) {
			x.list(x.context("sectionGroups"), mapList(x.Library.AllGroups(), x.expandedGroup("")))
		}
		return
	}
	g := x.Library.Group(x.ID(1))
	if g == nil {
		x.NotFound()
		return
	}
	if len(x.Segments) > 3 {
		x.NoRoute(3)
		return
	}
	at := "sectionGroups" + odata.Key(g.ID)
	switch x.Segment(2) {
	case "":
		if x.Allow(http.MethodGet) {
			x.entity(http.StatusOK, "sectionGroups", x.expandedGroup("")(g))
		}
	case "sections":
		x.serveSectionsOf(at, g.Notebook, g)
	case "sectiongroups":
		x.serveGroupsOf(at, g.Notebook, g)
	default:
		x.NoRoute(2)
	}
}

// expandedGroup returns the function that makes the section groups in a list, as
// expandedSection does for sections.
func (x *NotesExchange) expandedGroup(in string) func(*notes.SectionGroup) wire.Object {
	return func(g *notes.SectionGroup) wire.Object {
		return x.expanding(in + "sectionGroups" + odata.Key(g.ID)).group(g)
	}
}

// serveGroupsOf serves the section groups of a notebook or a group.
func (x *NotesExchange) serveGroupsOf(at string, n *notes.Notebook, g *notes.SectionGroup) {
	if !x.Allow(http.MethodGet, http.MethodPost) {
		return
	}
	in := notes.ContainerOf(n, g)
	if x.IsRead() {
		x.list(x.context(at+"/sectionGroups"), mapList(in.Groups, x.expandedGroup(at+"/")))
		return
	}
	name, ok := x.newName(50, func(name string) bool {
		return notes.Find(in.Groups, func(g *notes.SectionGroup) bool { return strings.EqualFold(g.Name, name) }) != nil
	})
	if ok {
		x.created("sectionGroups", at+"/sectionGroups", x.groupObject(x.Library.AddGroup(n, g, name, x.Now())))
	}
}
