// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"net/http"
	"slices"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// servePages serves pages and what is below them.
func (x *NotesExchange) servePages() {
	if len(x.Segments) == 1 {
		x.servePageList()
		return
	}
	p := x.Library.Page(x.ID(1))
	if p == nil {
		x.NotFound()
		return
	}
	if !x.mayUse(p) {
		return
	}
	switch x.Segment(2) {
	case "":
		x.servePage(p)
	case "content":
		x.servePageContent(p)
	case "$value":
		if x.Allow(http.MethodGet) {
			x.writePageContent(p)
		}
	case "preview":
		if x.Allow(http.MethodGet) {
			x.writePreview(p)
		}
	case "copytosection":
		x.copyPage(p)
	default:
		x.NoRoute(2)
	}
}

// servePageList serves the pages of all sections.
func (x *NotesExchange) servePageList() {
	if !x.Allow(http.MethodGet, http.MethodPost) {
		return
	}
	if x.R.Method == http.MethodPost {
		x.createPage(x.Library.DefaultSection(x.Query.Get("sectionname"), x.Now()), "pages")
		return
	}
	if x.Query.Is("pagelevel") {
		x.Fail(http.StatusBadRequest, "20104", "The pagelevel query option is supported only when querying for the pages collection in a section or for a specific page.")
		return
	}
	x.listPages("pages", x.Library.AllPages())
}

// servePagesOf serves the pages of a section.
func (x *NotesExchange) servePagesOf(s *notes.Section) {
	if len(x.Segments) > 3 {
		x.NoRoute(3)
		return
	}
	at := "sections" + odata.Key(s.ID) + "/pages"
	if !x.Allow(http.MethodGet, http.MethodPost) {
		return
	}
	if x.R.Method == http.MethodPost {
		x.createPage(s, at)
		return
	}
	x.listPages(at, slices.Clone(s.Pages))
}

// listPages responds with pages, the most recently changed first.
// at is the path of the list.
func (x *NotesExchange) listPages(at string, pages []*notes.Page) {
	slices.SortStableFunc(pages, func(a, b *notes.Page) int { return b.Modified.Compare(a.Modified) })
	x.List(x.context(at), mapList(pages, x.expandedPage), odata.DefaultTop)
}

func (x *NotesExchange) servePage(p *notes.Page) {
	if !x.Allow(http.MethodGet, http.MethodDelete) {
		return
	}
	if x.R.Method == http.MethodDelete {
		p.Section.Pages = slices.DeleteFunc(p.Section.Pages, func(o *notes.Page) bool { return o == p })
		x.W.WriteHeader(http.StatusNoContent)
		return
	}
	x.entity(http.StatusOK, "pages", x.expandedPage(p))
}

// expandedPage makes a page with what is expanded.
func (x *NotesExchange) expandedPage(p *notes.Page) wire.Object {
	return x.expanding("pages" + odata.Key(p.ID)).page(p)
}

func (x *NotesExchange) servePageContent(p *notes.Page) {
	if !x.Allow(http.MethodGet, http.MethodPatch) {
		return
	}
	if x.R.Method == http.MethodPatch {
		x.patchPage(p)
		return
	}
	x.writePageContent(p)
}
