// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// defaultStyle is where the content goes that says nothing about its place.
const defaultStyle = "position:absolute;left:48px;top:120px;width:624px"

// part is a named part of a multipart request.
type part struct {
	name string
	mime string
	data []byte
}

// importer turns HTML that a client sends into content of a page: pictures
// and attachments become resources, what notes cannot hold is dropped.
type importer struct {
	library *library
	parts   map[string]part
	now     time.Time
	// own finds the resource that an address of this very API names, or nil.
	own func(address string) *resource
	err error
}

// document is an HTML document that a client sent.
type document struct {
	title   string
	created time.Time
	body    *html.Node
}

// parse reads a document. Pages are XHTML as often as HTML, so that
// <object … /> is closed, which HTML's own rules deny.
func (im *importer) parse(source string) (document, error) {
	root, err := html.Parse(strings.NewReader(closeTags(source)))
	if err != nil {
		return document{}, err
	}
	d := document{created: im.now}
	for n := range root.Descendants() {
		switch n.DataAtom {
		case atom.Title:
			if n.FirstChild != nil && d.title == "" {
				d.title = strings.TrimSpace(n.FirstChild.Data)
			}
		case atom.Meta:
			if attribute(n, "name") == "created" {
				d.created = parseCreated(attribute(n, "content"), im.now)
			}
		case atom.Body:
			d.body = n
		}
	}
	content := im.content(d.body)
	d.body = layout(d.body, content)
	return d, im.err
}

// fragment reads a piece of HTML, such as the content of a PATCH command.
func (im *importer) fragment(source string, context *html.Node) ([]*html.Node, error) {
	nodes, err := html.ParseFragment(strings.NewReader(closeTags(source)), &html.Node{
		Type: html.ElementNode, DataAtom: context.DataAtom, Data: context.Data,
	})
	if err != nil {
		return nil, err
	}
	var kept []*html.Node
	for _, n := range nodes {
		if n = im.node(n); n != nil {
			kept = append(kept, n)
		}
	}
	return kept, im.err
}

// closeTags writes <object … /> as <object …></object>.
func closeTags(source string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		b.Write(z.Raw())
		if kind != html.SelfClosingTagToken {
			continue
		}
		name, _ := z.TagName()
		switch atom.Lookup(name) {
		case atom.Br, atom.Img, atom.Hr, atom.Meta, atom.Link, atom.Input, atom.Col, atom.Area, atom.Base, atom.Embed, atom.Source, atom.Wbr:
		default:
			b.WriteString("</" + string(name) + ">")
		}
	}
}

// parseCreated reads a creation time in one of the forms that clients use.
func parseCreated(s string, missing time.Time) time.Time {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.9999999", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC()
		}
	}
	return missing
}

// content takes the children of an element over.
func (im *importer) content(parent *html.Node) []*html.Node {
	var kept []*html.Node
	for child := parent.FirstChild; child != nil; {
		next := child.NextSibling
		parent.RemoveChild(child)
		if n := im.node(child); n != nil {
			kept = append(kept, n)
		}
		child = next
	}
	return kept
}

// node takes one node over, or drops it.
func (im *importer) node(n *html.Node) *html.Node {
	switch n.Type {
	case html.TextNode, html.CommentNode:
		return n
	case html.ElementNode:
	default:
		return nil
	}
	if isDropped(n.DataAtom) {
		return nil
	}
	removeAttribute(n, "id") // ids are the service's to give
	removeAttribute(n, "class")
	switch n.DataAtom {
	case atom.Img:
		return im.picture(n)
	case atom.Object:
		im.attachment(n)
	case atom.Iframe:
		im.video(n)
	}
	for _, child := range im.content(n) {
		n.AppendChild(child)
	}
	return n
}

func isDropped(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Title, atom.Meta, atom.Link, atom.Input, atom.Button, atom.Select, atom.Textarea, atom.Noscript:
		return true
	}
	return false
}

