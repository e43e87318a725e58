// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// The race detector allocates for itself, and makes pools forget.

//go:build !race

package rewrite

import (
	"strings"
	"testing"
)

// Reading a page allocates its Reader and nothing else, however long it is.
func TestReaderAllocatesNothingWhileReading(t *testing.T) {
	page := strings.Repeat(`<p style="a">text</p><img src="p:a&amp;b" data-src-type="c"><object data="l:a">`, 2000)
	list := `[` + strings.Repeat(`{"title":"a","self":"https://api.example/api/a","b":"https:\/\/api.example\/api\/","oneNoteWebUrl":{"href":"x"}},`, 2000) + `1]`
	p := make([]byte, 32<<10)
	src := new(strings.Reader)
	for _, test := range []struct {
		name string
		text string
		open func() *Reader
	}{
		{"HTML", page, func() *Reader { return HTML(src, rules) }},
		{"JSON", list, func() *Reader { return JSON(src, testHosts, local) }},
	} {
		got := testing.AllocsPerRun(20, func() {
			src.Reset(test.text)
			r := test.open()
			for {
				if _, err := r.Read(p); err != nil {
					break
				}
			}
			r.Close()
		})
		// One more now and then: a garbage collection empties the pools.
		if got > 2 {
			t.Errorf("%s: got %v allocations, want 1", test.name, got)
		}
	}
}
