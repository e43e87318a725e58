// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
)

// Page is a page of notes.
type Page struct {
	ID       string
	Title    string
	Section  *Section
	Created  time.Time
	Modified time.Time
	Level    int
	Order    int
	MadeBy   string     // the client that made it, or empty for a person who wrote it by hand
	Ink      bool       // the page has drawings, which its HTML does not show
	body     *html.Node // its children are the content of the page
	guid     string     // part of the generated ids
	numbers  map[*html.Node]int
	numbered int // the latest number; numbers of removed elements are not used again
}

// Schemes of attributes that name a resource. The address is made when the page is
// read, because it depends on the request. OldResourceScheme marks an address
// without a root, of which the service mixes some into a page.
const (
	resourceScheme    = "resource:"
	OldResourceScheme = "old-resource:"
)

// AddPage adds a page to the end of a section.
func (l *Library) AddPage(s *Section, d Document, now time.Time) *Page {
	p := &Page{
		ID: l.newPageID(s), Title: d.title, Section: s, Created: d.created, Modified: now,
		Order: len(s.Pages), body: d.body, numbers: make(map[*html.Node]int),
		numbered: 9,
	}
	p.guid = mint.GUID("page", p.ID)
	for n := range p.body.ChildNodes() {
		p.number(n)
	}
	s.Pages = append(s.Pages, p)
	return p
}

// number generates the ids of an element and all its descendants. An element keeps
// its id.
func (p *Page) number(n *html.Node) {
	if n.Type == html.ElementNode && hasGeneratedID(n.DataAtom) && p.numbers[n] == 0 {
		p.numbered++
		p.numbers[n] = p.numbered
	}
	for child := range n.ChildNodes() {
		p.number(child)
	}
}

func hasGeneratedID(a atom.Atom) bool {
	switch a {
	case atom.Div, atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Img, atom.Object,
		atom.Table, atom.Tr, atom.Td, atom.Ul, atom.Ol, atom.Li, atom.Iframe:
		return true
	}
	return false
}

// generatedID is the id that the option includeIDs shows, such as img:{guid}{40}.
func (p *Page) generatedID(n *html.Node) string {
	number, found := p.numbers[n]
	if !found {
		return ""
	}
	return n.Data + ":{" + p.guid + "}{" + strconv.Itoa(number) + "}"
}

// Pictures returns the img elements of the page.
func (p *Page) Pictures() []*html.Node {
	var found []*html.Node
	for n := range p.body.Descendants() {
		if n.DataAtom == atom.Img {
			found = append(found, n)
		}
	}
	return found
}

// Text returns the text of the page.
func (p *Page) Text() string {
	var b strings.Builder
	for n := range p.body.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// cloneNode copies a node and its descendants, and calls visit for each of them.
func cloneNode(n *html.Node, visit func(from, to *html.Node)) *html.Node {
	copied := &html.Node{Type: n.Type, DataAtom: n.DataAtom, Data: n.Data, Attr: slices.Clone(n.Attr)}
	visit(n, copied)
	for child := range n.ChildNodes() {
		copied.AppendChild(cloneNode(child, visit))
	}
	return copied
}

// draft copies the page with its generated ids. A change is made in the copy, so
// that an error leaves the page as it was.
func (p *Page) draft() *Page {
	d := *p
	d.numbers = make(map[*html.Node]int, len(p.numbers))
	d.body = cloneNode(p.body, func(from, to *html.Node) {
		if number, found := p.numbers[from]; found {
			d.numbers[to] = number
		}
	})
	return &d
}
