// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
)

// replacement is what stands for what cannot be.
const replacement = string(utf8.RuneError)

// longestReference is the length of &CounterClockwiseContourIntegral; and no
// named reference is longer.
const longestReference = 33

// html decodes an attribute value: character references, NUL and new lines, as
// the HTML standard does. It reports false if there are too many.
func (d *decoded) html(raw []byte) bool {
	if isPlain(raw) {
		d.same(raw)
		return true
	}
	d.begin()
	from := 0
	for i := indexSign(raw); i >= 0 && len(d.signs) <= maxSigns; i = indexSign(raw[from:]) {
		d.plain(raw[from : from+i])
		from += i
		text, n, firm := htmlSign(raw[from:])
		d.sign(text, from, from+n, firm)
		from += n
	}
	d.plain(raw[from:])
	return d.finish()
}

// isPlain reports whether a value stands for itself.
func isPlain(raw []byte) bool {
	if len(raw) < 32 {
		return indexSign(raw) < 0
	}
	return bytes.IndexByte(raw, '&') < 0 && bytes.IndexByte(raw, 0) < 0 && bytes.IndexByte(raw, '\r') < 0
}

// indexSign returns the first place in a value that may not stand for itself.
func indexSign(raw []byte) int {
	for i, c := range raw {
		if class[c]&special != 0 {
			return i
		}
	}
	return -1
}

// htmlSign returns what the value's beginning stands for, how long that is, and
// whether it keeps its meaning whatever is written after it.
func htmlSign(raw []byte) (text string, n int, firm bool) {
	switch raw[0] {
	case 0:
		return replacement, 1, true
	case '\r':
		if len(raw) > 1 && raw[1] == '\n' {
			return "\n", 2, true
		}
		return "\n", 1, false
	}
	return htmlReference(raw)
}

// htmlReference resolves the reference that begins with this "&", if it is one.
func htmlReference(raw []byte) (text string, n int, firm bool) {
	if len(raw) > 4 && string(raw[:5]) == "&amp;" {
		return "&", 5, true
	}
	if len(raw) > 1 && raw[1] == '#' {
		return numericReference(raw)
	}
	n = 1
	for n < len(raw) && n < longestReference && ascii.IsAlphanumeric(raw[n]) {
		n++
	}
	if n == 1 {
		return "&", 1, false
	}
	if n < len(raw) && raw[n] == ';' {
		n++
		firm = true
	} else if n < len(raw) && (raw[n] == '=' || ascii.IsAlphanumeric(raw[n])) {
		// In attributes the old references without a semicolon do not count
		// before these: href="?a=1&copy=2".
		return "&", 1, false
	}
	text = html.UnescapeString(string(raw[:n]))
	// In text "&notit;" is "¬it;", in attributes it is what it is. What the
	// name's own end is left of was not resolved as a whole.
	if text != ";" && text[len(text)-1] == raw[n-1] {
		return "&", 1, false
	}
	return text, n, firm
}

// numericReference resolves "&#38;" and "&#x26;".
func numericReference(raw []byte) (text string, n int, firm bool) {
	n = 2
	base := rune(10)
	if n < len(raw) && raw[n]|0x20 == 'x' {
		base = 16
		n++
	}
	first, x := n, rune(0)
	for n < len(raw) {
		digit := rune(strings.IndexByte("0123456789abcdef", raw[n]|0x20))
		if raw[n] < '0' || digit < 0 || digit >= base {
			break
		}
		if x <= utf8.MaxRune {
			x = x*base + digit
		}
		n++
	}
	if n == first {
		return "&", 1, false
	}
	text = numbered(x)
	if n < len(raw) && raw[n] == ';' {
		return text, n + 1, true
	}
	return text, n, false
}

// numbered returns the character that a numeric reference stands for.
func numbered(x rune) string {
	switch {
	case x == 0 || x > utf8.MaxRune:
		return replacement
	case 0x80 <= x && x <= 0x9F:
		// The library knows what the standard makes of these.
		return html.UnescapeString("&#" + strconv.Itoa(int(x)) + ";")
	}
	return string(x) // U+FFFD for half of a surrogate pair
}
