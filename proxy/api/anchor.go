// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"slices"
	"strings"
)

// minAnchor is the shortest part of several hosts that is worth looking for in
// place of each of them. Shorter ones are found in too many other places.
const minAnchor = 6

// anchorsOf returns few strings such that each name holds one of them.
func anchorsOf(names []string) []string {
	var anchors []string
	for len(names) > 0 {
		// The more names share a part, the better; of those, the longest part.
		best, shared := names[0], covered(names, names[0])
		for _, part := range partsOf(names[0]) {
			n := covered(names, part)
			if n > shared || n == shared && len(part) > len(best) {
				best, shared = part, n
			}
		}
		anchors = append(anchors, best)
		names = slices.DeleteFunc(names, func(name string) bool { return strings.Contains(name, best) })
	}
	return anchors
}

// partsOf returns the parts of a name that are long enough for an anchor.
func partsOf(name string) (parts []string) {
	for i := range name {
		for j := i + minAnchor; j <= len(name); j++ {
			parts = append(parts, name[i:j])
		}
	}
	return parts
}

func covered(names []string, part string) (n int) {
	for _, name := range names {
		if strings.Contains(name, part) {
			n++
		}
	}
	return n
}
