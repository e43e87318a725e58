// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
)

type kind int

const (
	endToken    kind = iota
	wordToken        // name, eq, $select, Microsoft.OneNote.Api.UserRole
	stringToken      // 'it''s'
	valueToken       // 12, -1.5, 2015-07-01T10:00:00Z, a GUID
	signToken        // one of ( ) , ; = / : * -
)

// A token is a piece of a value.
type token struct {
	kind  kind
	text  string // changed where a name changes
	pos   int    // where it begins in the value
	end   int    // where it ends in the value
	space bool   // a space is in front of it
}

func (t token) isSign(sign byte) bool { return t.kind == signToken && t.text[0] == sign }

func (t token) isWord(word string) bool {
	return t.kind == wordToken && strings.EqualFold(t.text, word)
}

// tokenize splits a decoded value into tokens. The last one is an endToken.
func tokenize(value string) ([]token, *Error) {
	tokens := make([]token, 0, 16)
	for i := 0; ; {
		begin := i
		for i < len(value) && value[i] == ' ' {
			i++
		}
		t := token{pos: i, space: i > begin}
		if i == len(value) {
			t.end = i
			return append(tokens, t), nil
		}
		var err *Error
		if t.kind, t.end, err = scan(value, i); err != nil {
			return nil, err
		}
		t.text = value[i:t.end]
		tokens = append(tokens, t)
		i = t.end
	}
}

// scan returns the kind and the end of the token that begins at i.
func scan(value string, i int) (k kind, end int, err *Error) {
	c := value[i]
	switch {
	case c == '\'':
		return scanString(value, i)
	case isGUID(value[i:]):
		return valueToken, i + guidLength, nil
	case isDigit(c), c == '-' && i+1 < len(value) && isDigit(value[i+1]):
		end = i + 1 + span(value[i+1:], isValueByte)
		if !isValue(value[i:end]) {
			return 0, 0, &Error{Pos: i, Message: strconv.Quote(value[i:end]) + " is no number, date or GUID"}
		}
		return valueToken, end, nil
	case isWordByte(c) || c == '$':
		return wordToken, i + 1 + span(value[i+1:], isWordByte), nil
	case strings.IndexByte("(),;=/:*-", c) >= 0:
		return signToken, i + 1, nil
	}
	r, _ := utf8.DecodeRuneInString(value[i:])
	return 0, 0, &Error{Pos: i, Message: "unexpected " + strconv.QuoteRune(r)}
}

// scanString finds the end of a quoted literal. A quotation mark inside is doubled.
func scanString(value string, begin int) (kind, int, *Error) {
	for i := begin + 1; ; i += 2 {
		n := strings.IndexByte(value[i:], '\'')
		if n < 0 {
			return 0, 0, &Error{Pos: begin, Message: "a quoted text without an end (a quotation mark in a text is doubled)"}
		}
		if i += n; !strings.HasPrefix(value[i+1:], "'") {
			return stringToken, i + 1, nil
		}
	}
}

// span returns how many bytes at the beginning of s are in the set.
func span(s string, in func(byte) bool) int {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWordByte(c byte) bool { return ascii.IsAlphanumeric(c) || c == '_' || c == '.' }

func isValueByte(c byte) bool { return isWordByte(c) || c == ':' || c == '+' || c == '-' }

const guidLength = 36

// isGUID reports whether s begins with a GUID, and no word goes on behind it.
func isGUID(s string) bool {
	if len(s) < guidLength || len(s) > guidLength && isValueByte(s[guidLength]) {
		return false
	}
	for i := range guidLength {
		c := s[i]
		isHyphen := i == 8 || i == 13 || i == 18 || i == 23
		isHex := isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f'
		if isHyphen != (c == '-') || !isHyphen && !isHex {
			return false
		}
	}
	return true
}

// isValue reports whether s is a number, a date, a time, or both with a zone.
func isValue(s string) bool {
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return !strings.ContainsAny(s, "xX_pP")
	}
	for _, layout := range [...]string{
		"0000-00-00", "0000-00-00T00:00", "0000-00-00T00:00:00", "00:00", "00:00:00",
	} {
		if len(s) >= len(layout) && hasLayout(s[:len(layout)], layout) && isEndOfTime(s[len(layout):], strings.Contains(layout, ":00:00"), strings.Contains(layout, "T")) {
			return true
		}
	}
	return false
}

// hasLayout reports whether s has a digit where layout has 0, and else is layout.
func hasLayout(s, layout string) bool {
	for i := range len(layout) {
		if layout[i] == '0' && !isDigit(s[i]) || layout[i] != '0' && s[i] != layout[i] {
			return false
		}
	}
	return true
}

// isEndOfTime reports whether s may stand behind a time: a fraction of its seconds,
// and a zone.
func isEndOfTime(s string, hasSeconds, hasZone bool) bool {
	if hasSeconds && strings.HasPrefix(s, ".") {
		n := span(s[1:], isDigit)
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	switch {
	case s == "":
		return true
	case !hasZone:
		return false
	case s == "Z", s == "z":
		return true
	}
	return len(s) == len("+00:00") && (hasLayout(s, "+00:00") || hasLayout(s, "-00:00"))
}

// render writes tokens as a value, with one space where there was space.
func render(tokens []token) string {
	var b strings.Builder
	for i, t := range tokens {
		if t.space && b.Len() > 0 && t.kind != endToken && (i == 0 || t.text != "") {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}
