// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"slices"
	"strconv"
	"strings"
)

// Names are the names that a translated expression has.
type Names struct {
	// Property returns the path that a property has, given the names of its path,
	// or an error message.
	Property func(path []string) (renamed []string, problem string)

	// Type returns what stands in front of a quoted literal in place of the name of
	// its type, and reports whether it knows the type.
	Type func(name string) (renamed string, ok bool)
}

// TranslateFilter returns the value of $filter with other names. Quoted text stays
// as it is, to the byte.
func TranslateFilter(value string, names Names) (string, *Error) {
	p, err := newParser(value)
	if err != nil {
		return "", err
	}
	p.names = names
	if err := p.expression(); err != nil {
		return "", err
	}
	return render(p.tokens), p.expectEnd("an operator")
}

// TranslateOrderBy is TranslateFilter for $orderby: expressions, each with asc or
// desc if it has any of both.
func TranslateOrderBy(value string, names Names) (string, *Error) {
	p, err := newParser(value)
	if err != nil {
		return "", err
	}
	p.names = names
	for {
		if err := p.expression(); err != nil {
			return "", err
		}
		if t := p.peek(); t.isWord("asc") || t.isWord("desc") {
			t.text, t.space = strings.ToLower(t.text), true
			p.next++
		}
		if !p.accept(',') {
			return render(p.tokens), p.expectEnd("asc, desc or a comma")
		}
	}
}

// maxDepth is how deep an expression may nest.
const maxDepth = 64

// operators stand between two operands. Which of them binds more strongly does not
// matter here.
var operators = [...]string{"and", "or", "eq", "ne", "gt", "ge", "lt", "le", "has", "in", "add", "sub", "mul", "div", "divby", "mod"}

// functions are those that both APIs document, or that OData 4.0 has.
var functions = [...]string{
	"contains", "endswith", "startswith", "length", "indexof", "substring", "tolower", "toupper", "trim", "concat",
	"year", "month", "day", "hour", "minute", "second", "fractionalseconds", "date", "time", "totaloffsetminutes",
	"now", "mindatetime", "maxdatetime", "round", "floor", "ceiling",
}

// wordIn returns the word of a list that a token is, in any case of letters.
func wordIn(list []string, t token) (word string, ok bool) {
	if t.kind != wordToken {
		return "", false
	}
	i := slices.IndexFunc(list, t.isWord)
	if i < 0 {
		return "", false
	}
	return list[i], true
}

// expression reads operands with operators between them.
func (p *parser) expression() *Error {
	if p.depth++; p.depth > maxDepth {
		return &Error{Pos: p.peek().pos, Message: "an expression that nests more than " + strconv.Itoa(maxDepth) + " deep"}
	}
	defer func() { p.depth-- }()
	operator := ""
	for {
		if err := p.operand(operator); err != nil {
			return err
		}
		if operator = p.operator(); operator == "" {
			return nil
		}
	}
}

// operator takes the next token if it is an operator, and puts spaces around it. It
// returns "" if it is none.
func (p *parser) operator() string {
	t := p.peek()
	operator, ok := wordIn(operators[:], *t)
	if !ok {
		return ""
	}
	t.text, t.space = operator, true
	p.next++
	p.peek().space = true
	return operator
}

// operand reads the operand behind an operator, with not and signs in front. Behind
// in it may be a list.
func (p *parser) operand(operator string) *Error {
	for p.peek().isWord("not") || p.peek().isSign('-') {
		t := p.take()
		if t.kind == wordToken {
			t.text = "not"
			p.peek().space = true
		}
	}
	t := p.peek()
	switch {
	case t.isSign('(') && operator == "in":
		return p.arguments()
	case p.accept('('):
		if err := p.expression(); err != nil {
			return err
		}
		return p.expect(')')
	case t.kind == stringToken, t.kind == valueToken:
		p.next++
		return nil
	case t.kind == wordToken:
		return p.word()
	}
	return unexpected(*t, "a property or a value")
}

