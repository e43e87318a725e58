// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

// A parser reads the tokens of a value from the first to the last.
type parser struct {
	tokens []token
	next   int
	depth  int
	names  Names
	scopes []string // the variables of the lambda expressions around
}

func newParser(value string) (*parser, *Error) {
	tokens, err := tokenize(value)
	if err != nil {
		return nil, err
	}
	return &parser{tokens: tokens}, nil
}

func (p *parser) peek() *token { return &p.tokens[p.next] }

// take returns the next token. The last one, which ends the value, is never left.
func (p *parser) take() *token {
	t := &p.tokens[p.next]
	if t.kind != endToken {
		p.next++
	}
	return t
}

// accept takes the next token if it is that sign.
func (p *parser) accept(sign byte) bool {
	if !p.peek().isSign(sign) {
		return false
	}
	p.next++
	return true
}

func (p *parser) expect(sign byte) *Error {
	if !p.accept(sign) {
		return unexpected(*p.peek(), `"`+string(sign)+`"`)
	}
	return nil
}

// expectEnd returns an error unless all tokens are read.
func (p *parser) expectEnd(wanted string) *Error {
	if t := p.peek(); t.kind != endToken {
		return unexpected(*t, wanted)
	}
	return nil
}

// isName reports whether a token can be the name of a property.
func isName(t token) bool {
	return t.kind == wordToken && t.text[0] != '$' && t.text[0] != '.' && t.text[len(t.text)-1] != '.'
}

// path reads name/name/name.
func (p *parser) path() (path []string, err *Error) {
	for {
		t := p.take()
		if !isName(*t) {
			return nil, unexpected(*t, "the name of a property")
		}
		path = append(path, t.text)
		if !p.accept('/') {
			return path, nil
		}
	}
}

// ParseSelect reads the value of $select: paths of properties. A star is the path
// of all properties.
func ParseSelect(value string) (paths [][]string, err *Error) {
	p, err := newParser(value)
	if err != nil {
		return nil, err
	}
	for {
		path := []string{"*"}
		if !p.accept('*') {
			if path, err = p.path(); err != nil {
				return nil, err
			}
		}
		paths = append(paths, path)
		if !p.accept(',') {
			return paths, p.expectEnd("a comma")
		}
	}
}

// An Expansion is one item of $expand.
type Expansion struct {
	Name    string // of the navigation property
	Pos     int    // where the name stands in the value
	Options []Option
}

// ParseExpand reads the value of $expand. The values of nested options are not read.
func ParseExpand(value string) (items []Expansion, err *Error) {
	p, err := newParser(value)
	if err != nil {
		return nil, err
	}
	for {
		t := p.take()
		if !isName(*t) {
			return nil, unexpected(*t, "the name of what is expanded")
		}
		item := Expansion{Name: t.text, Pos: t.pos}
		if p.accept('(') {
			if item.Options, err = p.options(value); err != nil {
				return nil, err
			}
		}
		items = append(items, item)
		if !p.accept(',') {
			return items, p.expectEnd("a comma")
		}
	}
}

// options reads nested options up to and with the closing parenthesis. They are
// separated by semicolons outside of parentheses.
func (p *parser) options(value string) (options []Option, err *Error) {
	for !p.accept(')') {
		if p.accept(';') {
			continue
		}
		name := p.take()
		if name.kind != wordToken {
			return nil, unexpected(*name, "the name of an option")
		}
		if err := p.expect('='); err != nil {
			return nil, err
		}
		o := Option{Name: name.text, Pos: p.peek().pos}
		end, err := p.skipValue()
		if err != nil {
			return nil, err
		}
		o.Value = value[o.Pos:end]
		options = append(options, o)
	}
	return options, nil
}

// skipValue skips the value of a nested option and returns where it ends.
func (p *parser) skipValue() (end int, err *Error) {
	depth := 0
	end = p.peek().pos
	for {
		t := p.peek()
		switch {
		case t.kind == endToken:
			return 0, unexpected(*t, `")"`)
		case depth == 0 && (t.isSign(';') || t.isSign(')')):
			return end, nil
		case t.isSign('('):
			depth++
		case t.isSign(')'):
			depth--
		}
		end = p.take().end
	}
}
