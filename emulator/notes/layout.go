// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// defaultStyle is the position of content that has none.
const defaultStyle = "position:absolute;left:48px;top:120px;width:624px"

// layout puts content without a position into a div that has one. In a body with
// absolute positions, positioned elements stay where they are.
func layout(body *html.Node, content []*html.Node) *html.Node {
	laid := &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"}
	absolute := Attribute(body, "data-absolute-enabled") == "true"
	var flow *html.Node
	for _, n := range content {
		if absolute && (isPlaced(n) || n.Type == html.CommentNode) {
			laid.AppendChild(n)
			continue
		}
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) == "" {
			continue
		}
		if flow == nil {
			flow = newFlow()
			laid.AppendChild(flow)
		}
		flow.AppendChild(paragraphOf(n))
	}
	return laid
}

func isPlaced(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Div, atom.Img, atom.Object:
		return strings.Contains(strings.ReplaceAll(Attribute(n, "style"), " ", ""), "position:absolute")
	}
	return false
}

// paragraphOf puts bare text into a paragraph.
func paragraphOf(n *html.Node) *html.Node {
	if n.Type != html.TextNode {
		return n
	}
	p := newElement(atom.P)
	n.Data = strings.TrimSpace(n.Data)
	p.AppendChild(n)
	return p
}

// newFlow makes the div for content that has no position.
func newFlow() *html.Node {
	return newElement(atom.Div, html.Attribute{Key: "data-id", Val: "_default"}, html.Attribute{Key: "style", Val: defaultStyle})
}

func newElement(a atom.Atom, attributes ...html.Attribute) *html.Node {
	return &html.Node{Type: html.ElementNode, DataAtom: a, Data: a.String(), Attr: attributes}
}
