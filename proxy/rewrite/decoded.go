// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

// A decoded is the text that a raw piece of a body stands for, and where in the
// raw piece each byte of the text comes from.
type decoded struct {
	text []byte

	// from holds, for each byte of the text and for its end, where its spelling
	// begins in the raw piece, or -1 inside of a character. It is empty if text
	// and raw piece are the same bytes, which is nearly always.
	from []int32

	// firm is how much of the text, from its beginning on, is spelled so that
	// it stays what it is whatever follows. "&" is not: "amp;" may follow.
	firm int

	own []byte // text, where it is not the raw piece itself
}

// same makes the text the raw piece itself.
func (d *decoded) same(raw []byte) {
	d.text, d.from, d.firm = raw, d.from[:0], len(raw)
}

// begin starts a text that differs from its raw piece.
func (d *decoded) begin() {
	d.own, d.from, d.firm = d.own[:0], d.from[:0], -1
}

// add appends text that is spelled from that place of the raw piece on.
func (d *decoded) add(text string, from int, firm bool) {
	if !firm && d.firm < 0 {
		d.firm = len(d.own)
	}
	d.own = append(d.own, text...)
	d.from = append(d.from, int32(from))
	for range len(text) - 1 {
		d.from = append(d.from, -1)
	}
}

// finish ends the text where the raw piece ends.
func (d *decoded) finish(raw []byte) {
	d.from = append(d.from, int32(len(raw)))
	d.text = d.own
	if d.firm < 0 {
		d.firm = len(d.own)
	}
}

// common splits a new text in what can be written as it was, at its head and at
// its tail, and what is between and must be spelled anew.
func (d *decoded) common(raw, new []byte) (head, tail, middle []byte) {
	old := d.text
	n := 0
	for n < d.firm && n < len(new) && old[n] == new[n] {
		n++
	}
	m := 0
	for m < len(old)-n && m < len(new)-n && old[len(old)-1-m] == new[len(new)-1-m] {
		m++
	}
	if len(d.from) == 0 {
		return raw[:n], raw[len(raw)-m:], new[n : len(new)-m]
	}
	for d.from[n] < 0 {
		n--
	}
	for d.from[len(old)-m] < 0 {
		m--
	}
	return raw[:d.from[n]], raw[d.from[len(old)-m]:], new[n : len(new)-m]
}

// reset gives up what the text refers to and keeps the buffers, unless they are
// large.
func (d *decoded) reset() decoded {
	if cap(d.own) > maxKept || 4*cap(d.from) > maxKept {
		return decoded{}
	}
	return decoded{own: d.own[:0], from: d.from[:0]}
}
