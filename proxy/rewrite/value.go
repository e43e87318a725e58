// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import "bytes"

// A value is a JSON object or array that is skipped.
type value struct {
	depth   int // open brackets
	quoted  bool
	escaped bool // the last byte was a backslash that escapes the next
}

func (v *value) closed() bool { return v.depth <= 0 }

// skip goes on to the end of the value, or of b. The first byte of the value is
// its bracket.
func (v *value) skip(b []byte, i int) int {
	for i < len(b) {
		if v.quoted {
			i = v.skipString(b, i, '"')
			continue
		}
		switch b[i] {
		case '"':
			v.quoted = true
		case '{', '[':
			v.depth++
		case '}', ']':
			v.depth--
			if v.depth <= 0 {
				return i + 1
			}
		}
		i++
	}
	return i
}

// skipString goes on after the string's last quote, which is one of that kind, or to
// the end of b. At the end of a body b may be empty.
func (v *value) skipString(b []byte, i int, quote byte) int {
	if i >= len(b) {
		return i
	}
	if v.escaped {
		v.escaped = false
		i++
	}
	text := b[i:]
	for n := 0; ; n++ {
		k := bytes.IndexByte(text[n:], quote)
		if k < 0 {
			v.escaped = endsInEscape(text)
			return len(b)
		}
		n += k
		if !endsInEscape(text[:n]) {
			v.quoted = false
			return i + n + 1
		}
	}
}

// endsInEscape reports whether what follows the text is escaped by its last byte.
func endsInEscape(text []byte) bool {
	n := 0
	for n < len(text) && text[len(text)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}
