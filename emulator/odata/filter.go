// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"errors"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// Filter is a condition for entities: the option $filter (OData 4.0, part 2,
// section 5.1.1), as far as it makes sense for notes.
type Filter struct {
	holds operand
	// Paths are the properties that the condition names, such as
	// parentNotebook/displayName.
	Paths []string
}

// operand returns the value of a part of a condition for one entity.
type operand func(entity) any

// entity returns the value of a property, or nil.
type entity func(path string) any

// errFilter means that a text is not a condition.
var errFilter = errors.New("invalid filter clause")

// ParseFilter reads a condition.
func ParseFilter(text string) (*Filter, error) {
	tokens, err := tokensOf(text)
	if err != nil {
		return nil, err
	}
	p := &filterParser{tokens: tokens}
	holds, err := p.either()
	if err != nil || len(p.tokens) > 0 || !p.condition {
		return nil, errFilter
	}
	return &Filter{holds: holds, Paths: p.paths}, nil
}

// Match reports whether the condition holds for an entity.
func (f *Filter) Match(value func(path string) any) bool {
	holds, _ := f.holds(value).(bool)
	return holds
}

// filterParser reads the tokens of a condition from left to right.
type filterParser struct {
	tokens []token
	paths  []string
	// condition is set if what was read last is true or false, not a value.
	condition bool
	depth     int // of what is being read
}

// maxFilterDepth keeps the parser from running out of stack.
const maxFilterDepth = 50

