// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import "testing"

// The names of properties stand in two tables: queries look for those of the OneNote
// API in any case of letters, bodies for those of Graph in each member of a list.
func TestQueriesAndBodiesRenameTheSameProperties(t *testing.T) {
	renamed := make(map[string]bool)
	for _, p := range properties {
		if p.graph == "" || p.graph == p.legacy {
			continue
		}
		renamed[p.graph] = true
		if got, want := memberOf([]byte(p.graph), false).rename, `"`+p.legacy+`"`; got != want {
			t.Errorf("%s: queries name it %s, bodies %s", p.graph, want, got)
		}
	}
	for _, p := range properties {
		if got := memberOf([]byte(p.graph), false).rename; got != "" && !renamed[p.graph] {
			t.Errorf("%s: bodies name it %s, queries do not", p.graph, got)
		}
	}
	if len(renamed) != 5 {
		t.Errorf("got %d names that differ, want 5", len(renamed))
	}
}
