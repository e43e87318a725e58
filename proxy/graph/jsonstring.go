// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"unicode/utf16"
	"unicode/utf8"
)

// isPlainJSON reports whether what stands in a string of JSON stands for itself.
func isPlainJSON(raw []byte) bool {
	for _, c := range raw {
		if c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendPlainJSON resolves the escapes of what stands in a string of JSON. It reports
// false if it is not valid: then it must not be written in another way, or it
// would become so.
func appendPlainJSON(dst, raw []byte) ([]byte, bool) {
	if !utf8.Valid(raw) {
		return dst, false
	}
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c < ' ' {
			return dst, false
		}
		if c != '\\' {
			dst = append(dst, c)
			continue
		}
		if i++; i == len(raw) {
			return dst, false
		}
		if raw[i] != 'u' {
			plain, ok := unescapedJSON(raw[i])
			if !ok {
				return dst, false
			}
			dst = append(dst, plain)
			continue
		}
		r, ok := hexOfJSON(raw[i+1:])
		if !ok {
			return dst, false
		}
		i += 4
		if utf16.IsSurrogate(r) {
			low, ok := lowSurrogateOfJSON(raw[i+1:])
			if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
				r = pair
				i += 6
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, true
}

// unescapedJSON returns what a backslash and c stand for.
func unescapedJSON(c byte) (plain byte, ok bool) {
	switch c {
	case '"', '\\', '/':
		return c, true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	}
	return 0, false
}

// hexOfJSON returns the number that b begins with.
func hexOfJSON(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// lowSurrogateOfJSON returns the character that b begins with, if it is written with \u.
func lowSurrogateOfJSON(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	return hexOfJSON(b[2:])
}

// appendJSONText writes text into a string of JSON.
func appendJSONText(dst, text []byte, escapeSlash bool) []byte {
	const hex = "0123456789abcdef"
	from := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' && (c != '/' || !escapeSlash) {
			continue
		}
		dst = append(dst, text[from:i]...)
		from = i + 1
		if c < ' ' {
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			dst = append(dst, '\\', c)
		}
	}
	return append(dst, text[from:]...)
}
