// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"encoding/base64"
)

// bodyStart is how much of a batch's body is looked at to tell whether it is a
// page.
const bodyStart = 64

// openBody decides what the string is whose text begins with b. It reports false
// where b is too short to tell.
func (s *embeddedScanner) openBody(b []byte, end bool) bool {
	i := 0
	var text []byte
	for i < len(b) && i < bodyStart && b[i] != s.quote {
		if b[i] != '\\' {
			text = append(text, b[i])
			i++
			continue
		}
		if isPartOfEscape(b[i:]) && !end {
			break
		}
		t, n := lenientEscape(b[i:])
		text = append(text, t...)
		i += n
	}
	if i < bodyStart && (i == len(b) || b[i] != s.quote) && !end {
		return false
	}
	switch {
	case beginsMarkup(text):
		s.state = inEscaped
	case beginsMarkup(decodedStart(text)):
		s.state = inBase64
		s.base64 = base64Text{plain: s.base64.plain[:0]}
	default:
		s.skipRest()
	}
	return true
}

// beginsMarkup reports whether a text begins like a page.
func beginsMarkup(text []byte) bool {
	text = bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\uFEFF")), " \t\r\n")
	return len(text) > 0 && text[0] == '<'
}

// decodedStart decodes the beginning of a text in base64, or returns nothing where
// it is not in base64.
func decodedStart(text []byte) []byte {
	var b base64Text
	var plain []byte
	for _, c := range text {
		if !b.add(c, &plain) {
			return nil
		}
	}
	return plain
}

// A base64Text is a text in base64 that is decoded and encoded again, in the
// alphabet and with the padding that it came with.
type base64Text struct {
	group   [4]byte // characters of a group that is not complete
	n       int
	padding int
	read    int // decoded bytes so far

	// alphabet is the first character that only one of the two alphabets has,
	// once it was read, and mark is how much had been read before it.
	alphabet byte
	mark     int

	// changed says that something was changed. From there on the text is encoded
	// again; in front of it each character stays.
	changed bool
	plain   []byte // decided, and not yet encoded, or of a group that is not whole
}

// sextets are the values of the characters in both alphabets, plus one.
var sextets = func() (t [256]uint8) {
	for i := range 62 {
		t["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[i]] = uint8(i + 1)
	}
	t['+'], t['-'] = 63, 63
	t['/'], t['_'] = 64, 64
	return t
}()

// add decodes one more character. It reports false if that is not base64.
func (b *base64Text) add(c byte, text *[]byte) bool {
	switch v := sextets[c]; {
	case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		return true
	case c == '=' && b.n+b.padding < 4 && b.n >= 2:
		b.padding++
		return true
	case v == 0 || b.padding > 0:
		return false
	case v > 62 && b.alphabet == 0 && !b.changed:
		b.alphabet, b.mark = c, b.read
	}
	b.group[b.n] = c
	if b.n++; b.n == len(b.group) {
		b.decode(text)
	}
	return true
}

// decode appends what the characters of the group stand for.
func (b *base64Text) decode(text *[]byte) {
	var x uint32
	for _, c := range b.group[:b.n] {
		x = x<<6 | uint32(sextets[c]-1)
	}
	x <<= 6 * (4 - b.n)
	whole := [...]byte{byte(x >> 16), byte(x >> 8), byte(x)}
	*text = append(*text, whole[:b.n*6/8]...)
	b.read += b.n * 6 / 8
	b.n = 0
}

// change makes all that follows be encoded, after a change that ends where that
// much had been read. The alphabet must be known by then, so that it does not depend
// on how far ahead was read.
func (b *base64Text) change(at int) {
	if !b.changed && b.mark > at {
		b.alphabet = 0
	}
	b.changed = true
}

// encode appends the text that is complete in base64. At the end it is all of it.
func (b *base64Text) encode(dst []byte, end, pad bool) []byte {
	encoding := base64.StdEncoding
	if b.alphabet == '-' || b.alphabet == '_' {
		encoding = base64.URLEncoding
	}
	if !pad {
		encoding = encoding.WithPadding(base64.NoPadding)
	}
	n := len(b.plain)
	if !end {
		n -= n % 3
	}
	dst = encoding.AppendEncode(dst, b.plain[:n])
	b.plain = b.plain[:copy(b.plain, b.plain[n:])]
	return dst
}

// groupsLength returns how long the first n groups are as they are written.
func groupsLength(raw []byte, n int) int {
	i := 0
	for chars := 4 * n; chars > 0 && i < len(raw); {
		c, size := raw[i], 1
		if c == '\\' {
			var text string
			text, size = lenientEscape(raw[i:])
			c = text[0]
		}
		if sextets[c] != 0 {
			chars--
		}
		i += size
	}
	return i
}

// rewriteBase64 replaces the URLs in a string of HTML in base64 from i on. It
// reports false where b ends before the string does.
func (s *embeddedScanner) rewriteBase64(b []byte, i int, end bool) (next int, more bool) {
	s.keepUndecided()
	i, valid := s.decodeBase64(b, i, end)
	closed := valid && i < len(b) && b[i] == s.quote
	last := closed || end || !valid
	t := &s.base64
	pad := !valid || t.padding > 0 || t.n == 0 && t.alphabet != '-' && t.alphabet != '_'
	if last && valid && t.n > 1 {
		t.decode(&s.text)
	}
	s.rewriteText(b, last)
	next = i
	if t.changed {
		out := len(s.out)
		s.out = t.encode(s.out, last, pad)
		if last {
			s.out = append(s.out, t.group[:t.n]...) // of no meaning
		}
		if closed {
			// With the quote: behind the last edit nothing is decided.
			s.out = append(s.out, s.quote)
			next++
		}
		if next > s.begin || len(s.out) > out {
			s.change(s.begin, next, s.out[out:])
		}
	}
	switch {
	case closed:
		return s.closeString(i), true
	case last:
		s.closeString(i)
		s.begin = i
		s.skipRest()
		return i, true
	}
	return i, false
}

// decodeBase64 appends the string's text to the HTML, up to its last quote, to the
// end of b, or to what is no base64. An escape that b cuts off is left for later.
func (s *embeddedScanner) decodeBase64(b []byte, i int, end bool) (next int, valid bool) {
	for i < len(b) && b[i] != s.quote {
		c, n := b[i], 1
		if c == '\\' {
			if isPartOfEscape(b[i:]) && !end {
				return i, true
			}
			var text string
			text, n = lenientEscape(b[i:])
			c = text[0]
		}
		if !s.base64.add(c, &s.text) {
			return i, false
		}
		i += n
	}
	return i, true
}

// rewriteText replaces the URLs in the HTML that was decoded.
func (s *embeddedScanner) rewriteText(b []byte, last bool) {
	t := &s.base64
	for {
		e := &s.html.next(s.text, s.textAt, last)[0]
		t.plain = append(t.plain, s.text[s.textAt:s.textAt+e.pass]...)
		if !t.changed {
			groups := len(t.plain) / 3
			s.begin += groupsLength(b[s.begin:], groups)
			t.plain = t.plain[:copy(t.plain, t.plain[3*groups:])]
		}
		s.textAt += e.pass + e.cut
		if !e.changes() {
			return
		}
		t.change(t.read - (len(s.text) - s.textAt))
		t.plain = append(t.plain, e.text...)
	}
}
