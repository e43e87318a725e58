// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

func TestPreAuthenticatedIsAddedUnlessMentioned(t *testing.T) {
	tests := map[string]string{
		"":                                      "preAuthenticated=true",
		"includeIDs=true":                       "includeIDs=true&preAuthenticated=true",
		"&":                                     "&preAuthenticated=true",
		"a=b&":                                  "a=b&preAuthenticated=true",
		"&$orderby=x":                           "&$orderby=x&preAuthenticated=true",
		"x=%zz&y=+%20":                          "x=%zz&y=+%20&preAuthenticated=true",
		"preAuthenticated=true":                 "preAuthenticated=true",
		"preAuthenticated=false":                "preAuthenticated=false",
		"preauthenticated":                      "preauthenticated",
		"PREAUTHENTICATED=TRUE":                 "PREAUTHENTICATED=TRUE",
		"includeIDs=true,preAuthenticated=true": "includeIDs=true,preAuthenticated=true",
		"includeIDs=true&pre%41uthenticated=no": "includeIDs=true&pre%41uthenticated=no",
		"x=%zz&%70reAuthenticated=no":           "x=%zz&%70reAuthenticated=no",
		"preAuthenticate=true":                  "preAuthenticate=true&preAuthenticated=true",
		"q=p":                                   "q=p&preAuthenticated=true",
	}
	for query, want := range tests {
		if got := withPreAuthenticated(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

// Whatever the query: preAuthenticated is said exactly once more or not at
// all, nothing else changes, and doing it again changes nothing.
func FuzzPreAuthenticated(f *testing.F) {
	for _, seed := range []string{"", "a=b", "&", "preAuthenticated=true", "a=b,PreAuthenticated=1", "%70re%zz", "a&b&"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got := withPreAuthenticated(query)
		added, ok := strings.CutPrefix(got, query)
		if !ok {
			t.Fatalf("got %q, want the query %q in front", got, query)
		}
		switch added {
		case "", "preAuthenticated=true", "&preAuthenticated=true":
		default:
			t.Errorf("got %q added to %q", added, query)
		}
		if added == "" && !strings.Contains(strings.ToLower(percent.Decode(query)+query), "preauthenticated") {
			t.Errorf("nothing was added to %q", query)
		}
		if again := withPreAuthenticated(got); again != got {
			t.Errorf("got %q from %q, want no change", again, got)
		}
	})
}
