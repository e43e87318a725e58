// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

// longestUnchanged is the length of oneNoteClientUrl, the longest of unchangedKeys.
const longestUnchanged = 16

// unchangedKeys are the members whose values stay as they are, by the last byte
// of their names, and with the quote before them.
var unchangedKeys = [256][]string{
	'e': {`"title`, `"name`, `"displayName`, `"message`},
	't': {`"content`, `"previewText`},
	'l': {`"oneNoteWebUrl`, `"oneNoteClientUrl`, `"@api.url`},
}

// endsInUnchangedKey reports whether b, which ends before a key's last quote, ends in
// a key of a member whose value stays. If the quote before the name is an
// escaped one, the key is longer and another.
func endsInUnchangedKey(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	for _, key := range unchangedKeys[b[len(b)-1]] {
		if n := len(b) - len(key); n >= 0 && b[n] == '"' && string(b[n:]) == key {
			return n == 0 || b[n-1] != '\\'
		}
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
	if n := len(l.window); n > 0 && l.window[n-1] > ' ' {
		c := l.window[n-1]
		l.window = l.window[:n-1]
		return c
	}
	for {
		if c := l.previous(); jsonClass[c]&jsonSpace == 0 {
			return c
		}
	}
}

// unchangedKey reports whether the string before is the key of a member whose value
// must not change.
func (l *lookback) unchangedKey() bool {
	if l.significant() != '"' {
		return false
	}
	const enough = longestUnchanged + len(`\"`)
	if len(l.window) >= enough {
		return endsInUnchangedKey(l.window)
	}
	var text [enough]byte
	i := len(text)
	for i > 0 && len(l.window)+len(l.past) > 0 {
		i--
		text[i] = l.previous()
	}
	return endsInUnchangedKey(text[i:])
}

// A history is the end of what is no longer in the window, with one space for
// any white space. It is as much as a lookback can need: a colon, a key with
// its quotes, and what is before it.
type history struct {
	text [longestUnchanged + 12]byte
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
