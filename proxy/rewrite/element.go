// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

// An element is one whose tag or text the scanner treats specially; 0 is any
// other.
type element uint8

const (
	other element = iota
	img
	object
	div
	script
	plaintext
	style
	textarea
	title
	xmp
	iframe
	noembed
	noframes
)

// elements are the names, by element.
var elements = [...]string{
	img:       "img",
	object:    "object",
	div:       "div",
	script:    "script",
	plaintext: "plaintext",
	style:     "style",
	textarea:  "textarea",
	title:     "title",
	xmp:       "xmp",
	iframe:    "iframe",
	noembed:   "noembed",
	noframes:  "noframes",
}

// byLetter are the elements that begin with a letter, upper or lower case.
var byLetter = func() (t [256][2]element) {
	for e, name := range elements {
		if name == "" {
			continue
		}
		c := name[0]
		k := 0
		if t[c][0] != other {
			k = 1
		}
		t[c][k] = element(e)
		t[c-'a'+'A'][k] = element(e)
	}
	return t
}()

// elementAt returns the special element whose name stands at the start of b and
// the length of the name, or other and 0. It reports false if b ends before
// that is known.
func elementAt(b []byte) (element, int, bool) {
	for _, e := range byLetter[b[0]] {
		if e == other {
			break
		}
		match, known := hasName(b, elements[e])
		if !known {
			return other, 0, false
		}
		if match {
			return e, len(elements[e]), true
		}
	}
	return other, 0, true
}

// hasName reports whether b begins with the name, in any case, and the name
// ends there; known is false if b is too short to tell.
func hasName(b []byte, name string) (match, known bool) {
	for i := range len(name) {
		if i == len(b) {
			return false, false
		}
		if b[i]|0x20 != name[i] {
			return false, true
		}
	}
	if len(b) == len(name) {
		return false, false
	}
	return class[b[len(name)]]&endsName != 0, true
}

// text is the state in which the scan goes on after the element's start tag, if
// that does not close itself.
func (e element) text() htmlState {
	switch e {
	case other, img, object, div:
		return inText
	case script:
		return inScript
	case plaintext:
		return inPlain
	}
	return inRaw
}
