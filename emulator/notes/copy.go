// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"strings"
	"time"

	"golang.org/x/net/html"
)

// CopyPage copies a page of a library to a section of this one.
func (l *Library) CopyPage(from *Library, p *Page, s *Section, now time.Time) *Page {
	body := cloneNode(p.body, func(_, copied *html.Node) {
		if from != l {
			l.copyResources(from, copied, now)
		}
	})
	copied := l.AddPage(s, Document{title: p.Title, created: p.Created, body: body}, now)
	copied.Ink = p.Ink
	return copied
}

// copyResources copies the resources that an element names, and names the copies
// instead.
func (l *Library) copyResources(from *Library, n *html.Node, now time.Time) {
	for i, a := range n.Attr {
		id := ResourceID(a.Val)
		if res := from.Resources[id]; res != nil {
			n.Attr[i].Val = strings.TrimSuffix(a.Val, id) + l.addResource(res.MIME, res.Data, now).ID
		}
	}
}

// CopySection copies a section of a library to a section group of this one or, if g
// is nil, to a notebook.
func (l *Library) CopySection(from *Library, s *Section, n *Notebook, g *SectionGroup, name string, now time.Time) *Section {
	if name == "" {
		name = s.Name
	}
	copied := l.AddSection(n, g, name, now)
	for _, p := range s.Pages {
		l.CopyPage(from, p, copied, now)
	}
	return copied
}

// CopyNotebook copies a notebook of a library to this one.
func (l *Library) CopyNotebook(from *Library, n *Notebook, name string, now time.Time) *Notebook {
	copied := l.AddNotebook(name, now)
	l.copyContainer(from, n.Container, copied, nil, now)
	return copied
}

func (l *Library) copyContainer(from *Library, c Container, n *Notebook, g *SectionGroup, now time.Time) {
	for _, s := range c.Sections {
		l.CopySection(from, s, n, g, "", now)
	}
	for _, inner := range c.Groups {
		l.copyContainer(from, inner.Container, n, l.AddGroup(n, g, inner.Name, now), now)
	}
}
