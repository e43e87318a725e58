// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"encoding/json"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Command is one change of a PATCH request.
type Command struct {
	Target   string `json:"target"`
	Action   string `json:"action"`
	Position string `json:"position"`
	Content  string `json:"content"`
}

// ParseCommands reads the JSON of a PATCH request.
func ParseCommands(data []byte) ([]Command, error) {
	var commands []Command
	if json.Unmarshal(data, &commands) != nil && json.Unmarshal(doubleQuoted(data), &commands) != nil {
		return nil, BadRequest("20109", "The payload in the PATCH request is not constructed correctly.")
	}
	if len(commands) == 0 {
		return nil, BadRequest("20125", "The PATCH request contains no actions.")
	}
	return commands, nil
}

// doubleQuoted turns single quotes around JSON strings into double ones. The
// documentation shows single quotes, and the service accepts them.
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

// bareName matches the name of a member without quotes.
var bareName = regexp.MustCompile(`([{,]\s*)([A-Za-z_]\w*)(\s*:)`)

// StrictJSON turns what the service takes for JSON into JSON: names without quotes,
// and strings in single ones. It is for small objects whose strings hold no braces.
func StrictJSON(data []byte) []byte {
	return bareName.ReplaceAll(doubleQuoted(data), []byte(`$1"$2"$3`))
}

// Patch applies commands to the page: all of them or, if one is not valid, none.
func (p *Page) Patch(commands []Command, im *Importer) error {
	draft := p.draft()
	for _, cmd := range commands {
		if err := draft.check(cmd); err != nil {
			return err
		}
		if err := draft.apply(cmd, im); err != nil {
			return err
		}
	}
	*p = *draft
	p.Modified = im.Now
	return nil
}

// check returns an error if a command is not valid.
func (p *Page) check(cmd Command) error {
	switch cmd.Action {
	case "append", "insert", "prepend", "replace":
	default:
		return BadRequest("20122", "The PATCH action '"+cmd.Action+"' is not supported.")
	}
	switch cmd.Position {
	case "", "before", "after":
	default:
		return BadRequest("20121", "The PATCH position '"+cmd.Position+"' is not valid.")
	}
	if cmd.Target == "title" {
		if cmd.Action != "replace" {
			return BadRequest("20141", "The target 'title' supports the replace action only.")
		}
		return nil
	}
	target := p.target(cmd.Target)
	if target == nil {
		return BadRequest("20120", "The PATCH target '"+cmd.Target+"' could not be located.")
	}
	if cmd.Target == "body" && (cmd.Action == "insert" || cmd.Action == "replace") {
		return BadRequest("20141", "The target 'body' does not support the action '"+cmd.Action+"'.")
	}
	if (cmd.Action == "append" || cmd.Action == "prepend") && !holdsContent(target.DataAtom) {
		return BadRequest("20138", "The target element type does not support the append action.")
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

// target returns the element that a command names, or nil: body, #data-id, or a
// generated id, which clients send with and without #.
func (p *Page) target(name string) *html.Node {
	if name == "body" {
		return p.body
	}
	dataID, byDataID := strings.CutPrefix(name, "#")
	if dataID == "" {
		return nil
	}
	for n := range p.body.Descendants() {
		if p.generatedID(n) == dataID || (byDataID && Attribute(n, "data-id") == dataID) {
			return n
		}
	}
	return nil
}

// apply applies a command that was checked.
func (p *Page) apply(cmd Command, im *Importer) error {
	if cmd.Target == "title" {
		p.Title = plainText(cmd.Content)
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

// flow returns the element that new content of the body is put into: its first div.
func (p *Page) flow() *html.Node {
	for n := range p.body.ChildNodes() {
		if n.DataAtom == atom.Div {
			return n
		}
	}
	div := newFlow()
	p.body.AppendChild(div)
	p.number(div)
	return div
}

// place inserts nodes at the position that a command names. The default is after
// the existing content.
func place(nodes []*html.Node, target *html.Node, cmd Command) {
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
