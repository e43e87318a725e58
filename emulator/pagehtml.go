// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// pageWriter writes a page as the service does: XHTML, indented with tabs,
// every element closed.
type pageWriter struct {
	page       *notePage
	includeIDs bool
	// address makes the address of a resource for an attribute of an element.
	address func(n *html.Node, a html.Attribute) string
	out     strings.Builder
}

func (w *pageWriter) write() string {
	p := w.page
	w.out.WriteString("<html lang=\"en-US\">\n\t<head>\n\t\t<title>")
	w.out.WriteString(escapeText(p.title))
	w.out.WriteString("</title>\n\t\t<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\" />\n")
	w.out.WriteString("\t\t<meta name=\"created\" content=\"" + p.created.Format("2006-01-02T15:04:05.0000000") + "\" />\n")
	w.out.WriteString("\t</head>\n\t<body data-absolute-enabled=\"true\" style=\"font-family:Calibri;font-size:11pt\">\n")
	for n := range p.body.ChildNodes() {
		w.block(n, 2)
	}
	w.out.WriteString("\t</body>\n</html>\n")
	return w.out.String()
}

// block writes a node on lines of its own.
func (w *pageWriter) block(n *html.Node, depth int) {
	if n.Type == html.TextNode && strings.TrimSpace(n.Data) == "" {
		return
	}
	w.indent(depth)
	if n.Type != html.ElementNode || !holdsBlocks(n.DataAtom) {
		w.inline(n)
		w.out.WriteByte('\n')
		return
	}
	w.openTag(n)
	w.out.WriteString(">\n")
	for child := range n.ChildNodes() {
		w.block(child, depth+1)
	}
	w.indent(depth)
	w.out.WriteString("</" + n.Data + ">\n")
}

func (w *pageWriter) indent(depth int) {
	for range depth {
		w.out.WriteByte('\t')
	}
}

// inline writes a node without touching its white space.
func (w *pageWriter) inline(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.out.WriteString(escapeText(n.Data))
	case html.CommentNode:
		w.out.WriteString("<!--" + n.Data + "-->")
	case html.ElementNode:
		w.openTag(n)
		if n.FirstChild == nil && selfCloses(n.DataAtom) {
			w.out.WriteString(" />")
			return
		}
		w.out.WriteByte('>')
		for child := range n.ChildNodes() {
			w.inline(child)
		}
		w.out.WriteString("</" + n.Data + ">")
	}
}

// openTag writes a start tag up to, and without, its end.
func (w *pageWriter) openTag(n *html.Node) {
	w.out.WriteString("<" + n.Data)
	if id := w.page.generatedID(n); w.includeIDs && id != "" {
		w.out.WriteString(` id="` + id + `"`)
	}
	for _, a := range n.Attr {
		value := a.Val
		if strings.HasPrefix(value, resourceScheme) || strings.HasPrefix(value, oldResourceScheme) {
			value = w.address(n, a)
		}
		w.out.WriteString(" " + a.Key + `="` + escapeAttribute(value) + `"`)
	}
}

func holdsBlocks(a atom.Atom) bool {
	switch a {
	case atom.Div, atom.Table, atom.Tbody, atom.Tr, atom.Ul, atom.Ol:
		return true
	}
	return false
}

func selfCloses(a atom.Atom) bool {
	switch a {
	case atom.Img, atom.Br, atom.Hr:
		return true
	}
	return false
}

// escapeText and escapeAttribute escape what must be; a > and a line break in
// an attribute stay, as they do in captures of recognised text.
func escapeText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func escapeAttribute(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace(s)
}
