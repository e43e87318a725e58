// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package notes holds notebooks, sections and pages, and what can be done with
// them: importing and changing HTML, copying, publishing pictures. It knows
// nothing of the APIs that show them, except the codes of errors.
package notes

import (
	"fmt"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
)

// Library is everything that belongs to one owner. Ids contain a number of the
// owner, so they are unique.
type Library struct {
	Owner      Owner
	Host       string // of its SharePoint site
	Author     Author
	Notebooks  []*Notebook
	Resources  map[string]*Resource
	Operations map[string]*Operation
	serial     int
}

// Author is the person who is shown as the author of everything.
type Author struct {
	ID   string
	Name string
}

// Container holds sections and section groups. Notebooks and section groups are
// containers.
type Container struct {
	Sections []*Section
	Groups   []*SectionGroup
}

// Stamp is what notebooks, section groups and sections have in common.
type Stamp struct {
	ID        string
	Name      string
	Created   time.Time
	Modified  time.Time
	IsDefault bool
}

// Notebook is a notebook.
type Notebook struct {
	Stamp
	Container
}

// SectionGroup is a group of sections, in a notebook or in another group.
type SectionGroup struct {
	Stamp
	Container
	Notebook *Notebook
	Parent   *SectionGroup // nil at the notebook's top
}

// Section is a section, in a notebook or in a group.
type Section struct {
	Stamp
	Notebook *Notebook
	Parent   *SectionGroup // nil at the notebook's top
	Pages    []*Page
}

func newLibrary(o Owner) *Library {
	l := &Library{Owner: o, Resources: make(map[string]*Resource), Operations: make(map[string]*Operation), serial: 100}
	l.Author = Author{ID: o.Account.ID(), Name: o.Account.DisplayName()}
	if o.Shared != "" {
		l.Author = Author{ID: mint.GUID("author", o.Shared), Name: "Megan Bowen"}
	}
	return l
}

// next returns the number of a new id.
func (l *Library) next() int {
	l.serial++
	return l.serial
}

// newID makes the id of a notebook, section or section group. On OneDrive it
// contains the number of the owner, in SharePoint it is a GUID. What belongs to a
// work account, a group or a site is in SharePoint.
func (l *Library) newID() string {
	n := l.next()
	if o := l.Owner; o.InSharePoint() {
		return "1-" + mint.GUID("id", o.key(), fmt.Sprint(n))
	}
	return fmt.Sprintf("0-%s!%d", l.Owner.Account.CID(), n)
}

// newResourceID makes the id of a picture or an attachment.
func (l *Library) newResourceID() string {
	n := l.next()
	if o := l.Owner; o.InSharePoint() {
		return fmt.Sprintf("1-%s!1-%s", mint.Hex(32, "resource", o.key(), fmt.Sprint(n)), mint.GUID("store", o.key()))
	}
	cid := l.Owner.Account.CID()
	return fmt.Sprintf("0-%s!1-%s!%d", mint.Hex(32, "resource", cid, fmt.Sprint(n)), cid, n)
}

// newPageID makes the id of a page. It contains the id of the section.
func (l *Library) newPageID(s *Section) string {
	n := l.next()
	_, inSection, _ := strings.Cut(s.ID, "-")
	return fmt.Sprintf("%s-%s!%d-%s", s.ID[:1], mint.Hex(32, "page", s.ID, fmt.Sprint(n)), n, inSection)
}

func (l *Library) newStamp(name string, now time.Time) Stamp {
	return Stamp{ID: l.newID(), Name: name, Created: now, Modified: now}
}

// AddNotebook adds a notebook.
func (l *Library) AddNotebook(name string, now time.Time) *Notebook {
	n := &Notebook{Stamp: l.newStamp(name, now)}
	l.Notebooks = append(l.Notebooks, n)
	return n
}

// AddSection adds a section to a section group of a notebook, or to the notebook
// if g is nil.
func (l *Library) AddSection(n *Notebook, g *SectionGroup, name string, now time.Time) *Section {
	s := &Section{Stamp: l.newStamp(name, now), Notebook: n, Parent: g}
	c := ContainerOf(n, g)
	c.Sections = append(c.Sections, s)
	return s
}

// AddGroup adds a section group, as AddSection adds a section.
func (l *Library) AddGroup(n *Notebook, g *SectionGroup, name string, now time.Time) *SectionGroup {
	added := &SectionGroup{Stamp: l.newStamp(name, now), Notebook: n, Parent: g}
	c := ContainerOf(n, g)
	c.Groups = append(c.Groups, added)
	return added
}

// ContainerOf returns the container that is g or, if g is nil, n.
func ContainerOf(n *Notebook, g *SectionGroup) *Container {
	if g != nil {
		return &g.Container
	}
	return &n.Container
}

// walk visits everything in a container.
func (c *Container) walk(onSection func(*Section), onGroup func(*SectionGroup)) {
	for _, s := range c.Sections {
		onSection(s)
	}
	for _, g := range c.Groups {
		onGroup(g)
		g.walk(onSection, onGroup)
	}
}

// AllSections returns the sections of all notebooks.
func (l *Library) AllSections() []*Section {
	var all []*Section
	for _, n := range l.Notebooks {
		n.walk(func(s *Section) { all = append(all, s) }, func(*SectionGroup) {})
	}
	return all
}

// AllGroups returns the section groups of all notebooks.
func (l *Library) AllGroups() []*SectionGroup {
	var all []*SectionGroup
	for _, n := range l.Notebooks {
		n.walk(func(*Section) {}, func(g *SectionGroup) { all = append(all, g) })
	}
	return all
}

// AllPages returns the pages of all sections.
func (l *Library) AllPages() []*Page {
	var all []*Page
	for _, s := range l.AllSections() {
		all = append(all, s.Pages...)
	}
	return all
}

// Notebook returns the notebook with an id, or nil.
func (l *Library) Notebook(id string) *Notebook {
	return Find(l.Notebooks, func(n *Notebook) bool { return n.ID == id })
}

// Group returns the section group with an id, or nil.
func (l *Library) Group(id string) *SectionGroup {
	return Find(l.AllGroups(), func(g *SectionGroup) bool { return g.ID == id })
}

// Section returns the section with an id, or nil.
func (l *Library) Section(id string) *Section {
	return Find(l.AllSections(), func(s *Section) bool { return s.ID == id })
}

// Page returns the page with an id, or nil.
func (l *Library) Page(id string) *Page {
	return Find(l.AllPages(), func(p *Page) bool { return p.ID == id })
}

// Find returns the first item that matches, or nil.
func Find[T any](list []*T, match func(*T) bool) *T {
	for _, item := range list {
		if match(item) {
			return item
		}
	}
	return nil
}

// DefaultSection returns the section for a page that was posted to none: the one
// with that name in the default notebook. If there is none, it is made.
func (l *Library) DefaultSection(name string, now time.Time) *Section {
	n := l.Notebooks[0]
	if name == "" && len(n.Sections) > 0 {
		return n.Sections[0]
	}
	if name == "" {
		name = "Quick Notes"
	}
	if s := Find(n.Sections, func(s *Section) bool { return strings.EqualFold(s.Name, name) }); s != nil {
		return s
	}
	return l.AddSection(n, nil, name, now)
}
