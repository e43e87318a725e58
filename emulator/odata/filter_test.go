// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"slices"
	"strings"
	"testing"
)

func TestFilterNamesItsPaths(t *testing.T) {
	tests := []struct {
		filter string
		paths  []string
		holds  bool // for the entity below
	}{
		{"a eq 'x'", []string{"a"}, true},
		{"b/c ne null and (a eq 'a eq ''b''' or d)", []string{"b/c", "a", "d"}, true},
		{"not contains(a,'y') and 3 gt e", []string{"a", "e"}, true},
		{"a eq N.S.T'x'", []string{"a"}, true},
		{"f gt 2020-01-01T00:00:00Z and f lt 2020-01-03 and 2020-01-02T00:00:00+00:00 eq f", []string{"f", "f", "f"}, true},
		{"e eq 'x' or e eq 2020-01-01", []string{"e", "e"}, false},
		{"missing eq 'x' or missing gt 1", []string{"missing", "missing"}, false},
		{"missing eq null", []string{"missing"}, true},
		{"2020-01-01 eq 2020-01-01T00:00:00Z", nil, true},
		{"2020-01-01 eq 1", nil, false},
	}
	values := map[string]any{"a": "x", "b/c": "z", "d": true, "e": 2, "f": "2020-01-02T00:00:00Z"}
	for _, test := range tests {
		f, err := ParseFilter(test.filter)
		if err != nil {
			t.Errorf("%s: %v", test.filter, err)
			continue
		}
		if got := f.Match(func(path string) any { return values[path] }); got != test.holds || !slices.Equal(f.Paths, test.paths) {
			t.Errorf("%s: got %v with paths %q, want %v with %q", test.filter, got, f.Paths, test.holds, test.paths)
		}
	}
}

func TestInvalidFiltersAreRejected(t *testing.T) {
	for _, filter := range []string{
		"", "eq", "a eq", "a eq 'x", "a eq 'x' and", "and a", "(a eq 'x'", "a eq 'x')", "'x'", "3", "a b", "f(a)", "contains(a)",
		"tolower(a)", "a eq 'x' or 'y'", "not 'x'", "contains(a,", "a eq 'x' 'y'", strings.Repeat("(", 100) + "a", strings.Repeat("not ", 100) + "a",
		strings.Repeat("tolower(", 100) + "a",
	} {
		if f, err := ParseFilter(filter); err == nil {
			t.Errorf("%q: got %v, want an error", filter, f)
		}
	}
}

// FuzzFilter reads arbitrary conditions. One that was read can be used.
func FuzzFilter(f *testing.F) {
	for _, filter := range []string{"a eq 'x'", "not (b/c ne null or contains(tolower(a),'''')) and e ge 2", "f lt 2020-01-01"} {
		f.Add(filter)
	}
	f.Fuzz(func(_ *testing.T, filter string) {
		if f, err := ParseFilter(filter); err == nil {
			f.Match(func(path string) any { return path })
		}
	})
}
