// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// The race detector allocates for itself, and makes pools forget.

//go:build !race

package graph_test

import (
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// A body costs an allocation, whatever it holds.
func TestJSONAllocations(t *testing.T) {
	rules := graph.JSONRules{URL: localLink, Context: localLink}
	for _, file := range []string{"pages-list-consumer-2019", "notebooks-list-consumer-2019"} {
		text := readSample(t, "testdata/json/"+file+".json")
		src, buf := strings.NewReader(""), make([]byte, 32<<10)
		got := testing.AllocsPerRun(100, func() {
			src.Reset(text)
			body := rules.Open(src)
			for {
				if _, err := body.Read(buf); err != nil {
					break
				}
			}
		})
		if want := 1.0; got > want {
			t.Errorf("%s: got %v allocations, want %v", file, got, want)
		}
	}
}
