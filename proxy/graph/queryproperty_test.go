// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// A pair is a piece of a query in both APIs, made without the translator.
type pair struct{ app, graph string }

func both(s string) pair { return pair{s, s} }

// join puts pieces together.
func join(pieces ...pair) (p pair) {
	for _, piece := range pieces {
		p.app += piece.app
		p.graph += piece.graph
	}
	return p
}

// text makes a quoted literal out of what is special elsewhere.
func (m maker) text() pair {
	s := "'"
	for range m.IntN(6) {
		s += m.one("name", "createdTime", " eq ", "''", ";", "(", ")", ",", "&", "=", "+", "%", "%20", "#", "é", "$select=", "  ", "/", "\"", "createdBy")
	}
	return both(s + "'")
}

func (m maker) property() pair {
	prefix := m.one("", "", "parentNotebook/", "parentSection/")
	p := []pair{
		{"name", "displayName"},
		{"createdTime", "createdDateTime"},
		{"lastModifiedTime", "lastModifiedDateTime"},
		{"createdBy", "createdBy/user/displayName"},
		{"createdByIdentity/user/id", "createdBy/user/id"},
		both("title"), both("id"), both("isDefault"), both("somethingElse"),
	}[m.IntN(9)]
	return pair{prefix + p.app, prefix + p.graph}
}

func (m maker) value() pair {
	switch m.IntN(4) {
	case 0:
		return both(m.one("1", "-2.5", "true", "null", "2015-07-01T10:00:00Z", "2015-07-01", m.guid()))
	case 1:
		text := m.text()
		return pair{"Microsoft.OneNote.Api.UserRole" + text.app, text.graph}
	}
	return m.text()
}

func (m maker) expression(depth int) pair {
	if depth == 0 {
		return join(m.property(), both(m.one(" eq ", " ne ", " gt ")), m.value())
	}
	switch m.IntN(6) {
	case 0:
		return join(both("("), m.expression(depth-1), both(")"))
	case 1:
		return join(both("not ("), m.expression(depth-1), both(")"))
	case 2:
		return join(both(m.one("contains(", "startswith(", "endswith(")), m.property(), both(","), m.text(), both(")"))
	case 3:
		return join(m.property(), both(" in ("), m.value(), both(","), m.value(), both(")"))
	}
	return join(m.expression(depth-1), both(m.one(" and ", " or ")), m.expression(depth-1))
}

// options makes options of a query or, with the separator ;, of an expanded property.
func (m maker) options(separator string, depth int) pair {
	var options []pair
	add := func(name string, value pair) {
		dollar := m.one("", "$")
		options = append(options, pair{dollar + name + "=" + value.app, "$" + name + "=" + value.graph})
	}
	if m.IntN(2) == 0 {
		add("filter", m.expression(m.IntN(3)))
	}
	if m.IntN(2) == 0 {
		add("orderby", join(m.property(), both(m.one("", " asc", " desc")), both(","), m.property()))
	}
	if m.IntN(2) == 0 {
		add("select", []pair{{"id,name", "id,displayName"}, {"createdBy,title,createdByIdentity", "createdBy,title"}, both("*")}[m.IntN(3)])
	}
	if m.IntN(2) == 0 {
		add("top", both(m.one("0", "5", "100")))
	}
	if depth > 0 {
		items := []pair{m.expansion("sections", depth-1), m.expansion("sectionGroups", depth-1)}[:1+m.IntN(2)]
		if len(items) == 2 {
			items[0] = join(items[0], both(","))
		}
		add("expand", join(items...))
	}
	m.Shuffle(len(options), func(i, j int) { options[i], options[j] = options[j], options[i] })
	for i := range options[:max(0, len(options)-1)] {
		options[i] = join(options[i], both(separator))
	}
	return join(options...)
}

func (m maker) expansion(name string, depth int) pair {
	options := m.options(";", depth)
	if options.app == "" {
		return pair{name + m.one("", "()"), name}
	}
	return join(both(name+"("), options, both(")"))
}

// encoded encodes a query in one of the ways of clients. The options are separated by
// the rune, which stands in no value.
func (m maker) encoded(query, separator string) string {
	var options []string
	for option := range strings.SplitSeq(query, separator) {
		name, value, _ := strings.Cut(option, "=")
		switch m.IntN(3) {
		case 0:
			option = url.QueryEscape(name) + "=" + url.QueryEscape(value)
		case 1:
			option = name + "=" + strings.ReplaceAll(encode(value), "&", "%26")
		default:
			option = name + "=" + url.PathEscape(value)
			option = strings.NewReplacer("&", "%26", "+", "%2B").Replace(option)
		}
		options = append(options, option)
	}
	return strings.Join(options, "&")
}

// Each query that the old documents allow says the same to Graph.
func TestQueriesMeanTheSameOnGraph(t *testing.T) {
	const separator = "\x1f"
	for seed := range uint64(1500) {
		mk := maker{rand.New(rand.NewPCG(seed, 24))}
		p := mk.options(separator, mk.IntN(3))
		if p.app == "" {
			continue
		}
		app := mk.encoded(p.app, separator)
		got, err := graph.TranslateQuery(app, graph.Target{Route: graph.Collection})
		if err != nil {
			t.Fatalf("seed %d: %s\n%s: %v", seed, p.app, app, err)
		}
		var options []string
		for option := range strings.SplitSeq(got.Raw, "&") {
			options = append(options, decoded(t, option))
		}
		if joined := strings.Join(options, separator); joined != p.graph {
			t.Fatalf("seed %d: %s:\ngot  %q\nwant %q", seed, app, joined, p.graph)
		}
	}
}
