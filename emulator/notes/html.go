// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// PageWriter writes the HTML of a page as the service does: as XHTML, indented
// with tabs.
type PageWriter struct {
	Page       *Page
	IncludeIDs bool
	// Address returns the address of the resource that an attribute names.
	Address func(n *html.Node, a html.Attribute) string
	out     strings.Builder
}

// Write returns the HTML.
func (w *PageWriter) Write() string {
	p := w.Page
	w.out.WriteString("<html lang=\"en-US\">\n\t<head>\n\t\t<title>")
	w.out.WriteString(escapeText(p.Title))
	w.out.WriteString("</title>\n\t\t<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\" />\n")
	w.out.WriteString("\t\t<meta name=\"created\" content=\"" + p.Created.Format("2006-01-02T15:04:05.0000000") + "\" />\n")
	w.out.WriteString("\t</head>\n\t<body data-absolute-enabled=\"true\" style=\"font-family:Calibri;font-size:11pt\">\n")
	for n := range p.body.ChildNodes() {
		w.block(n, 2)
	}
	w.out.WriteString("\t</body>\n</html>\n")
	return w.out.String()
}

// block writes a node on lines of its own.
func (w *PageWriter) block(n *html.Node, depth int) {
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

func (w *PageWriter) indent(depth int) {
	for range depth {
		w.out.WriteByte('\t')
	}
}

// inline writes a node and keeps its white space.
func (w *PageWriter) inline(n *html.Node) {
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

// openTag writes a start tag without its closing bracket.
func (w *PageWriter) openTag(n *html.Node) {
	w.out.WriteString("<" + n.Data)
	if id := w.Page.generatedID(n); w.IncludeIDs && id != "" {
		w.out.WriteString(` id="` + id + `"`)
	}
	for _, a := range n.Attr {
		value := a.Val
		if strings.HasPrefix(value, resourceScheme) || strings.HasPrefix(value, OldResourceScheme) {
			value = w.Address(n, a)
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

// escapeText and escapeAttribute escape only what must be escaped. In an attribute,
// > and line breaks stay, as they do in the service's recognized text.
func escapeText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func escapeAttribute(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace(s)
}
