// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// The members have the order of Graph's responses.

// begin makes the members with which every entity begins.
func begin(x *backend.NotesExchange, collection string, s notes.Stamp) wire.Object {
	return wire.Object{
		{"id", s.ID},
		{"self", x.URL(collection, s.ID)},
		{"createdDateTime", backend.FormatTime(s.Created)},
		{"displayName", s.Name},
		{"lastModifiedDateTime", backend.FormatTime(s.Modified)},
	}
}

// Notebook implements [backend.NotesFace].
func (f face) Notebook(x *backend.NotesExchange, n *notes.Notebook) wire.Object {
	o := append(begin(x, "notebooks", n.Stamp), wire.Object{
		{"isDefault", n.IsDefault},
		{"userRole", "Owner"},
		{"isShared", x.IsShared()},
		{"sectionsUrl", x.URL("notebooks", n.ID, "sections")},
		{"sectionGroupsUrl", x.URL("notebooks", n.ID, "sectionGroups")},
	}...)
	o = append(o, f.Authorship(x)...)
	return append(o, wire.Member{"links", x.Links(n.Name, n.ID)})
}

// RecentNotebook implements [backend.NotesFace].
func (face) RecentNotebook(x *backend.NotesExchange, n *notes.Notebook) wire.Object {
	return wire.Object{
		{"displayName", n.Name},
		{"lastAccessedTime", backend.FormatTime(n.Modified)},
		{"sourceService", x.SourceService()},
		{"links", x.Links(n.Name, n.ID)},
	}
}

// FromWebURL implements [backend.NotesFace]. The type of this response alone has
// the names of the old API.
func (face) FromWebURL(x *backend.NotesExchange, n *notes.Notebook) {
	author := x.Library.Author.Name
	x.Write(http.StatusOK, wire.Object{
		{"@odata.context", x.Base() + "$metadata#microsoft.graph.CopyNotebookModel"},
		{"isDefault", n.IsDefault},
		{"userRole", "Owner"},
		{"isShared", x.IsShared()},
		{"sectionsUrl", x.URL("notebooks", n.ID, "sections")},
		{"sectionGroupsUrl", x.URL("notebooks", n.ID, "sectionGroups")},
		{"links", x.Links(n.Name, n.ID)},
		{"name", n.Name},
		{"createdBy", author},
		{"createdByIdentity", x.Identity()},
		{"lastModifiedBy", author},
		{"lastModifiedByIdentity", x.Identity()},
		{"lastModifiedTime", backend.FormatTime(n.Modified)},
		{"id", n.ID},
		{"self", x.URL("notebooks", n.ID)},
		{"createdTime", backend.FormatTime(n.Created)},
	})
}

// SectionGroup implements [backend.NotesFace].
func (f face) SectionGroup(x *backend.NotesExchange, g *notes.SectionGroup) wire.Object {
	o := append(begin(x, "sectionGroups", g.Stamp), wire.Object{
		{"sectionsUrl", x.URL("sectionGroups", g.ID, "sections")},
		{"sectionGroupsUrl", x.URL("sectionGroups", g.ID, "sectionGroups")},
	}...)
	o = append(o, f.Authorship(x)...)
	return append(o, x.Parents("sectionGroups", g.ID, g.Notebook, g.Parent)...)
}

// Section implements [backend.NotesFace]. Those in SharePoint have links.
func (f face) Section(x *backend.NotesExchange, s *notes.Section) wire.Object {
	o := append(begin(x, "sections", s.Stamp), wire.Object{
		{"isDefault", s.IsDefault},
		{"pagesUrl", x.URL("sections", s.ID, "pages")},
	}...)
	o = append(o, f.Authorship(x)...)
	if x.Library.Owner.InSharePoint() {
		o = append(o, wire.Member{"links", x.Links(s.Notebook.Name, s.ID)})
	}
	return append(o, x.Parents("sections", s.ID, s.Notebook, s.Parent)...)
}

// Page implements [backend.NotesFace].
func (face) Page(x *backend.NotesExchange, p *notes.Page) wire.Object {
	o := wire.Object{
		{"id", p.ID},
		{"self", x.URL("pages", p.ID)},
		{"createdDateTime", backend.FormatTime(p.Created)},
		{"title", p.Title},
		{"createdByAppId", createdBy(p)},
		{"contentUrl", x.URL("pages", p.ID, "content")},
		{"lastModifiedDateTime", backend.FormatTime(p.Modified)},
		{"links", x.Links(p.Title, p.ID)},
	}
	if x.Query.Is("pagelevel") {
		o = append(o, wire.Member{"level", p.Level}, wire.Member{"order", p.Order})
	}
	return append(o, x.ParentSection(p)...)
}

// createdBy is the mark of an app. What a person wrote by hand has none.
func createdBy(p *notes.Page) string {
	if p.MadeBy == "" {
		return ""
	}
	return "WLID-0000000048219837"
}
