// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
)

// checkQuery checks the query options as the gateway does, which knows the data
// model. It responds with an error and reports false for those that it rejects.
func (a *API) checkQuery(x *odata.Exchange) bool {
	typeName := typeAt(x.Segments)
	for _, o := range x.Query.Options() {
		if !a.checkOption(x, typeName, o) {
			return false
		}
	}
	return true
}

func (a *API) checkOption(x *odata.Exchange, typeName string, o odata.Option) bool {
	switch {
	case o.Name == "search":
		x.Fail(http.StatusBadRequest, "20108", "The service doesn't support the following OData query parameters: search.")
	case !isODataOption(o.Name) && o.Dollar:
		badRequest(x, "The query parameter '$"+o.Name+"' is not supported.")
	case !isODataOption(o.Name), !o.Dollar && !a.habits.Strict:
		return true // OneNote reads it, or nobody does
	case !o.Dollar && o.Name == "filter":
		badRequest(x, "Invalid filter clause")
	case !o.Dollar:
		x.Fail(http.StatusBadRequest, "20108", "The service doesn't support the following OData query parameters: "+o.Name+".")
	case typeName != "":
		return a.checkValue(x, typeName, o)
	default:
		return true
	}
	return false
}

// isODataOption reports whether an option is one of OData, not of OneNote.
func isODataOption(name string) bool {
	switch name {
	case "filter", "orderby", "select", "expand", "top", "skip", "skiptoken", "count", "search", "format", "levels":
		return true
	}
	return false
}

// checkValue checks the value of an option against a type.
func (a *API) checkValue(x *odata.Exchange, typeName string, o odata.Option) bool {
	switch o.Name {
	case "filter":
		return checkFilter(x, typeName, o.Value)
	case "orderby":
		for _, key := range odata.SplitList(o.Value) {
			path, direction, _ := strings.Cut(key, " ")
			if !hasProperty(typeName, path) || !isDirection(direction) {
				badRequest(x, "Invalid orderby clause")
				return false
			}
		}
	case "select":
		for _, name := range odata.SplitList(o.Value) {
			if name != "*" && !hasProperty(typeName, name) {
				unknownProperty(x, typeName, name)
				return false
			}
		}
	case "expand":
		return a.checkExpand(x, typeName, "", odata.Query{}.With("$expand", o.Value))
	}
	return true
}

func isDirection(word string) bool {
	word = strings.TrimSpace(word)
	return word == "" || word == "asc" || word == "desc"
}

func checkFilter(x *odata.Exchange, typeName, value string) bool {
	f, err := odata.ParseFilter(value)
	if err == nil && !strings.Contains(outsideQuotes(value), "Microsoft.OneNote.Api") {
		valid := true
		for _, path := range f.Paths {
			valid = valid && hasProperty(typeName, path)
		}
		if valid {
			return true
		}
	}
	badRequest(x, "Invalid filter clause")
	return false
}

// outsideQuotes returns a text without what is between single quotes.
func outsideQuotes(s string) string {
	var kept strings.Builder
	for i, part := range strings.Split(s, "'") {
		if i%2 == 0 {
			kept.WriteString(part)
		}
	}
	return kept.String()
}

func unknownProperty(x *odata.Exchange, typeName, name string) {
	badRequest(x, "Parsing OData Select and Expand failed: Could not find a property named '"+name+"' on type 'microsoft.graph."+typeName+"'.")
}

// checkExpand checks the option expand and what is nested in it. from is the name
// that led to the type, if any.
func (a *API) checkExpand(x *odata.Exchange, typeName, from string, query odata.Query) bool {
	for _, e := range query.Expansions() {
		next, ok := expands(typeName, e.Name)
		switch {
		case ok && isCircle(from, e.Name):
			x.Fail(http.StatusBadRequest, "20142", "The expand expression for a parent of child entities or a child of parent entities is not supported.")
			return false
		case !ok:
			unknownProperty(x, typeName, e.Name)
			return false
		}
		for _, o := range e.Options.Options() {
			if o.Name != "expand" || !o.Dollar {
				if !a.checkOption(x, next, o) {
					return false
				}
				continue
			}
			if !a.checkExpand(x, next, e.Name, e.Options) {
				return false
			}
		}
	}
	return true
}

// isCircle reports whether one expansion leads back to where the one before it
// came from: from children to parents, or the reverse.
func isCircle(before, after string) bool {
	return before != "" && isParent(before) != isParent(after)
}

func isParent(name string) bool { return strings.HasPrefix(strings.ToLower(name), "parent") }
