// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// command is one change of a PATCH request.
type command struct {
	Target   string `json:"target"`
	Action   string `json:"action"`
	Position string `json:"position"`
	Content  string `json:"content"`
}

// patchPage applies commands to a page: all of them, or, when one is wrong,
// none.
func (c *call) patchPage(p *notePage) {
	commands, parts, err := c.commands()
	if err != nil {
		c.failWith(err)
		return
	}
	draft, im := p.draft(), c.importer(parts)
	for _, cmd := range commands {
		err := draft.check(cmd)
		if err == nil {
			err = draft.apply(cmd, im)
		}
		if err != nil {
			c.failWith(err)
			return
		}
	}
	*p = *draft
	p.modified = c.e.clock()
	c.w.WriteHeader(http.StatusNoContent)
}

// commands reads the commands of a request, and the parts that they refer to.
func (c *call) commands() ([]command, map[string]part, error) {
	data := c.body.data
	var named map[string]part
	mediaType, parameters, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	switch {
	case err == nil && strings.HasPrefix(mediaType, "multipart/"):
		parts, err := readParts(data, parameters["boundary"])
		if err != nil {
			return nil, nil, err
		}
		found, err := takePart(parts, "commands")
		if err != nil {
			return nil, nil, err
		}
		data, named = found.data, byName(parts)
	case err == nil && mediaType == "application/json":
	default:
		return nil, nil, &apiError{http.StatusUnsupportedMediaType, "20131", "The request contains an invalid value for Content-Type. Use application/json or multipart/form-data."}
	}
	var commands []command
	if json.Unmarshal(data, &commands) != nil && json.Unmarshal(doubleQuoted(data), &commands) != nil {
		return nil, nil, badRequest("20109", "The payload in the PATCH request is not constructed correctly.")
	}
	if len(commands) == 0 {
		return nil, nil, badRequest("20125", "The PATCH request contains no actions.")
	}
	return commands, named, nil
}

// doubleQuoted writes JSON that has its strings in single quotes, as samples
// of the documentation do and the service accepts, with double ones.
func doubleQuoted(data []byte) []byte {
	var b []byte
	var quote byte
	for i := 0; i < len(data); i++ {
		ch := data[i]
		switch {
		case quote == 0 && (ch == '\'' || ch == '"'):
			quote = ch
			b = append(b, '"')
		case quote != 0 && ch == quote:
			quote = 0
			b = append(b, '"')
		case quote == '\'' && ch == '"':
			b = append(b, '\\', '"')
		case quote != 0 && ch == '\\' && i+1 < len(data):
			i++
			if data[i] != '\'' {
				b = append(b, '\\')
			}
			b = append(b, data[i])
		default:
			b = append(b, ch)
		}
	}
	return b
}

// check tells what is wrong with a command.
func (p *notePage) check(cmd command) error {
	switch cmd.Action {
	case "append", "insert", "prepend", "replace":
	default:
		return badRequest("20122", "The PATCH action '"+cmd.Action+"' is not supported.")
	}
	switch cmd.Position {
	case "", "before", "after":
	default:
		return badRequest("20121", "The PATCH position '"+cmd.Position+"' is not valid.")
	}
	if cmd.Target == "title" {
		if cmd.Action != "replace" {
			return badRequest("20141", "The target 'title' supports the replace action only.")
		}
		return nil
	}
	target := p.target(cmd.Target)
	if target == nil {
		return badRequest("20120", "The PATCH target '"+cmd.Target+"' could not be located.")
	}
	if cmd.Target == "body" && (cmd.Action == "insert" || cmd.Action == "replace") {
		return badRequest("20141", "The target 'body' does not support the action '"+cmd.Action+"'.")
	}
	if (cmd.Action == "append" || cmd.Action == "prepend") && !holdsContent(target.DataAtom) {
		return badRequest("20138", "The target element type does not support the append action.")
	}
	return nil
}

func holdsContent(a atom.Atom) bool {
	switch a {
	case atom.Body, atom.Div, atom.Ul, atom.Ol, atom.Td, atom.Table, atom.Tr:
		return true
	}
	return false
}

// target finds what a command is about: body, #data-id, or a generated id,
// which clients write with and without #. It returns nil for what is nowhere.
func (p *notePage) target(name string) *html.Node {
	if name == "body" {
		return p.body
	}
	dataID, byDataID := strings.CutPrefix(name, "#")
	if dataID == "" {
		return nil
	}
	for n := range p.body.Descendants() {
		if p.generatedID(n) == dataID || (byDataID && attribute(n, "data-id") == dataID) {
			return n
		}
	}
	return nil
}

// apply carries out a command that was checked.
func (p *notePage) apply(cmd command, im *importer) error {
	if cmd.Target == "title" {
		p.title = plainText(cmd.Content)
		return nil
	}
	target := p.target(cmd.Target)
	if cmd.Target == "body" {
		target = p.flow()
	}
	context := target
	if cmd.Action == "insert" || cmd.Action == "replace" {
		context = target.Parent
	}
	nodes, err := im.fragment(cmd.Content, context)
	if err != nil {
		return err
	}
	place(nodes, target, cmd)
	for _, n := range nodes {
		p.number(n)
	}
	if cmd.Action == "replace" {
		target.Parent.RemoveChild(target)
	}
	return nil
}

// flow is where content for the body goes: its first div.
func (p *notePage) flow() *html.Node {
	for n := range p.body.ChildNodes() {
		if n.DataAtom == atom.Div {
			return n
		}
	}
	div := newElement(atom.Div, html.Attribute{Key: "data-id", Val: "_default"}, html.Attribute{Key: "style", Val: defaultStyle})
	p.body.AppendChild(div)
	p.number(div)
	return div
}

// place puts nodes where a command wants them. Its default is behind what is
// there.
func place(nodes []*html.Node, target *html.Node, cmd command) {
	parent, before := target, (*html.Node)(nil)
	switch {
	case cmd.Action == "prepend", cmd.Action == "append" && cmd.Position == "before":
		before = target.FirstChild
	case cmd.Action == "replace", cmd.Action == "insert" && cmd.Position == "before":
		parent, before = target.Parent, target
	case cmd.Action == "insert":
		parent, before = target.Parent, target.NextSibling
	}
	for _, n := range nodes {
		parent.InsertBefore(n, before)
	}
}

// plainText is HTML without its markup.
func plainText(source string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(b.String())
		case html.TextToken:
			b.WriteString(z.Token().Data)
		}
	}
}
