// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// A row of a table in docs/graph.md that begins with a request, and the response to it
// if it is refused.
var requestRow = regexp.MustCompile("(?m)^\\| `([A-Z]+) (/[^`]+)` \\| (?:([0-9]{3}) `([a-z_]+)`)?")

// TestGraphDocumentSaysWhatIsTranslatedAndWhatIsRefused compares the tables with what
// becomes of their requests.
func TestGraphDocumentSaysWhatIsTranslatedAndWhatIsRefused(t *testing.T) {
	translated, refused := 0, 0
	for _, row := range requestRow.FindAllStringSubmatch(read(t, "../docs/graph.md"), -1) {
		method, target, cause := row[1], strings.ReplaceAll(row[2], "{id}", "1-4e3a5bd0"), row[4]
		e := translateForGraph(method, target)
		switch {
		case cause == "" && e != nil:
			t.Errorf("%s %s: got %v, want that it is translated", method, target, e)
		case cause != "" && (e == nil || string(e.Cause) != cause || strconv.Itoa(e.Status()) != row[3]):
			t.Errorf("%s %s: got %v, want %s %s", method, target, e, row[3], cause)
		}
		if cause == "" {
			translated++
		} else {
			refused++
		}
	}
	if translated < 10 || refused < 10 {
		t.Errorf("rows: got %d of translated and %d of refused requests, want 10 of each at least", translated, refused)
	}
}

func translateForGraph(method, target string) *apierror.Error {
	path, query, _ := strings.Cut(target, "?")
	mapped, e := new(graph.Mapper).ToGraph(method, path)
	if e != nil {
		return e
	}
	_, e = graph.TranslateQuery(query, mapped)
	return e
}
