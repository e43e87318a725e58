// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"encoding/binary"
	"unicode/utf8"
)

// A validator finds where a text ceases to be UTF-8. Characters may be cut in
// two by the end of a piece.
type validator struct {
	open [utf8.UTFMax]byte // a character whose end is to come
	n    int
}

// valid returns how much of the next piece goes on being UTF-8.
func (v *validator) valid(p []byte) int {
	i := 0
	for v.n > 0 && i < len(p) {
		v.open[v.n] = p[i]
		switch r, size := utf8.DecodeRune(v.open[:v.n+1]); {
		case r == utf8.RuneError && size <= 1 && utf8.FullRune(v.open[:v.n+1]):
			return i
		case utf8.FullRune(v.open[:v.n+1]):
			v.n = 0
		default:
			v.n++
		}
		i++
	}
	for i < len(p) {
		i += asciiPrefix(p[i:])
		for i < len(p) && p[i] >= utf8.RuneSelf {
			if !utf8.FullRune(p[i:]) {
				v.n = copy(v.open[:], p[i:])
				return len(p)
			}
			r, size := utf8.DecodeRune(p[i:])
			if r == utf8.RuneError && size == 1 {
				return i
			}
			i += size
		}
	}
	return i
}

// asciiPrefix returns the length of the text's beginning that is ASCII. It goes
// by words, since most text is nothing else.
func asciiPrefix(p []byte) int {
	const high = 0x8080808080808080
	n := 0
	for len(p)-n >= 64 {
		w := p[n : n+64 : n+64]
		x := binary.LittleEndian.Uint64(w) | binary.LittleEndian.Uint64(w[8:]) |
			binary.LittleEndian.Uint64(w[16:]) | binary.LittleEndian.Uint64(w[24:]) |
			binary.LittleEndian.Uint64(w[32:]) | binary.LittleEndian.Uint64(w[40:]) |
			binary.LittleEndian.Uint64(w[48:]) | binary.LittleEndian.Uint64(w[56:])
		if x&high != 0 {
			break
		}
		n += 64
	}
	for len(p)-n >= 8 && binary.LittleEndian.Uint64(p[n:])&high == 0 {
		n += 8
	}
	for n < len(p) && p[n] < utf8.RuneSelf {
		n++
	}
	return n
}