func (p *filterParser) next() token {
	if len(p.tokens) == 0 {
		return token{}
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return t
}

// skip reads the next token if it is a word or sign.
func (p *filterParser) skip(word string) bool {
	if len(p.tokens) == 0 || p.tokens[0].kind == textToken || p.tokens[0].text != word {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

// either reads conditions that are joined by or.
func (p *filterParser) either() (operand, error) {
	if p.depth++; p.depth > maxFilterDepth {
		return nil, errFilter
	}
	defer func() { p.depth-- }()
	return p.joined("or", p.both, func(a, b bool) bool { return a || b })
}

// both reads conditions that are joined by and.
func (p *filterParser) both() (operand, error) {
	return p.joined("and", p.negation, func(a, b bool) bool { return a && b })
}

func (p *filterParser) joined(word string, read func() (operand, error), join func(a, b bool) bool) (operand, error) {
	first, err := read()
	if err != nil {
		return nil, err
	}
	for p.skip(word) {
		if !p.condition {
			return nil, errFilter
		}
		before := first
		after, err := read()
		if err != nil || !p.condition {
			return nil, errFilter
		}
		first = func(e entity) any {
			a, _ := before(e).(bool)
			b, _ := after(e).(bool)
			return join(a, b)
		}
	}
	return first, nil
}

func (p *filterParser) negation() (operand, error) {
	if !p.skip("not") {
		return p.comparison()
	}
	if p.depth++; p.depth > maxFilterDepth {
		return nil, errFilter
	}
	defer func() { p.depth-- }()
	inner, err := p.negation()
	if err != nil || !p.condition {
		return nil, errFilter
	}
	return func(e entity) any { holds, _ := inner(e).(bool); return !holds }, nil
}

// comparison reads a value, and what it is compared with.
func (p *filterParser) comparison() (operand, error) {
	left, err := p.value()
	if err != nil {
		return nil, err
	}
	for _, word := range []string{"eq", "ne", "gt", "ge", "lt", "le"} {
		if !p.skip(word) {
			continue
		}
		right, err := p.value()
		if err != nil {
			return nil, err
		}
		p.condition = true
		return func(e entity) any { return compares(word, left(e), right(e)) }, nil
	}
	return left, nil
}

// value reads a literal, a property, a function or a condition in parentheses.
func (p *filterParser) value() (operand, error) {
	p.condition = false
	t := p.next()
	switch {
	case t.kind == textToken:
		return func(entity) any { return t.text }, nil
	case t.kind == signToken && t.text == "(":
		inner, err := p.either()
		if err != nil || !p.skip(")") {
			return nil, errFilter
		}
		return inner, nil
	case t.kind != wordToken || isOperator(t.text):
		return nil, errFilter
	case p.skip("("):
		return p.function(t.text)
	}
	if literal, ok := literalOf(t.text); ok {
		_, p.condition = literal.(bool)
		return func(entity) any { return literal }, nil
	}
	p.paths = append(p.paths, t.text)
	p.condition = true // isDefault alone is a condition; whether it is one is seen later
	return func(e entity) any { return e(t.text) }, nil
}

// function reads the arguments of a function.
func (p *filterParser) function(name string) (operand, error) {
	if p.depth++; p.depth > maxFilterDepth {
		return nil, errFilter
	}
	defer func() { p.depth-- }()
	var arguments []operand
	for {
		argument, err := p.value()
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, argument)
		if p.skip(")") {
			break
		}
		if !p.skip(",") {
			return nil, errFilter
		}
	}
	f, ok := functions()[strings.ToLower(name)]
	if !ok || len(arguments) != f.arguments {
		return nil, errFilter
	}
	p.condition = f.condition
	return func(e entity) any {
		texts := make([]string, len(arguments))
		for i, argument := range arguments {
			texts[i], _ = argument(e).(string)
		}
		return f.of(texts)
	}, nil
}

// function is a function of texts.
type function struct {
	arguments int
	condition bool
	of        func(texts []string) any
}

func functions() map[string]function {
	return map[string]function{
		"contains":   {2, true, func(t []string) any { return strings.Contains(t[0], t[1]) }},
		"startswith": {2, true, func(t []string) any { return strings.HasPrefix(t[0], t[1]) }},
		"endswith":   {2, true, func(t []string) any { return strings.HasSuffix(t[0], t[1]) }},
		"indexof":    {2, false, func(t []string) any { return strings.Index(t[0], t[1]) }},
		"concat":     {2, false, func(t []string) any { return t[0] + t[1] }},
		"length":     {1, false, func(t []string) any { return len([]rune(t[0])) }},
		"tolower":    {1, false, func(t []string) any { return strings.ToLower(t[0]) }},
		"toupper":    {1, false, func(t []string) any { return strings.ToUpper(t[0]) }},
		"trim":       {1, false, func(t []string) any { return strings.TrimSpace(t[0]) }},
	}
}

func isOperator(word string) bool {
	switch word {
	case "eq", "ne", "gt", "ge", "lt", "le", "and", "or", "not":
		return true
	}
	return false
}

// compares applies an operator to two values. Values of different kinds, and
// missing ones, are only unequal.
func compares(word string, a, b any) bool {
	order, ok := orderOf(a, b)
	switch word {
	case "eq":
		return ok && order == 0
	case "ne":
		return !ok || order != 0
	case "gt":
		return ok && order > 0
	case "ge":
		return ok && order >= 0
	case "lt":
		return ok && order < 0
	}
	return ok && order <= 0
}

func orderOf(a, b any) (int, bool) {
	switch a := a.(type) {
	case nil:
		return 0, b == nil
	case bool:
		b, ok := b.(bool)
		if a == b {
			return 0, ok
		}
		return 1, ok
	case int:
		b, ok := b.(int)
		return a - b, ok
	case string:
		if b, ok := b.(time.Time); ok {
			t, err := time.Parse(time.RFC3339, a)
			return t.Compare(b), err == nil
		}
		b, ok := b.(string)
		return strings.Compare(a, b), ok
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b), true
		}
		if _, ok := b.(string); !ok {
			return 0, false
		}
		order, ok := orderOf(b, a)
		return -order, ok
	}
	return 0, false
}

// valueAt returns the value of an entity's property, or nil: a path leads through its members. Names are
// compared without case, as Graph was seen to do.
func valueAt(o wire.Object, path string) any {
	var found any = o
	for _, name := range strings.Split(path, "/") {
		inner, ok := found.(wire.Object)
		if !ok {
			return nil
		}
		found = nil
		for _, m := range inner {
			if strings.EqualFold(m.Name, name) {
				found = m.Value
				break
			}
		}
	}
	return found
}
