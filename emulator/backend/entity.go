// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// FormatTime writes a time as the service does: up to milliseconds, without
// trailing zeros.
func FormatTime(t time.Time) string { return t.Format("2006-01-02T15:04:05.999Z") }

// Entities makes the JSON of entities. It has the members that all APIs have in
// common, with the names that the face's traits give. A face embeds it, and has a
// method of its own for an entity that its API writes in another way.
type Entities struct{}

// Notebook implements [NotesFace].
func (Entities) Notebook(x *NotesExchange, n *notes.Notebook) wire.Object {
	return append(x.stamp("notebooks", n.Stamp), wire.Object{
		{"isDefault", n.IsDefault},
		{"userRole", "Owner"},
		{"isShared", x.IsShared()},
		{"sectionsUrl", x.URL("notebooks", n.ID, "sections")},
		{"sectionGroupsUrl", x.URL("notebooks", n.ID, "sectionGroups")},
		{"links", x.Links(n.Name, n.ID)},
	}...)
}

// IsShared reports whether the notes belong to several people.
func (x *NotesExchange) IsShared() bool { return x.Library.Owner.Shared != "" }

// RecentNotebook implements [NotesFace].
func (Entities) RecentNotebook(x *NotesExchange, n *notes.Notebook) wire.Object {
	return wire.Object{
		{x.Traits.Name, n.Name},
		{"lastAccessedTime", FormatTime(n.Modified)},
		{"links", x.Links(n.Name, n.ID)},
		{"sourceService", x.SourceService()},
	}
}

// SectionGroup implements [NotesFace].
func (Entities) SectionGroup(x *NotesExchange, g *notes.SectionGroup) wire.Object {
	o := append(x.stamp("sectionGroups", g.Stamp), wire.Object{
		{"sectionsUrl", x.URL("sectionGroups", g.ID, "sections")},
		{"sectionGroupsUrl", x.URL("sectionGroups", g.ID, "sectionGroups")},
	}...)
	return append(o, x.Parents("sectionGroups", g.ID, g.Notebook, g.Parent)...)
}

// Section implements [NotesFace].
func (Entities) Section(x *NotesExchange, s *notes.Section) wire.Object {
	o := append(x.stamp("sections", s.Stamp), wire.Object{
		{"isDefault", s.IsDefault},
		{"pagesUrl", x.URL("sections", s.ID, "pages")},
	}...)
	return append(o, x.Parents("sections", s.ID, s.Notebook, s.Parent)...)
}

// Page implements [NotesFace].
func (Entities) Page(x *NotesExchange, p *notes.Page) wire.Object {
	o := wire.Object{
		{"title", p.Title},
		{"createdByAppId", "WLID-0000000048219837"},
		{"links", x.Links(p.Title, p.ID)},
		{"contentUrl", x.URL("pages", p.ID, "content")},
		{x.notesTraits.Modified, FormatTime(p.Modified)},
		{"id", p.ID},
		{"self", x.URL("pages", p.ID)},
		{x.notesTraits.Created, FormatTime(p.Created)},
	}
	if x.Query.Is("pagelevel") {
		o = append(o, wire.Member{"level", p.Level}, wire.Member{"order", p.Order})
	}
	return append(o, x.ParentSection(p)...)
}

// NoRoute implements [odata.Face].
func (Entities) NoRoute(x *odata.Exchange, _ int) { x.NotFound() }

// TooLarge implements [odata.Face].
func (Entities) TooLarge(x *odata.Exchange) { x.TooLong() }

// FromWebURL implements [NotesFace].
func (Entities) FromWebURL(x *NotesExchange, n *notes.Notebook) {
	x.entity(http.StatusOK, "notebooks", x.notebookObject(n))
}

// stamp makes the members that notebooks, section groups and sections have in
// common.
func (x *NotesExchange) stamp(collection string, s notes.Stamp) wire.Object {
	o := wire.Object{
		{"id", s.ID},
		{"self", x.URL(collection, s.ID)},
		{x.notesTraits.Created, FormatTime(s.Created)},
		{x.Traits.Name, s.Name},
	}
	o = append(o, x.face.Authorship(x)...)
	return append(o, wire.Member{x.notesTraits.Modified, FormatTime(s.Modified)})
}

func (x *NotesExchange) notebookObject(n *notes.Notebook) wire.Object { return x.face.Notebook(x, n) }

func (x *NotesExchange) recentObject(n *notes.Notebook) wire.Object {
	return x.face.RecentNotebook(x, n)
}

func (x *NotesExchange) groupObject(g *notes.SectionGroup) wire.Object {
	return x.face.SectionGroup(x, g)
}

