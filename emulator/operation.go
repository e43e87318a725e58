// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"time"

	"golang.org/x/net/html"
)

// operation is a copy that was asked for. It is carried out at once, so that
// the first look finds it completed.
type operation struct {
	id         string
	started    time.Time
	collection string // of what was made
	madeID     string
}

// copyRequest is the body of a copy action.
type copyRequest struct {
	ID       string `json:"id"`
	RenameAs string `json:"renameAs"`
}

func (c *call) copyRequest() (copyRequest, bool) {
	var request copyRequest
	if !c.allow(http.MethodPost) {
		return request, false
	}
	if len(c.body.data) == 0 {
		return request, true
	}
	return request, c.decode(&request)
}

// copyPage answers pages/{id}/copyToSection.
func (c *call) copyPage(p *notePage) {
	request, ok := c.copyRequest()
	if !ok {
		return
	}
	s := c.library.section(request.ID)
	if s == nil {
		c.noDestination()
		return
	}
	copied := c.library.copyPage(p, s, c.e.clock())
	c.accepted("pages", p.id, copied.id)
}

func (l *library) copyPage(p *notePage, s *section, now time.Time) *notePage {
	body := cloneNode(p.body, func(_, _ *html.Node) {})
	copied := l.addPage(s, document{title: p.title, created: p.created, body: body}, now)
	copied.ink = p.ink
	return copied
}

// copySection answers sections/{id}/copyToNotebook and …/copyToSectionGroup.
func (c *call) copySection(s *section) {
	request, ok := c.copyRequest()
	if !ok {
		return
	}
	n, g := c.library.notebook(request.ID), c.library.group(request.ID)
	if c.segment(2) == "copytonotebook" {
		g = nil
	} else if g != nil {
		n = g.notebook
	} else {
		n = nil
	}
	if n == nil {
		c.noDestination()
		return
	}
	copied := c.library.copySection(s, n, g, request.RenameAs, c.e.clock())
	c.accepted("sections", s.id, copied.id)
}

func (l *library) copySection(s *section, n *notebook, g *sectionGroup, name string, now time.Time) *section {
	if name == "" {
		name = s.name
	}
	copied := l.addSection(n, g, name, now)
	for _, p := range s.pages {
		l.copyPage(p, copied, now)
	}
	return copied
}

// copyNotebook answers notebooks/{id}/copyNotebook.
func (c *call) copyNotebook(n *notebook) {
	request, ok := c.copyRequest()
	if !ok {
		return
	}
	name := request.RenameAs
	if name == "" {
		name = n.name + " - Copy"
	}
	copied := c.library.addNotebook(name, c.e.clock())
	c.library.copyContainer(n.container, copied, nil, c.e.clock())
	c.accepted("notebooks", n.id, copied.id)
}

func (l *library) copyContainer(from container, n *notebook, g *sectionGroup, now time.Time) {
	for _, s := range from.sections {
		l.copySection(s, n, g, "", now)
	}
	for _, inner := range from.groups {
		l.copyContainer(inner.container, n, l.addGroup(n, g, inner.name, now), now)
	}
}

func (c *call) noDestination() {
	c.fail(http.StatusBadRequest, "20156", "The specified ID for the destination resource does not exist.")
}

// accepted answers a copy action: Location is the source, and the operation is
// under beta whatever version was asked, as the documentation shows it.
func (c *call) accepted(collection, sourceID, madeID string) {
	op := &operation{
		id:         "copy-" + guidOf("operation", madeID),
		started:    c.e.clock(),
		collection: collection,
		madeID:     madeID,
	}
	c.library.operations[op.id] = op
	h := c.w.Header()
	h.Set("Location", c.url(collection, sourceID))
	c.version = "beta"
	h.Set("Operation-Location", c.url("operations", op.id))
	c.w.WriteHeader(http.StatusAccepted)
}

func (c *call) serveOperation() {
	op := c.library.operations[c.id(1)]
	if op == nil || len(c.segments) != 2 {
		c.notFound()
		return
	}
	if !c.allow(http.MethodGet) {
		return
	}
	c.entity(http.StatusOK, "operations", object{
		{"id", op.id},
		{"status", "completed"},
		{"percentComplete", "100"},
		{"createdDateTime", op.started.Format(timeFormat)},
		{"lastActionDateTime", op.started.Format(timeFormat)},
		{"resourceLocation", c.url(op.collection, op.madeID)},
		{"resourceId", op.madeID},
		{"error", nil},
	})
}
