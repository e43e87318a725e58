// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// maxExpand is how deep entities are expanded. Parents and children lead to each
// other without an end.
const maxExpand = 8

// expander adds what the option expand names to an entity. at is the path of the
// entity for contexts.
type expander struct {
	*NotesExchange
	at    string
	query odata.Query
	depth int
}

// expanding begins with the options of the request.
func (x *NotesExchange) expanding(at string) expander {
	return expander{NotesExchange: x, at: at, query: x.Query}
}

// notebook makes a notebook with what is expanded.
func (e expander) notebook(n *notes.Notebook) wire.Object {
	return e.each(e.notebookObject(n), func(o wire.Object, name string, inner expander) wire.Object {
		return inner.children(o, name, n.Container)
	})
}

func (e expander) group(g *notes.SectionGroup) wire.Object {
	return e.each(e.groupObject(g), func(o wire.Object, name string, inner expander) wire.Object {
		return inner.parents(inner.children(o, name, g.Container), name, g.Notebook, g.Parent)
	})
}

func (e expander) section(s *notes.Section) wire.Object {
	return e.each(e.sectionObject(s), func(o wire.Object, name string, inner expander) wire.Object {
		return inner.parents(o, name, s.Notebook, s.Parent)
	})
}

func (e expander) page(p *notes.Page) wire.Object {
	return e.each(e.pageObject(p), func(o wire.Object, name string, inner expander) wire.Object {
		if name == "parentsection" {
			return inner.put(o, "parentSection", inner.section(p.Section))
		}
		return inner.parents(o, name, p.Section.Notebook, nil)
	})
}

// each calls add for each name in the option expand, with an expander for what
// that leads to.
func (e expander) each(o wire.Object, add func(o wire.Object, name string, inner expander) wire.Object) wire.Object {
	if e.depth == maxExpand {
		return o
	}
	for _, expansion := range e.query.Expansions() {
		inner := e
		inner.depth++
		inner.query = expansion.Options
		if expansion.Options.Has("levels") && !expansion.Options.Has("expand") {
			inner.query = inner.query.With("expand", e.query.Get("expand")) // levels=max repeats the outer one
		}
		o = add(o, strings.ToLower(expansion.Name), inner)
	}
	return o
}

// children adds sections or section groups.
func (e expander) children(o wire.Object, name string, c notes.Container) wire.Object {
	switch name {
	case "sections":
		e.at += "/sections"
		return append(o, wire.Member{"sections@odata.context", e.context(e.at)},
			wire.Member{"sections", mapList(c.Sections, func(s *notes.Section) wire.Object {
				inner := e
				inner.at += odata.Key(s.ID)
				return e.query.Selected(withoutParents(inner.section(s), e.query))
			})})
	case "sectiongroups":
		e.at += "/sectionGroups"
		return append(o, wire.Member{"sectionGroups@odata.context", e.context(e.at)},
			wire.Member{"sectionGroups", mapList(c.Groups, func(g *notes.SectionGroup) wire.Object {
				inner := e
				inner.at += odata.Key(g.ID)
				return e.query.Selected(withoutParents(inner.group(g), e.query))
			})})
	}
	return o
}

// parents replaces the short form of a parent by its whole form.
func (e expander) parents(o wire.Object, name string, n *notes.Notebook, g *notes.SectionGroup) wire.Object {
	switch {
	case name == "parentnotebook":
		return e.put(o, "parentNotebook", e.notebook(n))
	case name == "parentsectiongroup" && g != nil:
		return e.put(o, "parentSectionGroup", e.group(g))
	}
	return o
}

// put sets a member to an entity, with its context.
func (e expander) put(o wire.Object, name string, value wire.Object) wire.Object {
	kept := without(o, name)
	return append(kept, wire.Member{name + "@odata.context", e.context(e.at + "/" + name + "/$entity")},
		wire.Member{name, e.query.Selected(value)})
}

// without returns an object without a member and its context.
func without(o wire.Object, name string) wire.Object {
	var kept wire.Object
	for _, m := range o {
		if head, _, _ := strings.Cut(m.Name, "@"); head != name {
			kept = append(kept, m)
		}
	}
	return kept
}

// withoutParents returns a child of what it is expanded in. It does not show its
// parents again, unless the client wants that.
func withoutParents(o wire.Object, query odata.Query) wire.Object {
	for _, name := range []string{"parentNotebook", "parentSectionGroup"} {
		wanted := strings.Contains(strings.ToLower(query.Get("expand")), strings.ToLower(name))
		if !wanted {
			o = without(o, name)
		}
	}
	return o
}

func mapList[T any](list []*T, of func(*T) wire.Object) []wire.Object {
	objects := make([]wire.Object, 0, len(list))
	for _, item := range list {
		objects = append(objects, of(item))
	}
	return objects
}
