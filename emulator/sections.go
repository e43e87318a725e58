// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"strings"
)

// serveSections answers sections and what is below them.
func (c *call) serveSections() {
	if len(c.segments) == 1 {
		if c.allow(http.MethodGet) {
			c.list(c.context("sections"), mapList(c.library.allSections(), c.sectionObject), everything)
		}
		return
	}
	s := c.library.section(c.id(1))
	if s == nil {
		c.notFound()
		return
	}
	switch c.segment(2) {
	case "":
		c.serveSection(s)
	case "pages":
		c.servePagesOf(s)
	case "copytonotebook", "copytosectiongroup":
		c.copySection(s)
	case "permissions":
		c.notImplemented("permissions")
	default:
		c.notFound()
	}
}

func (c *call) serveSection(s *section) {
	if !c.allow(http.MethodGet, http.MethodPatch) {
		return
	}
	if c.r.Method == http.MethodPatch {
		name, ok := c.newName(50, func(name string) bool {
			return find(containerOf(s.notebook, s.parent).sections, func(o *section) bool { return o != s && strings.EqualFold(o.name, name) }) != nil
		})
		if !ok {
			return
		}
		s.name, s.modified = name, c.e.clock()
		c.w.WriteHeader(http.StatusNoContent)
		return
	}
	c.entity(http.StatusOK, "sections", c.sectionObject(s))
}

// serveSectionsOf answers the sections of a notebook or a group.
func (c *call) serveSectionsOf(at string, n *notebook, g *sectionGroup) {
	if !c.allow(http.MethodGet, http.MethodPost) {
		return
	}
	in := containerOf(n, g)
	if c.r.Method != http.MethodPost {
		c.list(c.context(at+"/sections"), mapList(in.sections, c.sectionObject), everything)
		return
	}
	name, ok := c.newName(50, func(name string) bool {
		return find(in.sections, func(s *section) bool { return strings.EqualFold(s.name, name) }) != nil
	})
	if ok {
		c.created("sections", c.sectionObject(c.library.addSection(n, g, name, c.e.clock())))
	}
}
