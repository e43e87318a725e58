// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"strings"
)

// A needle is a host that is looked for, and where it was found last.
//
// bytes.Index looks for the first byte of what it is to find. In a text full of
// words and numbers that is nearly anywhere; a byte that is rare there, such as
// the dot of a host, is found many times as fast.
type needle struct {
	host string
	rare int // the place in host of the byte that is looked for

	at  int // where it was found, or -1
	end int // how far it was looked for in vain
}

// commonness are bytes from the most to the least common in JSON. What is not
// among them is taken for rare.
const commonness = `"eta oinsrhl0123456789dcumfpg-wyb:,/ABCDEFvk_`

func needleFor(host string) needle {
	// Brackets end a piece of text that is searched: of [::1]:8080 only the end
	// is looked for.
	n := needle{host: host[strings.LastIndexAny(host, "{[")+1:], at: -1}
	best := -1
	for i := range len(n.host) {
		rank := strings.IndexByte(commonness, n.host[i])
		if rank < 0 {
			rank = len(commonness)
		}
		if rank > best {
			best, n.rare = rank, i
		}
	}
	return n
}

// next returns where in b[from:to] the host is, or to. What was found, or not
// found, is not looked for again.
func (n *needle) next(b []byte, from, to int) int {
	if n.at >= from {
		return min(n.at, to)
	}
	if to <= n.end || n.host == "" {
		return to
	}
	rest := b[from:to]
	rare, tail := n.host[n.rare], len(n.host)-n.rare
	for i := n.rare; i < len(rest); i++ {
		k := bytes.IndexByte(rest[i:], rare)
		if k < 0 {
			break
		}
		i += k
		if i+tail > len(rest) || n.rare > 0 && rest[i-1] != n.host[n.rare-1] {
			continue
		}
		if begin := i - n.rare; string(rest[begin:i+tail]) == n.host {
			n.at = from + begin
			return n.at
		}
	}
	n.at, n.end = -1, to
	return to
}
