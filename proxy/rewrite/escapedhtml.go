// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"unicode/utf16"
)

// rewriteEscaped replaces the URLs in a string of HTML from i on. It reports false
// where b ends before the string does.
func (s *embeddedScanner) rewriteEscaped(b []byte, i int, end bool) (next int, closed bool) {
	s.keepUndecided()
	i = s.unescape(b, i, end)
	closed = i < len(b) && b[i] == s.quote
	for !s.full() {
		e := &s.html.next(s.text, s.textAt, closed || end)[0]
		begin := s.begin + escapedLength(b[s.begin:i], e.pass)
		s.begin = begin
		s.textAt += e.pass + e.cut
		if !e.changes() {
			break
		}
		past := begin + escapedLength(b[begin:i], e.cut)
		s.change(begin, past, s.escape(e.text, b[begin:past]))
	}
	if s.full() {
		return i, true
	}
	if closed {
		return s.closeString(i), true
	}
	return i, false
}

// unescape appends the string's text to the HTML, up to its last quote or to the
// end of b. An escape that b cuts off is left for later.
func (s *embeddedScanner) unescape(b []byte, i int, end bool) (next int) {
	for i < len(b) {
		n := bytes.IndexByte(b[i:], s.quote)
		if n < 0 {
			n = len(b) - i
		}
		if k := bytes.IndexByte(b[i:i+n], '\\'); k >= 0 {
			n = k
		}
		s.text = append(s.text, b[i:i+n]...)
		if i += n; i == len(b) || b[i] == s.quote {
			return i
		}
		if !end && isPartOfEscape(b[i:]) {
			return i
		}
		text, n := lenientEscape(b[i:])
		s.text = append(s.text, text...)
		i += n
	}
	return i
}

// escapedLength returns how long the text is, with its escapes, that stands for the
// first n bytes. HTML is not cut within a character, so n is not within an escape.
func escapedLength(raw []byte, n int) int {
	i := 0
	for n > 0 && i < len(raw) {
		k := bytes.IndexByte(raw[i:min(len(raw), i+n)], '\\')
		if k < 0 {
			return i + n
		}
		text, size := lenientEscape(raw[i+k:])
		i += k + size
		n -= k + len(text)
	}
	return i
}

// lenientEscape is jsonEscape with the escape for the quote that is none in JSON.
func lenientEscape(raw []byte) (text string, n int) {
	if len(raw) > 1 && raw[1] == '\'' {
		return "'", 2
	}
	return jsonEscape(raw)
}

// isPartOfEscape reports whether raw, which begins with a backslash, may be too short
// to hold the whole escape.
func isPartOfEscape(raw []byte) bool {
	const unit = len(`\u0000`)
	switch {
	case len(raw) == 1:
		return true
	case raw[1] != 'u':
		return false
	case len(raw) < unit:
		return true
	}
	rest := raw[unit:]
	return utf16.IsSurrogate(codeUnit(raw)) && len(rest) < unit && (len(rest) == 0 || rest[0] == '\\')
}

// escape returns text as it is written into the string in place of raw.
func (s *embeddedScanner) escape(text, raw []byte) []byte {
	begin := len(s.out)
	escapeSlash := bytes.Contains(raw, escapedSlash)
	for {
		n := -1
		if s.quote == '\'' {
			n = bytes.IndexByte(text, '\'')
		}
		if n < 0 {
			s.out = appendJSON(s.out, text, escapeSlash)
			return s.out[begin:]
		}
		s.out = appendJSON(s.out, text[:n], escapeSlash)
		s.out = append(s.out, `\u0027`...)
		text = text[n+1:]
	}
}
