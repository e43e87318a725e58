// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Classes of bytes in JSON.
const (
	jsonSpace   uint8 = 1 << iota
	notHost           // ends a URL's host and port
	jsonEscaped       // is escaped in strings, or may be
)

var jsonClass = func() (t [256]uint8) {
	for c := range 0x20 {
		t[c] = notHost | jsonEscaped
	}
	for _, c := range ` /\?#"` {
		t[c] = notHost
	}
	for _, c := range `/\"` {
		t[c] |= jsonEscaped
	}
	for _, c := range " \t\r\n" {
		t[c] |= jsonSpace
	}
	return t
}()

// beginsValue are the bytes after which a string is a value, or, after a comma,
// may be one; 0 is the beginning of the body, 0xBF the end of a byte order mark.
var beginsValue = [256]bool{0: true, 0xBF: true, ':': true, ',': true, '[': true}

// stringEnd returns where the string whose first quote is at open is closed,
// looking from there on, or -1.
func stringEnd(b []byte, open, from int) int {
	for {
		n := bytes.IndexByte(b[from:], '"')
		if n < 0 {
			return -1
		}
		shut := from + n
		if !endsInEscape(b[open+1 : shut]) {
			return shut
		}
		from = shut + 1
	}
}

// authority returns where the host begins of the URL whose scheme begins at i,
// or -1 if that is not http or https. Its slashes may be escaped.
func authority(b []byte, i int) int {
	const http = "http"
	if len(b)-i < len("http://") || b[i+1]|0x20 != 't' || !foldEqual(b[i:i+len(http)], http) {
		return -1
	}
	i += len(http)
	if b[i]|0x20 == 's' {
		i++
	}
	for _, c := range []byte("://") {
		if c == '/' && i < len(b) && b[i] == '\\' {
			i++
		}
		if i == len(b) || b[i] != c {
			return -1
		}
		i++
	}
	return i
}

// appendLower appends ASCII letters in lower case, and all else as it is.
func appendLower(dst, text []byte) []byte {
	for _, c := range text {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// openingAtEnd returns the last quote in b if what follows may be the beginning
// of a URL of which more is to come, or -1. It looks no further back than from.
func openingAtEnd(b []byte, from int) int {
	const longest = maxHost + len(`"https:\/\/`)
	tail := b[max(from, len(b)-longest):]
	open := bytes.LastIndexByte(tail, '"')
	if open < 0 || !beginsURL(tail[open+1:]) {
		return -1
	}
	return len(b) - len(tail) + open
}

// beginsURL reports whether b is a beginning of a URL that ends in or before
// its host.
func beginsURL(b []byte) bool {
	for _, c := range []byte("http") {
		if len(b) == 0 {
			return true
		}
		if b[0]|0x20 != c {
			return false
		}
		b = b[1:]
	}
	if len(b) > 0 && b[0]|0x20 == 's' {
		b = b[1:]
	}
	for _, c := range []byte("://") {
		if len(b) > 0 && b[0] == '\\' && c == '/' {
			b = b[1:]
		}
		if len(b) == 0 {
			return true
		}
		if b[0] != c {
			return false
		}
		b = b[1:]
	}
	for _, c := range b {
		if jsonClass[c]&notHost != 0 {
			return false
		}
	}
	return true
}

// json decodes the text between a string's quotes. It reports false if there
// are too many escapes.
func (d *decoded) json(raw []byte) bool {
	i := bytes.IndexByte(raw, '\\')
	if i < 0 {
		d.same(raw)
		return true
	}
	d.begin()
	from := 0
	for ; i >= 0 && len(d.signs) <= maxSigns; i = bytes.IndexByte(raw[from:], '\\') {
		d.plain(raw[from : from+i])
		from += i
		text, n := jsonEscape(raw[from:])
		d.sign(text, from, from+n, true)
		from += n
	}
	d.plain(raw[from:])
	return d.finish()
}

// jsonEscape returns what the escape at the beginning of raw stands for and how
// long it is. What is no escape stands for itself.
func jsonEscape(raw []byte) (text string, n int) {
	if len(raw) == 1 {
		return `\`, 1
	}
	switch c := raw[1]; c {
	case '"', '\\', '/':
		return string(raw[1:2]), 2
	case 'b':
		return "\b", 2
	case 'f':
		return "\f", 2
	case 'n':
		return "\n", 2
	case 'r':
		return "\r", 2
	case 't':
		return "\t", 2
	case 'u':
		return jsonUnicode(raw)
	}
	return `\`, 1
}

// jsonUnicode is jsonEscape for "\u".
func jsonUnicode(raw []byte) (text string, n int) {
	x := codeUnit(raw)
	if x < 0 {
		return `\`, 1
	}
	if utf16.IsSurrogate(x) {
		if pair := utf16.DecodeRune(x, codeUnit(raw[6:])); pair != utf8.RuneError {
			return string(pair), 12
		}
		return replacement, 6
	}
	return string(x), 6
}

// codeUnit returns the number of the "\uXXXX" at the beginning of raw, or -1.
func codeUnit(raw []byte) rune {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return -1
	}
	x, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(x)
}

var escapedSlash = []byte(`\/`)

// standsForItself reports whether text can be written into a string as it is.
func standsForItself(text []byte, escapeSlash bool) bool {
	for _, c := range text {
		if jsonClass[c]&jsonEscaped != 0 && (c != '/' || escapeSlash) {
			return false
		}
	}
	return true
}

// appendJSON writes text into a string, its slashes as the string has them.
func appendJSON(dst, text []byte, escapeSlash bool) []byte {
	const hex = "0123456789abcdef"
	for _, c := range text {
		switch {
		case jsonClass[c]&jsonEscaped == 0 || c == '/' && !escapeSlash:
			dst = append(dst, c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, '\\', c)
		}
	}
	return dst
}
