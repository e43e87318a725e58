// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

// longestKept is the length of oneNoteClientUrl, the longest of keptKeys.
const longestKept = 16

// keptKey reports whether a member of that name keeps its value as it is.
func keptKey(name []byte) bool {
	switch string(name) {
	case "title", "name", "displayName", "previewText", "content", "message",
		"oneNoteWebUrl", "oneNoteClientUrl", "@api.url":
		return true
	}
	return false
}

// A lookback reads backwards: the window, then what stood in front of it.
type lookback struct {
	window, past []byte
}

// previous returns the byte before, or 0.
func (l *lookback) previous() (c byte) {
	if n := len(l.window); n > 0 {
		c, l.window = l.window[n-1], l.window[:n-1]
		return c
	}
	if n := len(l.past); n > 0 {
		c, l.past = l.past[n-1], l.past[:n-1]
	}
	return c
}

// significant returns the byte before that is not white space, or 0.
func (l *lookback) significant() byte {
	for {
		if c := l.previous(); jsonClass[c]&jsonSpace == 0 {
			return c
		}
	}
}

// keptKey reports whether the string before is the key of a member whose value
// must not change.
func (l *lookback) keptKey() bool {
	if l.significant() != '"' {
		return false
	}
	var name [longestKept]byte
	for i := len(name); ; i-- {
		c := l.previous()
		if c == '"' {
			// An escaped quote is of the key: it is longer.
			return keptKey(name[i:]) && l.previous() != '\\'
		}
		if i == 0 {
			return false
		}
		name[i-1] = c
	}
}

// A history is the end of what is no longer in the window, with one space for
// any white space. It is as much as a lookback can need: a colon, a key with
// its quotes, and what is before it.
type history struct {
	text [longestKept + 12]byte
	used int // bytes at the end of text
}

func (h *history) bytes() []byte { return h.text[len(h.text)-h.used:] }

// add appends what has been in the window.
func (h *history) add(old []byte) {
	if len(old) == 0 {
		return
	}
	l := lookback{window: old, past: h.bytes()}
	var next history
	for next.used < len(next.text) && len(l.window)+len(l.past) > 0 {
		c := l.previous()
		if jsonClass[c]&jsonSpace != 0 {
			if next.used > 0 && next.bytes()[0] == ' ' {
				continue
			}
			c = ' '
		}
		next.used++
		next.bytes()[0] = c
	}
	*h = next
}
