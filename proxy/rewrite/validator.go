// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import "unicode/utf8"

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
	if whole := wholeRunes(p[i:]); utf8.Valid(p[i : i+whole]) {
		i += whole
	}
	for i < len(p) {
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
	return i
}

// wholeRunes returns the length of p without a character that its end cuts in
// two, if there is one.
func wholeRunes(p []byte) int {
	for i := len(p) - 1; i >= max(0, len(p)-utf8.UTFMax); i-- {
		if utf8.RuneStart(p[i]) {
			if !utf8.FullRune(p[i:]) {
				return i
			}
			break
		}
	}
	return len(p)
}
