// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import "bytes"

// A scriptState is how deep in "<!--" and "<script" a script's text is, and how
// many dashes were just seen. "</script>" ends the script in all but the last.
type scriptState struct {
	depth  uint8 // plainScript, escaped, doubleEscaped
	dashes uint8 // 0, 1, or 2 for more
}

const (
	plainScript   uint8 = iota
	escaped             // after "<!--"
	doubleEscaped       // after "<script" in there
)

// skipRaw goes on to the end of the element's text, or of b. It reports false
// and a place if b holds too little from there on to tell.
func (s *htmlScanner) skipRaw(b []byte, i int) (int, bool) {
	if s.state == inScript {
		return s.skipScript(b, i)
	}
	for {
		k := bytes.IndexByte(b[i:], '<')
		if k < 0 {
			return len(b), true
		}
		lt := i + k
		match, known := isEndTag(b[lt+1:], elements[s.element])
		if !known {
			return lt, false
		}
		i = lt + 1
		if match {
			return s.closeRaw(i), true
		}
	}
}

// closeRaw leaves the element's text for its end tag, after whose "<" is i.
func (s *htmlScanner) closeRaw(i int) int {
	i += 1 + len(elements[s.element])
	s.state, s.tag, s.element = inTag, beforeAttribute, other
	return i
}

// isEndTag reports whether b, after a "<", is an end tag of that name; known is
// false if b is too short to tell.
func isEndTag(b []byte, name string) (match, known bool) {
	if len(b) == 0 {
		return false, false
	}
	if b[0] != '/' {
		return false, true
	}
	return hasName(b[1:], name)
}

// skipScript is skipRaw for the text of a script.
func (s *htmlScanner) skipScript(b []byte, i int) (int, bool) {
	for i < len(b) {
		if s.script.depth == plainScript {
			k := bytes.IndexByte(b[i:], '<')
			if k < 0 {
				return len(b), true
			}
			i += k
		}
		c := b[i]
		if c == '<' {
			next, known := s.scriptMarkup(b, i)
			if !known {
				return i, false
			}
			i = next
			if s.state != inScript {
				return i, true
			}
			continue
		}
		i++
		switch {
		case c == '-':
			s.script.dashes = min(s.script.dashes+1, 2)
		case c == '>' && s.script.dashes == 2:
			s.script = scriptState{}
		default:
			s.script.dashes = 0
		}
	}
	return i, true
}

// scriptMarkup looks at what the "<" at lt does to the script and returns where
// to go on; known is false if b is too short to tell.
func (s *htmlScanner) scriptMarkup(b []byte, lt int) (next int, known bool) {
	i := lt + 1
	name := elements[script]
	end, known := isEndTag(b[i:], name)
	if !known {
		return 0, false
	}
	past := i + 1 + len(name) // what follows "</script"
	switch {
	case end && s.script.depth == doubleEscaped:
		s.script = scriptState{depth: escaped}
		return past + 1, true
	case end:
		return s.closeRaw(i), true
	case s.script.depth == plainScript:
		if bytes.HasPrefix(b[i:], scriptEscape) {
			s.script = scriptState{depth: escaped, dashes: 2}
			return i + len(scriptEscape), true
		}
		if bytes.HasPrefix(scriptEscape, b[i:]) {
			return 0, false
		}
	case s.script.depth == escaped:
		again, known := hasName(b[i:], name)
		if !known {
			return 0, false
		}
		if again {
			s.script = scriptState{depth: doubleEscaped}
			return past, true // one more than the name: what ends it counts
		}
	}
	s.script.dashes = 0
	return i, true
}

var scriptEscape = []byte("!--")
