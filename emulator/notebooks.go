// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// everything is the top of lists that have no default.
const everything = 1 << 20

// serveNotebooks answers notebooks and what is below them.
func (c *call) serveNotebooks() {
	if len(c.segments) == 1 {
		c.serveNotebookList()
		return
	}
	if c.serveNotebookFunction() {
		return
	}
	n := c.library.notebook(c.id(1))
	if n == nil {
		c.notFound()
		return
	}
	if len(c.segments) == 2 {
		if c.allow(http.MethodGet) {
			o := c.expand(c.notebookObject(n), "notebooks"+keyOf(n.id), n.container, c.options.get("expand"))
			c.entity(http.StatusOK, "notebooks", o)
		}
		return
	}
	at := "notebooks" + keyOf(n.id)
	switch c.segment(2) {
	case "sections":
		c.serveSectionsOf(at, n, nil)
	case "sectiongroups":
		c.serveGroupsOf(at, n, nil)
	case "copynotebook":
		c.copyNotebook(n)
	case "permissions":
		c.notImplemented("permissions")
	default:
		c.notFound()
	}
}

func (c *call) serveNotebookList() {
	if !c.allow(http.MethodGet, http.MethodPost) {
		return
	}
	if c.r.Method == http.MethodPost {
		name, ok := c.newName(128, func(name string) bool {
			return find(c.library.notebooks, func(n *notebook) bool { return strings.EqualFold(n.name, name) }) != nil
		})
		if ok {
			n := c.library.addNotebook(name, c.e.clock())
			c.created("notebooks", c.notebookObject(n))
		}
		return
	}
	c.list(c.context("notebooks"), mapList(c.library.notebooks, func(n *notebook) object {
		return c.expand(c.notebookObject(n), "notebooks"+keyOf(n.id), n.container, c.options.get("expand"))
	}), everything)
}

// serveNotebookFunction answers the functions that stand where an id would.
func (c *call) serveNotebookFunction() bool {
	name := c.segment(1)
	switch {
	case strings.HasPrefix(name, "getrecentnotebooks("):
		if c.allow(http.MethodGet) {
			c.list(c.base()+"$metadata#Collection(Microsoft.OneNote.Api.RecentNotebook)", mapList(c.library.notebooks, c.recentObject), everything)
		}
	case name == "getnotebookfromweburl":
		if c.allow(http.MethodPost) {
			c.notebookFromWebURL()
		}
	default:
		return false
	}
	return true
}

func (c *call) recentObject(n *notebook) object {
	return object{
		{"name", n.name},
		{"lastAccessedTime", n.modified.Format(timeFormat)},
		{"links", c.links(n.name, n.id)},
		{"sourceService", "OneDrive"},
	}
}

// notebookFromWebURL finds a notebook by the address that people see.
func (c *call) notebookFromWebURL() {
	var request struct {
		WebURL string `json:"webUrl"`
	}
	if !c.decode(&request) {
		return
	}
	u, err := url.Parse(request.WebURL)
	if err != nil {
		c.fail(http.StatusBadRequest, "20130", "The URI does not point to a notebook.")
		return
	}
	id := u.Query().Get("resid")
	n := c.library.notebook(id)
	if n == nil {
		c.notFound()
		return
	}
	c.entity(http.StatusOK, "notebooks", c.notebookObject(n))
}

// serveGroups answers sectionGroups and what is below them.
func (c *call) serveGroups() {
	if len(c.segments) == 1 {
		if c.allow(http.MethodGet) {
			c.list(c.context("sectionGroups"), mapList(c.library.allGroups(), c.groupObject), everything)
		}
		return
	}
	g := c.library.group(c.id(1))
	if g == nil {
		c.notFound()
		return
	}
	at := "sectionGroups" + keyOf(g.id)
	switch c.segment(2) {
	case "":
		if c.allow(http.MethodGet) {
			c.entity(http.StatusOK, "sectionGroups", c.expand(c.groupObject(g), at, g.container, c.options.get("expand")))
		}
	case "sections":
		c.serveSectionsOf(at, g.notebook, g)
	case "sectiongroups":
		c.serveGroupsOf(at, g.notebook, g)
	case "permissions":
		c.notImplemented("permissions")
	default:
		c.notFound()
	}
}

// serveGroupsOf answers the section groups of a notebook or a group.
func (c *call) serveGroupsOf(at string, n *notebook, g *sectionGroup) {
	if !c.allow(http.MethodGet, http.MethodPost) {
		return
	}
	in := containerOf(n, g)
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
		c.list(c.context(at+"/sectionGroups"), mapList(in.groups, c.groupObject), everything)
		return
	}
	name, ok := c.newName(50, func(name string) bool {
		return find(in.groups, func(g *sectionGroup) bool { return strings.EqualFold(g.name, name) }) != nil
	})
	if ok {
		c.created("sectionGroups", c.groupObject(c.library.addGroup(n, g, name, c.e.clock())))
	}
}

// newName reads the name of something new and checks it; it answers if the
// name will not do. Graph says displayName.
func (c *call) newName(limit int, taken func(string) bool) (string, bool) {
	var request struct {
		Name        string `json:"name"`
		DisplayName string `json:"displayName"`
	}
	if !c.decode(&request) {
		return "", false
	}
	name := request.Name
	if name == "" {
		name = request.DisplayName
	}
	if status, code, message := checkName(name, limit, taken(name)); status != 0 {
		c.fail(status, code, message)
		return "", false
	}
	return name, true
}

// decode reads a JSON body; it answers if it is none.
func (c *call) decode(into any) bool {
	if err := json.Unmarshal(c.body.data, into); err != nil {
		c.fail(http.StatusBadRequest, "20126", "The message body contains either incorrectly formatted JSON or fields that are not supported for this operation.")
		return false
	}
	return true
}

// created answers with something new, and with where it is.
func (c *call) created(collection string, o object) {
	c.w.Header().Set("Location", o.text("self"))
	c.entity(http.StatusCreated, collection, o)
}