func (x *NotesExchange) sectionObject(s *notes.Section) wire.Object { return x.face.Section(x, s) }

// list responds with a list of notebooks, section groups or sections.
func (x *NotesExchange) list(context string, items []wire.Object) {
	if x.Traits.ByName {
		slices.SortStableFunc(items, func(a, b wire.Object) int {
			return strings.Compare(strings.ToLower(a.Text(x.Traits.Name)), strings.ToLower(b.Text(x.Traits.Name)))
		})
	}
	x.List(context, items, odata.Everything)
}

func (x *NotesExchange) pageObject(p *notes.Page) wire.Object { return x.face.Page(x, p) }

// Identity returns the author of an entity.
func (x *NotesExchange) Identity() wire.Object {
	return wire.Object{{"user", wire.Object{{"id", x.Library.Author.ID}, {"displayName", x.Library.Author.Name}}}}
}

// SourceService names the service that stores the notes.
func (x *NotesExchange) SourceService() string {
	if x.Library.Owner.InSharePoint() {
		return "OneDriveForBusiness"
	}
	return "OneDrive"
}

// Links returns addresses of the OneNote apps.
func (x *NotesExchange) Links(name, id string) wire.Object {
	if x.Library.Owner.InSharePoint() {
		address := x.sharePointFolder() + url.PathEscape(name)
		return wire.Object{
			{"oneNoteClientUrl", wire.Object{{"href", "onenote:" + address}}},
			{"oneNoteWebUrl", wire.Object{{"href", address}}},
		}
	}
	cid := strings.ToLower(x.Library.Author.ID)
	return wire.Object{
		{"oneNoteClientUrl", wire.Object{{"href", "onenote:https://d.docs.live.net/" + cid + "/Documents/" + url.PathEscape(name)}}},
		{"oneNoteWebUrl", wire.Object{{"href", "https://onedrive.live.com/redir.aspx?cid=" + cid + "&page=edit&resid=" + url.QueryEscape(id)}}},
	}
}

// sharePointFolder is the address of the folder that has the owner's notebooks.
func (x *NotesExchange) sharePointFolder() string {
	o := x.Library.Owner
	if o.Shared == "" {
		person := strings.NewReplacer("@", "_", ".", "_").Replace(o.Account.UserPrincipalName())
		tenant, _, _ := strings.Cut(notes.DefaultHost, ".")
		return "https://" + tenant + "-my.sharepoint.com/personal/" + person + "/Documents/Notebooks/"
	}
	kind, id, _ := strings.Cut(o.Shared, "/")
	return "https://" + x.Library.Host + "/sites/" + kind[:len(kind)-1] + "-" + mint.Hex(8, "site", id) + "/SiteAssets/"
}

// Parents returns the members about the notebook and the section group that an
// entity is in.
func (x *NotesExchange) Parents(collection, id string, n *notes.Notebook, g *notes.SectionGroup) wire.Object {
	at := collection + odata.Key(id)
	o := wire.Object{
		x.parentContext(at, "parentNotebook"),
		{"parentNotebook", x.shortForm("notebooks", n.Stamp)},
		x.parentContext(at, "parentSectionGroup"),
	}
	if g == nil {
		return append(o, wire.Member{"parentSectionGroup", nil})
	}
	return append(o, wire.Member{"parentSectionGroup", x.shortForm("sectionGroups", g.Stamp)})
}

// ParentSection returns the members about the section that a page is in.
func (x *NotesExchange) ParentSection(p *notes.Page) wire.Object {
	return wire.Object{
		x.parentContext("pages"+odata.Key(p.ID), "parentSection"),
		{"parentSection", x.shortForm("sections", p.Section.Stamp)},
	}
}

// parentContext is the context of a parent in its short form.
func (x *NotesExchange) parentContext(at, parent string) wire.Member {
	properties := ""
	if x.notesTraits.ShortParents {
		properties = "(id," + x.Traits.Name + ",self)"
	}
	return wire.Member{parent + "@odata.context", x.context(at + "/" + parent + properties + "/$entity")}
}

// shortForm is the form of an entity in which others refer to it.
func (x *NotesExchange) shortForm(collection string, s notes.Stamp) wire.Object {
	return wire.Object{{"id", s.ID}, {x.Traits.Name, s.Name}, {"self", x.URL(collection, s.ID)}}
}

// entity responds with one entity.
func (x *NotesExchange) entity(status int, collection string, o wire.Object) {
	context := x.SelectedContext(x.context(collection + "/$entity"))
	x.Write(status, append(wire.Object{{"@odata.context", context}}, x.Selected(o)...))
}
