// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// maxSigns is how many references or escapes a URL may hold that is looked at.
// None of the API's comes near; it bounds what an odd one can take.
const maxSigns = 1 << 10

// A decoded is the text that a raw piece of a body stands for, and how the two
// correspond.
type decoded struct {
	text []byte

	// signs are the places where the text is not spelled as itself. If there
	// are none, which is nearly always, text and raw piece are the same bytes.
	signs []sign

	// firm is how much of the text, from its beginning on, is spelled so that
	// it stays what it is whatever follows. "&" is not: "amp;" may follow.
	firm int

	own []byte // text, where it is not the raw piece itself
}

// A sign is a reference or an escape: raw[raw:rawEnd] stands for
// text[text:textEnd].
type sign struct{ raw, rawEnd, text, textEnd int }

// same makes the text the raw piece itself.
func (d *decoded) same(raw []byte) {
	d.text, d.signs, d.firm = raw, d.signs[:0], len(raw)
}

// begin starts a text that differs from its raw piece.
func (d *decoded) begin() {
	d.own, d.signs, d.firm = d.own[:0], d.signs[:0], -1
}

// plain appends text that is spelled as itself.
func (d *decoded) plain(raw []byte) { d.own = append(d.own, raw...) }

// sign appends text that is spelled as raw[from:to].
func (d *decoded) sign(text string, from, to int, firm bool) {
	if !firm && d.firm < 0 {
		d.firm = len(d.own)
	}
	begin := len(d.own)
	d.own = append(d.own, text...)
	d.signs = append(d.signs, sign{raw: from, rawEnd: to, text: begin, textEnd: len(d.own)})
}

// finish ends the text. It reports false if there was too much to it.
func (d *decoded) finish() bool {
	d.text = d.own
	if d.firm < 0 {
		d.firm = len(d.own)
	}
	return len(d.signs) <= maxSigns
}

// whiteSpace is what may stand around a URL.
const whiteSpace = " \t\n\f\r"

// trimmed returns the text without the white space around it, and how long that
// is before it. White space of the raw piece itself is none of the text's: what
// is left is written as references.
func (d *decoded) trimmed() (text []byte, lead int) {
	if len(d.signs) == 0 {
		return d.text, 0
	}
	text = bytes.TrimLeft(d.text, whiteSpace)
	lead = len(d.text) - len(text)
	return bytes.TrimRight(text, whiteSpace), lead
}

// common splits a new text in what can be written as it was, at its head and at
// its tail, and what is between and must be spelled again.
func (d *decoded) common(raw, next []byte) (head, tail, middle []byte) {
	old := d.text
	n := commonPrefix(old[:d.firm], next)
	for n > 0 && n < len(old) && !utf8.RuneStart(old[n]) {
		n-- // no character is cut in two
	}
	m := commonSuffix(old[n:], next[n:])
	for m > 0 && !utf8.RuneStart(old[len(old)-m]) {
		m--
	}
	if len(d.signs) == 0 {
		return raw[:n], raw[len(raw)-m:], next[n : len(next)-m]
	}
	rawN, n := d.spelling(n, false)
	rawM, end := d.spelling(len(old)-m, true)
	return raw[:rawN], raw[rawM:], next[n : len(next)-(len(old)-end)]
}

// spelling returns where the spelling of text[at:] begins. Inside of a sign that
// is nowhere; then it is where the sign begins, or ends, and at is that place.
func (d *decoded) spelling(at int, after bool) (raw, text int) {
	raw = at
	for _, s := range d.signs {
		switch {
		case at <= s.text:
			return raw, at
		case at < s.textEnd && after:
			return s.rawEnd, s.textEnd
		case at < s.textEnd:
			return s.raw, s.text
		}
		raw = s.rawEnd + at - s.textEnd
	}
	return raw, at
}

// size returns how many bytes the buffers take.
func (d *decoded) size() int {
	const sizeOfSign = 32
	return cap(d.own) + sizeOfSign*cap(d.signs)
}

// emptied returns the buffers without what they are of.
func (d *decoded) emptied() decoded { return decoded{own: d.own[:0], signs: d.signs[:0]} }

// commonPrefix returns how much a and b have in common at their beginning.
func commonPrefix(a, b []byte) int {
	n := 0
	for len(a) >= 32 && len(b) >= 32 && string(a[:32]) == string(b[:32]) {
		a, b = a[32:], b[32:]
		n += 32
	}
	for len(a) >= 8 && len(b) >= 8 {
		if x := binary.LittleEndian.Uint64(a) ^ binary.LittleEndian.Uint64(b); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
		a, b = a[8:], b[8:]
		n += 8
	}
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		n++
	}
	return n
}

// commonSuffix returns how much a and b have in common at their end.
func commonSuffix(a, b []byte) int {
	n := 0
	for len(a) >= 8 && len(b) >= 8 && string(a[len(a)-8:]) == string(b[len(b)-8:]) {
		a, b = a[:len(a)-8], b[:len(b)-8]
		n += 8
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
		n++
	}
	return n
}