// word reads an operand that begins with a word.
func (p *parser) word() *Error {
	t := p.peek()
	if _, ok := wordIn(operators[:], *t); ok {
		return unexpected(*t, "a property or a value")
	}
	following := p.tokens[p.next+1] // a word is never the last token
	switch {
	case following.kind == stringToken && !following.space:
		return p.typedLiteral()
	case t.isWord("true"), t.isWord("false"), t.isWord("null"):
		t.text = strings.ToLower(t.text)
		p.next++
		return nil
	case following.isSign('('):
		return p.function()
	}
	return p.property()
}

// typedLiteral reads Type'text'.
func (p *parser) typedLiteral() *Error {
	t := p.take()
	name, ok := p.names.Type(t.text)
	if !ok {
		return &Error{Pos: t.pos, Message: "an unknown type " + strconv.Quote(t.text) + " in front of a quoted text"}
	}
	t.text = name
	if name == "" {
		p.peek().space = t.space
	}
	p.next++
	return nil
}

// function reads name(argument, argument).
func (p *parser) function() *Error {
	t := p.take()
	name, ok := wordIn(functions[:], *t)
	if !ok {
		return &Error{Pos: t.pos, Message: "an unknown function " + strconv.Quote(t.text)}
	}
	t.text = name
	return p.arguments()
}

// arguments reads a list in parentheses, which may be empty.
func (p *parser) arguments() *Error {
	if err := p.expect('('); err != nil {
		return err
	}
	if p.accept(')') {
		return nil
	}
	for {
		if err := p.expression(); err != nil {
			return err
		}
		if !p.accept(',') {
			return p.expect(')')
		}
	}
}

// property reads a path and gives it its other name. The path may end with $count,
// or with any or all and an expression about each of its entities.
func (p *parser) property() *Error {
	first := p.next
	var path []string
	suffix := ""
	for {
		t := p.take()
		switch {
		case len(path) > 0 && t.isWord("$count"):
			suffix = "/$count"
		case len(path) > 0 && p.peek().isSign('(') && (t.isWord("any") || t.isWord("all")):
			suffix = "/" + strings.ToLower(t.text)
		case isName(*t):
			path = append(path, t.text)
		default:
			return unexpected(*t, "the name of a property")
		}
		if suffix != "" || !p.accept('/') {
			break
		}
	}
	if err := p.rename(first, path, suffix); err != nil {
		return err
	}
	if suffix == "" || suffix == "/$count" {
		return nil
	}
	return p.lambda()
}

// rename puts the other name of a path in place of its tokens, which begin at first
// and end before the next.
func (p *parser) rename(first int, path []string, suffix string) *Error {
	prefix := ""
	if slices.Contains(p.scopes, path[0]) {
		prefix, path = path[0], path[1:]
	}
	if len(path) > 0 {
		renamed, problem := p.names.Property(path)
		if problem != "" {
			return &Error{Pos: p.tokens[first].pos, Message: problem}
		}
		if prefix != "" {
			prefix += "/"
		}
		path = renamed
	}
	p.tokens[first].text = prefix + strings.Join(path, "/") + suffix
	for i := first + 1; i < p.next; i++ {
		p.tokens[i].text = ""
	}
	return nil
}

// lambda reads (), or (variable:expression).
func (p *parser) lambda() *Error {
	if err := p.expect('('); err != nil {
		return err
	}
	if p.accept(')') {
		return nil
	}
	variable := p.take()
	if !isName(*variable) {
		return unexpected(*variable, "the variable of any or all")
	}
	if err := p.expect(':'); err != nil {
		return err
	}
	p.scopes = append(p.scopes, variable.text)
	err := p.expression()
	p.scopes = p.scopes[:len(p.scopes)-1]
	if err != nil {
		return err
	}
	return p.expect(')')
}
