// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

// A segment is a piece of a path, decoded once. The key form name('key') makes two
// of them, as name/key does.
type segment struct {
	text string // a word or an id
	key  bool   // text stood in the key form, so it is an id

	// arguments are those of a function, without the parentheses:
	// includePersonalNotebooks=true. Empty parentheses are no arguments.
	arguments string

	end int // where the raw segment ends in the path
}

// is reports whether the segment is a word without arguments, in any case of letters.
func (s segment) is(word string) bool {
	return !s.key && s.arguments == "" && strings.EqualFold(s.text, word)
}

// namespaces are those of the OneNote API and of Microsoft Graph.
var namespaces = [...]string{"Microsoft.OneNote.Api.", "microsoft.graph."}

// action returns the segment's word without the namespace that old clients write in
// front of actions and functions.
func (s segment) action() string {
	for _, namespace := range namespaces {
		if len(s.text) > len(namespace) && strings.EqualFold(s.text[:len(namespace)], namespace) {
			return s.text[len(namespace):]
		}
	}
	return s.text
}

// maxSegments is how many segments the paths have that are mapped often. Longer ones
// are mapped too.
const maxSegments = 12

// splitPath appends the segments of a raw path that begins with a slash. A slash at
// its end is ignored. It reports false for an empty segment, a control character, and
// for parentheses or quoted literals without an end.
func splitPath(dst []segment, path string) (segments []segment, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(path, "/"), "/")
	if !ok {
		return nil, false
	}
	end := 0
	for more := true; more; {
		var raw string
		// Most segments need no second look.
		if i := strings.IndexByte(rest, '/'); i >= 0 && isPlain(rest[:i]) {
			end += 1 + i
			dst, rest = append(dst, segment{text: rest[:i], end: end}), rest[i+1:]
			continue
		}
		if raw, rest, more, ok = cutSegment(rest); !ok {
			return nil, false
		}
		end += 1 + len(raw)
		if dst, ok = appendSegment(dst, percent.Decode(raw), end); !ok {
			return nil, false
		}
	}
	return dst, true
}

// isPlain reports whether a raw segment is not empty and stands for itself.
func isPlain(raw string) bool {
	for i := range len(raw) {
		switch c := raw[i]; {
		case c <= ' ', c >= 0x7f, c == '%', c == '(', c == ')', c == '\'', c == '=', c == ',':
			return false
		}
	}
	return raw != ""
}

// cutSegment cuts the first raw segment off a path, at the first slash that is
// outside of parentheses and quoted literals. It reports false if a literal has no
// end.
func cutSegment(path string) (segment, rest string, more, ok bool) {
	quoted, closed := false, false // in a literal, directly behind one
	previous, depth := byte(0), 0
	for i := 0; i < len(path); i++ {
		c, encoded := path[i], percent.IsEscape(path[i:])
		if encoded {
			c = percent.Decode(path[i : i+3])[0]
			i += 2
		}
		switch {
		case c == '/' && !encoded && !quoted && depth == 0:
			return path[:i], path[i+1:], true, true
		case c == '\'' && quoted:
			quoted, closed = false, true
		case c == '\'':
			// A literal begins where a value may stand. A quotation mark in a literal
			// is doubled, which ends it and lets it go on.
			quoted = closed || previous == '(' || previous == '=' || previous == ','
			closed = false
		default:
			closed = false
			if !quoted {
				depth += nesting(c)
			}
		}
		previous = c
	}
	return path, "", false, !quoted
}

// nesting returns by how much a character changes the depth of parentheses.
func nesting(c byte) int {
	switch c {
	case '(':
		return 1
	case ')':
		return -1
	}
	return 0
}

// appendSegment appends a decoded segment, split into its word and key.
func appendSegment(segments []segment, decoded string, end int) ([]segment, bool) {
	if decoded == "" || strings.ContainsFunc(decoded, isControl) {
		return nil, false
	}
	name, arguments, found := strings.Cut(decoded, "(")
	if !found {
		return append(segments, segment{text: decoded, end: end}), true
	}
	arguments, found = strings.CutSuffix(arguments, ")")
	if !found || name == "" {
		return nil, false
	}
	if key, ok := literal(arguments); ok {
		return append(segments, segment{text: name, end: end}, segment{text: key, key: true, end: end}), true
	}
	return append(segments, segment{text: name, arguments: arguments, end: end}), true
}

// literal returns the text of a quoted literal.
func literal(s string) (text string, ok bool) {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		return "", false
	}
	s = s[1 : len(s)-1]
	text = strings.ReplaceAll(s, "''", "'")
	if strings.Count(s, "'") != 2*strings.Count(text, "'") { // one that is not doubled
		return "", false
	}
	return text, true
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }
