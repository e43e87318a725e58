// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"slices"
	"strings"
)

// Page sizes of lists of pages. Other lists come whole unless top says less.
const (
	defaultTop = 20
	maxTop     = 100
)

// list answers with a collection: filtered, ordered, cut to a page of the
// list, and with the members asked for.
func (c *call) list(context string, items []object, missingTop int) {
	top, ok := c.options.number("top", missingTop)
	skip, okSkip := c.options.number("skip", 0)
	switch {
	case !ok || !okSkip:
		c.fail(http.StatusBadRequest, "20143", "The OData query is invalid.")
		return
	case top > maxTop && c.options.has("top"):
		c.fail(http.StatusBadRequest, "20129", "The value of the top query option is too high. The maximum value is 100.")
		return
	}
	items = c.filter(items)
	c.order(items)
	o := object{{"@odata.context", context}}
	if c.options.is("count") {
		o = append(o, member{"@odata.count", len(items)})
	}
	skip = min(skip, len(items))
	end := min(skip+top, len(items))
	page := make([]object, 0, end-skip)
	for _, item := range items[skip:end] {
		page = append(page, c.selected(item))
	}
	o = append(o, member{"value", page})
	if end < len(items) && top > 0 {
		o = append(o, member{"@odata.nextLink", c.nextLink(end)})
	}
	c.write(http.StatusOK, o)
}

// nextLink is the address of the rest of a list: the request's own.
func (c *call) nextLink(skip int) string {
	path, _ := wireTarget(c.r)
	return hostOf(c.r) + path + "?" + c.options.skipping(skip)
}

// filter applies the forms of $filter that are in use, name eq 'x' and
// contains(tolower(name),'x'), and search. Others let everything pass.
func (c *call) filter(items []object) []object {
	keep := func(object) bool { return true }
	filter := c.options.get("filter")
	property, value, equals := strings.Cut(filter, " eq ")
	switch {
	case c.options.has("search"):
		wanted := strings.ToLower(strings.Trim(c.options.get("search"), `"`))
		keep = func(o object) bool { return strings.Contains(strings.ToLower(nameOf(o)), wanted) }
	case equals && strings.HasPrefix(value, "'"):
		wanted := strings.ReplaceAll(strings.Trim(value, "'"), "''", "'")
		keep = func(o object) bool { return o.text(property) == wanted }
	case equals:
		keep = func(o object) bool { return string(appendJSON(nil, o.get(property))) == value }
	case strings.HasPrefix(filter, "contains("):
		_, quoted, _ := strings.Cut(filter, "'")
		wanted := strings.ToLower(strings.TrimSuffix(quoted, "')"))
		keep = func(o object) bool { return strings.Contains(strings.ToLower(nameOf(o)), wanted) }
	}
	return slices.DeleteFunc(items, func(o object) bool { return !keep(o) })
}

// text returns a member that is text, or "".
func (o object) text(name string) string {
	s, _ := o.get(name).(string)
	return s
}

func nameOf(o object) string { return o.text("name") + o.text("title") }

// order applies $orderby with one property.
func (c *call) order(items []object) {
	property, direction, _ := strings.Cut(c.options.get("orderby"), " ")
	if property == "" {
		return
	}
	property, _, _ = strings.Cut(property, ",")
	slices.SortStableFunc(items, func(a, b object) int {
		order := strings.Compare(strings.ToLower(a.text(property)), strings.ToLower(b.text(property)))
		if strings.HasPrefix(strings.ToLower(direction), "desc") {
			return -order
		}
		return order
	})
}

// selected keeps the members that $select names.
func (c *call) selected(o object) object {
	wanted := splitList(c.options.get("select"))
	if len(wanted) == 0 {
		return o
	}
	var kept object
	for _, m := range o {
		name, _, _ := strings.Cut(m.name, "@")
		if name == "" || slices.ContainsFunc(wanted, func(s string) bool { return strings.EqualFold(s, name) || strings.EqualFold(s, graphName(name)) }) {
			kept = append(kept, m)
		}
	}
	return kept
}

// entity answers with one thing.
func (c *call) entity(status int, collection string, o object) {
	c.write(status, append(object{{"@odata.context", c.context(collection + "/$entity")}}, c.selected(o)...))
}