// picture turns an img of a client into one of the service. A picture
// elsewhere in the web stays there: the emulator fetches nothing.
func (im *importer) picture(n *html.Node) *html.Node {
	source := attribute(n, "src")
	if rendered := attribute(n, "data-render-src"); rendered != "" {
		source = rendered
	}
	if source == "" {
		return nil // the service ignores it too (20006)
	}
	res := im.resource(source)
	if res == nil {
		setAttribute(n, "src", source)
		return n
	}
	full := res
	if other := attribute(n, "data-fullres-src"); other != "" && other != source {
		if r := im.resource(other); r != nil {
			full = r
		}
	}
	old := attribute(n, "data-old-root") == "true"
	for _, key := range []string{"data-render-src", "data-old-root", "src", "data-src-type", "data-fullres-src", "data-fullres-src-type"} {
		removeAttribute(n, key)
	}
	im.size(n, res)
	scheme := resourceScheme
	if old {
		scheme = oldResourceScheme
	}
	n.Attr = append(n.Attr,
		html.Attribute{Key: "src", Val: resourceScheme + res.id},
		html.Attribute{Key: "data-src-type", Val: res.mime},
		html.Attribute{Key: "data-fullres-src", Val: scheme + full.id},
		html.Attribute{Key: "data-fullres-src-type", Val: full.mime})
	return n
}

// size gives a picture without a size its own.
func (im *importer) size(n *html.Node, res *resource) {
	width, height := res.size()
	if width == 0 || attribute(n, "width") != "" || attribute(n, "height") != "" {
		return
	}
	setAttribute(n, "width", strconv.Itoa(width))
	setAttribute(n, "height", strconv.Itoa(height))
}

// resource finds or makes the resource that an address means. It returns nil
// for an address elsewhere.
func (im *importer) resource(address string) *resource {
	if name, found := strings.CutPrefix(address, "name:"); found {
		p, ok := im.parts[name]
		if !ok {
			im.err = fmt.Errorf("the request has no part named %q", name)
			return nil
		}
		return im.store(p)
	}
	if original := im.own(address); original != nil {
		return im.library.addResource(original.mime, original.data, im.now)
	}
	return nil
}

// store makes a resource of a part. What is no picture in a place for one,
// such as a PDF to be rendered, becomes a picture of the emulator's.
func (im *importer) store(p part) *resource {
	mime := p.mime
	if !strings.HasPrefix(mime, "image/") {
		return im.library.addResource("image/png", drawPNG(placeholder), im.now)
	}
	return im.library.addResource(mime, p.data, im.now)
}

// attachment stores the file of an object element.
func (im *importer) attachment(n *html.Node) {
	data := attribute(n, "data")
	if name, found := strings.CutPrefix(data, "name:"); found {
		p, ok := im.parts[name]
		if !ok {
			im.err = fmt.Errorf("the request has no part named %q", name)
			return
		}
		mime := attribute(n, "type")
		if mime == "" {
			mime = p.mime
		}
		res := im.library.addResource(mime, p.data, im.now)
		setAttribute(n, "type", mime)
		setAttribute(n, "data", resourceScheme+res.id)
		return
	}
	if original := im.own(data); original != nil {
		res := im.library.addResource(original.mime, original.data, im.now)
		setAttribute(n, "data", resourceScheme+res.id)
	}
}

// video keeps where an embedded video came from.
func (im *importer) video(n *html.Node) {
	source := attribute(n, "data-original-src")
	if u, err := url.Parse(source); err == nil && u.IsAbs() && attribute(n, "src") == "" {
		setAttribute(n, "src", source)
	}
}

// layout puts content that has no place of its own into a div that has. A
// body that is absolutely positioned already stays as it is.
func layout(body *html.Node, content []*html.Node) *html.Node {
	laid := &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"}
	absolute := attribute(body, "data-absolute-enabled") == "true"
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
			flow = newElement(atom.Div, html.Attribute{Key: "data-id", Val: "_default"}, html.Attribute{Key: "style", Val: defaultStyle})
			laid.AppendChild(flow)
		}
		flow.AppendChild(paragraphOf(n))
	}
	return laid
}

func isPlaced(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Div, atom.Img, atom.Object:
		return strings.Contains(strings.ReplaceAll(attribute(n, "style"), " ", ""), "position:absolute")
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

func newElement(a atom.Atom, attributes ...html.Attribute) *html.Node {
	return &html.Node{Type: html.ElementNode, DataAtom: a, Data: a.String(), Attr: attributes}
}
