// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// Limits of the top option. Only lists of pages have a default.
const (
	DefaultTop = 20
	maxTop     = 100
)

// Everything is the top of lists without a default: they are complete.
const Everything = 1 << 20

// List responds with a collection to which the query options were applied.
// missingTop is the number of entities if the option top is missing.
func (x *Exchange) List(context string, items []wire.Object, missingTop int) {
	top, ok := x.Query.number("top", missingTop)
	skip, okSkip := x.Query.number("skip", 0)
	switch {
	case !ok || !okSkip:
		x.Fail(http.StatusBadRequest, "20143", "The OData query is invalid.")
		return
	case top > maxTop && x.Query.Has("top"):
		x.Fail(http.StatusBadRequest, "20129", "The value of the top query option is too high. The maximum value is 100.")
		return
	}
	items = x.filter(items)
	x.order(items)
	o := wire.Object{{"@odata.context", x.SelectedContext(context)}}
	if x.Query.Is("count") {
		o = append(o, wire.Member{"@odata.count", len(items)})
	}
	skip = min(skip, len(items))
	end := min(skip+top, len(items))
	page := make([]wire.Object, 0, end-skip)
	for _, item := range items[skip:end] {
		page = append(page, x.Selected(item))
	}
	o = append(o, wire.Member{"value", page})
	complete := x.Traits.TopEndsList && x.Query.Has("top")
	if end < len(items) && top > 0 && !complete {
		o = append(o, wire.Member{"@odata.nextLink", x.nextLink(end)})
	}
	x.Write(http.StatusOK, o)
}

// nextLink is the address of the rest of a list.
func (x *Exchange) nextLink(skip int) string {
	path, _ := wire.Target(x.R)
	return wire.Origin(x.R) + path + "?" + x.Query.skipping(skip)
}

// SelectedContext returns the context of entities, which some APIs end with the properties
// that $select names.
func (x *Exchange) SelectedContext(context string) string {
	wanted := x.Query.Get("select")
	if !x.Traits.SelectInContext || wanted == "" {
		return context
	}
	head, isEntity := strings.CutSuffix(context, "/$entity")
	head += "(" + strings.ReplaceAll(wanted, " ", "") + ")"
	if isEntity {
		head += "/$entity"
	}
	return head
}

// filter applies $search and $filter. A condition that cannot be read, or that is
// about a property that no entity has, is ignored; a [Face] rejects it before if its
// API does.
func (x *Exchange) filter(items []wire.Object) []wire.Object {
	if x.Query.Has("search") {
		wanted := strings.ToLower(strings.Trim(x.Query.Get("search"), `"`))
		return slices.DeleteFunc(items, func(o wire.Object) bool {
			return !strings.Contains(strings.ToLower(o.Text(x.Traits.Name)+o.Text("title")), wanted)
		})
	}
	f, err := ParseFilter(x.Query.Get("filter"))
	if err != nil {
		return items
	}
	known := func(path string) bool {
		name, _, _ := strings.Cut(path, "/")
		return slices.ContainsFunc(items, func(o wire.Object) bool { return x.has(o, name) })
	}
	for _, path := range f.Paths {
		if !known(path) {
			return items
		}
	}
	return slices.DeleteFunc(items, func(o wire.Object) bool {
		return !f.Match(func(path string) any { return valueAt(o, x.ownName(path)) })
	})
}

// has reports whether an entity has a property.
func (x *Exchange) has(o wire.Object, name string) bool {
	name = x.ownName(name)
	return slices.ContainsFunc(o, func(m wire.Member) bool { return strings.EqualFold(m.Name, name) })
}

// ownName returns a path in the names of the API. It has aliases for options
// without the dollar sign, which its backend reads.
func (x *Exchange) ownName(path string) string {
	names := strings.Split(path, "/")
	for i, name := range names {
		if own, ok := x.Traits.Aliases[name]; ok {
			names[i] = own
		}
	}
	return strings.Join(names, "/")
}

// order applies $orderby.
func (x *Exchange) order(items []wire.Object) {
	keys := SplitList(x.Query.Get("orderby"))
	slices.SortStableFunc(items, func(a, b wire.Object) int {
		for _, key := range keys {
			path, direction, _ := strings.Cut(key, " ")
			path = x.ownName(path)
			order := compareForOrder(valueAt(a, path), valueAt(b, path))
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(direction)), "desc") {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
}

// compareForOrder compares texts without case, and puts false before true.
func compareForOrder(a, b any) int {
	text := func(v any) string {
		if v == nil {
			return ""
		}
		return strings.ToLower(string(wire.Append(nil, v)))
	}
	return strings.Compare(text(a), text(b))
}

// Selected keeps the members that $select and $expand name.
func (x *Exchange) Selected(o wire.Object) wire.Object { return x.Query.Selected(o) }

// Selected keeps the members that the options select and expand name.
func (all Query) Selected(o wire.Object) wire.Object {
	wanted := SplitList(all.Get("select"))
	if len(wanted) == 0 {
		return o
	}
	for _, e := range all.Expansions() {
		wanted = append(wanted, e.Name)
	}
	var kept wire.Object
	for _, m := range o {
		name, _, _ := strings.Cut(m.Name, "@")
		if name == "" || slices.ContainsFunc(wanted, func(s string) bool { return strings.EqualFold(s, name) }) {
			kept = append(kept, m)
		}
	}
	return kept
}

// Expansion is an entity or a collection that $expand names, and its own options.
type Expansion struct {
	Name    string
	Options Query
}

// Expansions reads the option expand.
func (all Query) Expansions() []Expansion {
	var found []Expansion
	for _, item := range SplitList(all.Get("expand")) {
		name, nested, _ := strings.Cut(item, "(")
		e := Expansion{Name: strings.TrimSpace(name)}
		for _, option := range splitOutside(strings.TrimSuffix(nested, ")"), ';') {
			name, value, _ := strings.Cut(option, "=")
			e.Options = append(e.Options, newParameter(option, name, value))
		}
		found = append(found, e)
	}
	return found
}

// SplitList splits a text at commas outside parentheses and quotes.
func SplitList(s string) []string { return splitOutside(s, ',') }

func splitOutside(s string, separator byte) []string {
	var items []string
	depth, start, quoted := 0, 0, false
	for i := 0; i <= len(s); i++ {
		switch {
		case i < len(s) && s[i] == '\'':
			quoted = !quoted
		case i < len(s) && quoted:
		case i < len(s) && s[i] == '(':
			depth++
		case i < len(s) && s[i] == ')':
			depth--
		case i == len(s), s[i] == separator && depth == 0:
			if item := strings.TrimSpace(s[start:i]); item != "" {
				items = append(items, item)
			}
			start = i + 1
		}
	}
	return items
}
