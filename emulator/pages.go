// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// addPage adds a page to the end of a section.
func (l *library) addPage(s *section, d document, now time.Time) *notePage {
	p := &notePage{
		id: l.newPageID(s), title: d.title, section: s, created: d.created, modified: now,
		order: len(s.pages), body: d.body, numbers: make(map[*html.Node]int),
		numbered: 9,
	}
	p.guid = guidOf("page", p.id)
	for n := range p.body.ChildNodes() {
		p.number(n)
	}
	s.pages = append(s.pages, p)
	return p
}

// servePages answers pages and what is below them.
func (c *call) servePages() {
	if len(c.segments) == 1 {
		c.servePageList()
		return
	}
	p := c.library.page(c.id(1))
	if p == nil {
		c.notFound()
		return
	}
	switch c.segment(2) {
	case "":
		c.servePage(p)
	case "content":
		c.servePageContent(p)
	case "$value":
		if c.allow(http.MethodGet) {
			c.writePageContent(p)
		}
	case "preview":
		if c.allow(http.MethodGet) {
			c.writePreview(p)
		}
	case "copytosection":
		c.copyPage(p)
	default:
		c.notFound()
	}
}

// servePageList answers the pages of all sections.
func (c *call) servePageList() {
	if !c.allow(http.MethodGet, http.MethodPost) {
		return
	}
	if c.r.Method == http.MethodPost {
		c.createPage(c.library.defaultSection(c.options.get("sectionname"), c.e.clock()))
		return
	}
	if c.options.is("pagelevel") {
		c.fail(http.StatusBadRequest, "20104", "The pagelevel query option is supported only when querying for the pages collection in a section or for a specific page.")
		return
	}
	c.listPages(c.context("pages"), c.library.allPages())
}

// servePagesOf answers the pages of a section.
func (c *call) servePagesOf(s *section) {
	if len(c.segments) > 3 {
		c.notFound()
		return
	}
	if !c.allow(http.MethodGet, http.MethodPost) {
		return
	}
	if c.r.Method == http.MethodPost {
		c.createPage(s)
		return
	}
	c.listPages(c.context("sections"+keyOf(s.id)+"/pages"), slices.Clone(s.pages))
}

// listPages answers with pages, those last changed first.
func (c *call) listPages(context string, pages []*notePage) {
	slices.SortStableFunc(pages, func(a, b *notePage) int { return b.modified.Compare(a.modified) })
	c.list(context, mapList(pages, c.pageObject), defaultTop)
}

func (c *call) servePage(p *notePage) {
	if !c.allow(http.MethodGet, http.MethodDelete) {
		return
	}
	if c.r.Method == http.MethodDelete {
		p.section.pages = slices.DeleteFunc(p.section.pages, func(o *notePage) bool { return o == p })
		c.w.WriteHeader(http.StatusNoContent)
		return
	}
	c.entity(http.StatusOK, "pages", c.pageObject(p))
}

func (c *call) servePageContent(p *notePage) {
	if !c.allow(http.MethodGet, http.MethodPatch) {
		return
	}
	if c.r.Method == http.MethodPatch {
		c.patchPage(p)
		return
	}
	c.writePageContent(p)
}

// writePageContent answers with the page's HTML. With preAuthenticated=true
// its pictures become public for an hour; Microsoft Graph does not know that.
// A page with drawings comes in parts when includeInkML asks for them.
func (c *call) writePageContent(p *notePage) {
	public := c.options.is("preauthenticated") && c.api == legacy
	if public {
		c.publishPictures(p)
	}
	w := &pageWriter{page: p, includeIDs: c.options.is("includeids"), address: c.addresser(public)}
	content := w.write()
	h := c.w.Header()
	h.Set("Cache-Control", "no-cache")
	if c.options.is("includeinkml") && p.ink {
		boundary := "Part_" + hexOf(12, p.id)
		h.Set("Content-Type", `multipart/mixed; boundary="`+boundary+`"`)
		content = inkParts(boundary, content)
	} else {
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write([]byte(content)) // a buffer never fails
}

// inkParts writes a page with its drawings: HTML first, then InkML.
func inkParts(boundary, content string) string {
	return strings.Join([]string{
		"--" + boundary,
		"Content-Type: text/html",
		`Content-Disposition: form-data; name="presentation"`,
		"",
		content,
		"--" + boundary,
		"Content-Type: application/inkml+xml",
		"",
		`<?xml version="1.0" encoding="utf-8"?>`,
		`<inkml:ink xmlns:inkml="http://www.w3.org/2003/InkML"><inkml:trace xml:id="st0">10 10, 20 12</inkml:trace></inkml:ink>`,
		"--" + boundary + "--",
		"",
	}, "\r\n")
}

func (c *call) publishPictures(p *notePage) {
	for _, n := range p.pictures() {
		for _, key := range []string{"src", "data-fullres-src"} {
			if res := c.library.resources[resourceID(attribute(n, key))]; res != nil {
				c.e.publish(res)
			}
		}
	}
}

// resourceID returns the id that an attribute of a page's content names.
func resourceID(value string) string {
	if id, found := strings.CutPrefix(value, oldResourceScheme); found {
		return id
	}
	id, found := strings.CutPrefix(value, resourceScheme)
	if !found {
		return ""
	}
	return id
}

// addresser returns how addresses of resources are written in a page.
func (c *call) addresser(public bool) func(*html.Node, html.Attribute) string {
	return func(n *html.Node, a html.Attribute) string {
		id := resourceID(a.Val)
		address := c.url("resources", id)
		if strings.HasPrefix(a.Val, oldResourceScheme) && c.takesShortRoot() {
			address = c.base() + "resources/" + escapeID(id)
		}
		if !public || n.Data != "img" {
			return address + "/$value" // attachments are never public
		}
		return address + "/content?publicAuth=true&mimeType=" + attribute(n, typeAttribute(a.Key))
	}
}

// takesShortRoot tells whether the caller may use addresses without a root.
func (c *call) takesShortRoot() bool {
	p := c.token.grant.provider
	return c.api == legacy && c.root.owner.account == c.token.grant.account && (p == live || p == anyProvider)
}

// typeAttribute is the attribute that holds the type of another's resource.
func typeAttribute(key string) string {
	if key == "src" {
		return "data-src-type"
	}
	return key + "-type"
}

// writePreview answers with the beginning of the page. Its picture is public
// without being asked for.
func (c *call) writePreview(p *notePage) {
	text := []rune(p.text())
	o := object{
		{"@odata.context", c.base() + "$metadata#Microsoft.OneNote.Api.PagePreview"},
		{"previewText", string(text[:min(len(text), 300)])},
		{"links", object{{"previewImageUrl", object{{"href", c.previewImage(p)}}}}},
	}
	c.write(http.StatusOK, o)
}

// previewImage is the address of the page's first picture, or nil.
func (c *call) previewImage(p *notePage) any {
	for _, n := range p.pictures() {
		res := c.library.resources[resourceID(attribute(n, "src"))]
		if res == nil {
			continue
		}
		c.e.publish(res)
		address := c.url("resources", res.id)
		if c.takesShortRoot() {
			address = c.base() + "resources/" + escapeID(res.id)
		}
		return address + "/content?publicAuth=true&mimeType=" + res.mime
	}
	return nil
}
