// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// notePage is a page of notes.
type notePage struct {
	id       string
	title    string
	section  *section
	created  time.Time
	modified time.Time
	level    int
	order    int
	ink      bool       // has drawings, which HTML cannot show
	body     *html.Node // whose children are the page's content
	guid     string     // of generated ids
	numbers  map[*html.Node]int
	numbered int // the last number given; those of removed elements stay unused
}

// resourceScheme marks an attribute that names a resource of the library; the
// address is made when the page is read, because it depends on the request.
// oldResourceScheme is for an address by the short root, which the service
// mixes in.
const (
	resourceScheme    = "resource:"
	oldResourceScheme = "old-resource:"
)

// number gives a new element, and all below it, their generated ids. An
// element keeps its id for as long as the page has it.
func (p *notePage) number(n *html.Node) {
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

// generatedID is the id that includeIDs shows, such as img:{guid}{40}.
func (p *notePage) generatedID(n *html.Node) string {
	number, found := p.numbers[n]
	if !found {
		return ""
	}
	return n.Data + ":{" + p.guid + "}{" + strconv.Itoa(number) + "}"
}

// pictures returns the img elements of the page.
func (p *notePage) pictures() []*html.Node {
	var found []*html.Node
	for n := range p.body.Descendants() {
		if n.DataAtom == atom.Img {
			found = append(found, n)
		}
	}
	return found
}

// text returns the page's text, for previews and searches.
func (p *notePage) text() string {
	var b strings.Builder
	for n := range p.body.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// cloneNode copies a node with all below it, and tells visit about each pair.
func cloneNode(n *html.Node, visit func(from, to *html.Node)) *html.Node {
	copied := &html.Node{Type: n.Type, DataAtom: n.DataAtom, Data: n.Data, Attr: slices.Clone(n.Attr)}
	visit(n, copied)
	for child := range n.ChildNodes() {
		copied.AppendChild(cloneNode(child, visit))
	}
	return copied
}

// draft copies the page, generated ids included, so that a change which fails
// halfway leaves nothing behind.
func (p *notePage) draft() *notePage {
	d := *p
	d.numbers = make(map[*html.Node]int, len(p.numbers))
	d.body = cloneNode(p.body, func(from, to *html.Node) {
		if number, found := p.numbers[from]; found {
			d.numbers[to] = number
		}
	})
	return &d
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func setAttribute(n *html.Node, key, value string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr[i].Val = value
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
}

func removeAttribute(n *html.Node, key string) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}
