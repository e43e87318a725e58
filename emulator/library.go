// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// library is everything that one owner has. Ids are unique across owners,
// because the owner's own number stands in them.
type library struct {
	owner      owner
	author     author
	notebooks  []*notebook
	resources  map[string]*resource
	operations map[string]*operation
	serial     int
}

// author is who stands as the creator of things.
type author struct {
	id   string
	name string
}

// container is what holds sections and section groups: a notebook or a
// section group.
type container struct {
	sections []*section
	groups   []*sectionGroup
}

// stamp is what notebooks, section groups and sections have in common.
type stamp struct {
	id        string
	name      string
	created   time.Time
	modified  time.Time
	isDefault bool
}

type notebook struct {
	stamp
	container
}

type sectionGroup struct {
	stamp
	container
	notebook *notebook
	parent   *sectionGroup // nil at the notebook's top
}

type section struct {
	stamp
	notebook *notebook
	parent   *sectionGroup // nil at the notebook's top
	pages    []*notePage
}

// libraryOf returns the library of an owner, which comes into being, with its
// seed, when it is first asked for.
func (e *Emulator) libraryOf(o owner) *library {
	key := string(o.account) + "\x00" + o.shared
	l := e.state.libraries[key]
	if l == nil {
		l = newLibrary(o)
		l.seed()
		e.state.libraries[key] = l
	}
	return l
}

func newLibrary(o owner) *library {
	l := &library{owner: o, resources: make(map[string]*resource), operations: make(map[string]*operation), serial: 100}
	l.author = author{id: o.account.cid(), name: o.account.displayName()}
	if o.shared != "" {
		l.author = author{id: guidOf("author", o.shared), name: "Megan Bowen"}
	}
	return l
}

// next counts the things in the library.
func (l *library) next() int {
	l.serial++
	return l.serial
}

// newID makes the id of a notebook, section or section group: with the
// owner's number on OneDrive, a GUID in SharePoint.
func (l *library) newID() string {
	n := l.next()
	if l.owner.shared != "" {
		return "1-" + guidOf("id", l.owner.shared, fmt.Sprint(n))
	}
	return fmt.Sprintf("0-%s!%d", l.owner.account.cid(), n)
}

// newResourceID makes the id of a picture or an attachment.
func (l *library) newResourceID() string {
	n := l.next()
	if l.owner.shared != "" {
		return fmt.Sprintf("1-%s!1-%s", hexOf(32, "resource", l.owner.shared, fmt.Sprint(n)), guidOf("store", l.owner.shared))
	}
	cid := l.owner.account.cid()
	return fmt.Sprintf("0-%s!1-%s!%d", hexOf(32, "resource", cid, fmt.Sprint(n)), cid, n)
}

// newPageID makes the id of a page, which holds that of its section.
func (l *library) newPageID(s *section) string {
	n := l.next()
	_, inSection, _ := strings.Cut(s.id, "-")
	return fmt.Sprintf("%s-%s!%d-%s", s.id[:1], hexOf(32, "page", s.id, fmt.Sprint(n)), n, inSection)
}

func (l *library) newStamp(name string, now time.Time) stamp {
	return stamp{id: l.newID(), name: name, created: now, modified: now}
}

func (l *library) addNotebook(name string, now time.Time) *notebook {
	n := &notebook{stamp: l.newStamp(name, now)}
	l.notebooks = append(l.notebooks, n)
	return n
}

// addSection adds a section to a notebook, or to a group of it.
func (l *library) addSection(n *notebook, g *sectionGroup, name string, now time.Time) *section {
	s := &section{stamp: l.newStamp(name, now), notebook: n, parent: g}
	c := containerOf(n, g)
	c.sections = append(c.sections, s)
	return s
}

func (l *library) addGroup(n *notebook, g *sectionGroup, name string, now time.Time) *sectionGroup {
	added := &sectionGroup{stamp: l.newStamp(name, now), notebook: n, parent: g}
	c := containerOf(n, g)
	c.groups = append(c.groups, added)
	return added
}

func containerOf(n *notebook, g *sectionGroup) *container {
	if g != nil {
		return &g.container
	}
	return &n.container
}

// walk visits a container's sections and groups, and theirs.
func (c *container) walk(onSection func(*section), onGroup func(*sectionGroup)) {
	for _, s := range c.sections {
		onSection(s)
	}
	for _, g := range c.groups {
		onGroup(g)
		g.walk(onSection, onGroup)
	}
}

func (l *library) allSections() []*section {
	var all []*section
	for _, n := range l.notebooks {
		n.walk(func(s *section) { all = append(all, s) }, func(*sectionGroup) {})
	}
	return all
}

func (l *library) allGroups() []*sectionGroup {
	var all []*sectionGroup
	for _, n := range l.notebooks {
		n.walk(func(*section) {}, func(g *sectionGroup) { all = append(all, g) })
	}
	return all
}

func (l *library) allPages() []*notePage {
	var all []*notePage
	for _, s := range l.allSections() {
		all = append(all, s.pages...)
	}
	return all
}

func (l *library) notebook(id string) *notebook {
	return find(l.notebooks, func(n *notebook) bool { return n.id == id })
}

func (l *library) group(id string) *sectionGroup {
	return find(l.allGroups(), func(g *sectionGroup) bool { return g.id == id })
}

func (l *library) section(id string) *section {
	return find(l.allSections(), func(s *section) bool { return s.id == id })
}

func (l *library) page(id string) *notePage {
	return find(l.allPages(), func(p *notePage) bool { return p.id == id })
}

// find returns the first that matches, or nil.
func find[T any](list []*T, match func(*T) bool) *T {
	for _, item := range list {
		if match(item) {
			return item
		}
	}
	return nil
}

// defaultSection is where a page goes that is posted to no section: the one of
// that name in the default notebook, which is made if need be.
func (l *library) defaultSection(name string, now time.Time) *section {
	n := l.notebooks[0]
	if name == "" {
		return n.sections[0]
	}
	if s := find(n.sections, func(s *section) bool { return strings.EqualFold(s.name, name) }); s != nil {
		return s
	}
	return l.addSection(n, nil, name, now)
}

// checkName checks the name of something new. It returns the status, code and
// message of the error, or 0.
func checkName(name string, limit int, taken bool) (int, string, string) {
	switch {
	case strings.TrimSpace(name) == "":
		return http.StatusBadRequest, "20152", "There is no name value specified for the entity. The name must be defined, and it cannot contain whitespaces only."
	case strings.HasPrefix(name, " "):
		return http.StatusBadRequest, "20154", "The entity name cannot start with a space."
	case len([]rune(name)) > limit:
		return http.StatusBadRequest, "20155", fmt.Sprintf("The entity name is too long. The limit is %d characters.", limit)
	case strings.ContainsAny(name, `?*\/:<>|&#"%~`+"`"):
		return http.StatusBadRequest, "20153", "The entity name contains invalid characters. The name cannot contain the following characters: ?*\\/:<>|&#\"%~"
	case taken:
		return http.StatusConflict, "20117", "An item with this name already exists in this location."
	}
	return 0, "", ""
}
