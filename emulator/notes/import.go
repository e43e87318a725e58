// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Importer turns the HTML of a client into the content of a page. Pictures and
// attachments become resources. Elements that a page cannot hold are dropped.
type Importer struct {
	Library *Library
	Parts   map[string]Part
	Now     time.Time
	// Own returns the resource that an address of the emulator names, or nil.
	Own func(address string) *Resource
	err error
}

// Document is an HTML document that a client sent.
type Document struct {
	title   string
	created time.Time
	body    *html.Node
}

// Parse reads a document. Many clients send XHTML, so <object … /> closes the
// element, although it does not in HTML.
func (im *Importer) Parse(source string) (Document, error) {
	root, err := html.Parse(strings.NewReader(closeTags(source)))
	if err != nil {
		return Document{}, err
	}
	d := Document{created: im.Now}
	for n := range root.Descendants() {
		switch n.DataAtom {
		case atom.Title:
			if n.FirstChild != nil && d.title == "" {
				d.title = strings.TrimSpace(n.FirstChild.Data)
			}
		case atom.Meta:
			if Attribute(n, "name") == "created" {
				d.created = parseCreated(Attribute(n, "content"), im.Now)
			}
		case atom.Body:
			d.body = n
		}
	}
	content := im.content(d.body)
	d.body = layout(d.body, content)
	return d, im.err
}

// fragment reads a fragment of HTML, such as the content of a PATCH command.
func (im *Importer) fragment(source string, context *html.Node) ([]*html.Node, error) {
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

// parseCreated reads a creation time in one of the formats that clients use.
func parseCreated(s string, missing time.Time) time.Time {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.9999999", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC()
		}
	}
	return missing
}

// content imports the children of an element.
func (im *Importer) content(parent *html.Node) []*html.Node {
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

// node imports a node, or returns nil to drop it.
func (im *Importer) node(n *html.Node) *html.Node {
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
	removeAttribute(n, "id") // only the service sets ids
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

// picture imports an img element. A picture on another host keeps its address: the
// emulator sends no requests.
func (im *Importer) picture(n *html.Node) *html.Node {
	source := Attribute(n, "src")
	if rendered := Attribute(n, "data-render-src"); rendered != "" {
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
	if other := Attribute(n, "data-fullres-src"); other != "" && other != source {
		if r := im.resource(other); r != nil {
			full = r
		}
	}
	old := Attribute(n, "data-old-root") == "true"
	for _, key := range []string{"data-render-src", "data-old-root", "src", "data-src-type", "data-fullres-src", "data-fullres-src-type"} {
		removeAttribute(n, key)
	}
	im.size(n, res)
	scheme := resourceScheme
	if old {
		scheme = OldResourceScheme
	}
	n.Attr = append(n.Attr,
		html.Attribute{Key: "src", Val: resourceScheme + res.ID},
		html.Attribute{Key: "data-src-type", Val: res.MIME},
		html.Attribute{Key: "data-fullres-src", Val: scheme + full.ID},
		html.Attribute{Key: "data-fullres-src-type", Val: full.MIME})
	return n
}

// size sets the size of a picture that has none.
func (im *Importer) size(n *html.Node, res *Resource) {
	width, height := res.size()
	if width == 0 || Attribute(n, "width") != "" || Attribute(n, "height") != "" {
		return
	}
	setAttribute(n, "width", strconv.Itoa(width))
	setAttribute(n, "height", strconv.Itoa(height))
}

// resource makes the resource of an address. It returns nil for an address on
// another host.
func (im *Importer) resource(address string) *Resource {
	if p, named := im.part(address); named {
		if p == nil {
			return nil
		}
		return im.store(*p)
	}
	return im.copyOwn(address)
}

// part returns the part that an address such as name:picture names, or nil and an
// error in im.err if the request does not have it. It reports false for any other
// address.
func (im *Importer) part(address string) (p *Part, named bool) {
	name, named := strings.CutPrefix(address, "name:")
	if !named {
		return nil, false
	}
	found, ok := im.Parts[name]
	if !ok {
		im.err = fmt.Errorf("the request has no part named %q", name)
		return nil, true
	}
	return &found, true
}

// copyOwn copies the resource that an address of the emulator names. It returns nil
// for any other address.
func (im *Importer) copyOwn(address string) *Resource {
	original := im.Own(address)
	if original == nil {
		return nil
	}
	return im.Library.addResource(original.MIME, original.Data, im.Now)
}

// store makes a picture of a part. A part that is not a picture, such as a PDF file
// to be rendered, becomes a placeholder.
func (im *Importer) store(p Part) *Resource {
	mime := p.MIME
	if !strings.HasPrefix(mime, "image/") {
		return im.Library.addResource("image/png", drawPNG(placeholder), im.Now)
	}
	return im.Library.addResource(mime, p.Data, im.Now)
}

// attachment stores the file of an object element.
func (im *Importer) attachment(n *html.Node) {
	data := Attribute(n, "data")
	if p, named := im.part(data); named {
		if p == nil {
			return
		}
		mime := Attribute(n, "type")
		if mime == "" {
			mime = p.MIME
		}
		res := im.Library.addResource(mime, p.Data, im.Now)
		setAttribute(n, "type", mime)
		setAttribute(n, "data", resourceScheme+res.ID)
		return
	}
	if res := im.copyOwn(data); res != nil {
		if Attribute(n, "type") == "" {
			setAttribute(n, "type", res.MIME)
		}
		setAttribute(n, "data", resourceScheme+res.ID)
	}
}

// video sets the address of an embedded video.
func (im *Importer) video(n *html.Node) {
	source := Attribute(n, "data-original-src")
	if u, err := url.Parse(source); err == nil && u.IsAbs() && Attribute(n, "src") == "" {
		setAttribute(n, "src", source)
	}
}
