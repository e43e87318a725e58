// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"slices"
)

// Classes of bytes in tags.
const (
	space uint8 = 1 << iota
	slash
	greater
	equals
	quote
	special // does not stand for itself in values

	endsName      = space | slash | greater
	endsAttribute = endsName | equals
	endsUnquoted  = space | greater
)

var class = [256]uint8{
	'\t': space, '\n': space, '\f': space, '\r': space | special, ' ': space,
	'/': slash, '>': greater, '=': equals, '"': quote, '\'': quote, '&': special, 0: special,
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// A tagState is where in a tag the scan stands, in the words of the standard.
type tagState uint8

const (
	inTagName tagState = iota
	beforeAttribute
	inAttribute
	afterAttribute
	beforeValue
	inDouble
	inSingle
	inUnquoted
)

// skipTag goes on to the end of the tag, or of b.
func (s *htmlScanner) skipTag(b []byte, i int) int {
	st := s.tag
	for i < len(b) {
		switch st {
		case inTagName:
			for class[b[i]]&endsName == 0 {
				if i++; i == len(b) {
					s.tag = inTagName
					return i
				}
			}
			st = beforeAttribute
		case beforeAttribute:
			// A slash that does not end the tag separates attributes.
			c := b[i]
			i++
			if class[c]&(space|slash) != 0 {
				continue
			}
			if c == '>' {
				s.state = s.element.text()
				s.script = scriptState{}
				return i
			}
			st = inAttribute // even if it is "="
		case inAttribute:
			for class[b[i]]&endsAttribute == 0 {
				if i++; i == len(b) {
					s.tag = inAttribute
					return i
				}
			}
			st = afterAttribute
		case afterAttribute:
			switch c := b[i]; {
			case c == '=':
				i++
				st = beforeValue
			case class[c]&space != 0:
				i++
			default:
				st = beforeAttribute
			}
		case beforeValue:
			switch c := b[i]; {
			case c == '"':
				i++
				st = inDouble
			case c == '\'':
				i++
				st = inSingle
			case c == '>':
				st = beforeAttribute
			case class[c]&space != 0:
				i++
			default:
				st = inUnquoted
			}
		case inDouble, inSingle:
			q := byte('"')
			if st == inSingle {
				q = '\''
			}
			k := bytes.IndexByte(b[i:], q)
			if k < 0 {
				s.tag = st
				return len(b)
			}
			i += k + 1
			st = beforeAttribute
		case inUnquoted:
			for class[b[i]]&endsUnquoted == 0 {
				if i++; i == len(b) {
					s.tag = inUnquoted
					return i
				}
			}
			st = beforeAttribute
		}
	}
	s.tag = st
	return i
}

// An attribute is where a value stands in a tag.
type attribute struct {
	set        bool
	quote      byte // 0 if there is none
	start, end int
}

// The attributes that matter.
const (
	attrSrc = iota
	attrSrcType
	attrFullres
	attrFullresType
	attrData
	attributes
)

var attributeNames = [attributes]string{
	attrSrc:         "src",
	attrSrcType:     "data-src-type",
	attrFullres:     "data-fullres-src",
	attrFullresType: "data-fullres-src-type",
	attrData:        "data",
}

// byLength is the attribute whose name has that length, plus one.
var byLength = func() (t [32]uint8) {
	for a, name := range attributeNames {
		t[len(name)] = uint8(a + 1)
	}
	return t
}()

// attributeNamed returns which attribute that name is, or -1.
func attributeNamed(name []byte) int {
	if len(name) >= len(byLength) {
		return -1
	}
	a := int(byLength[len(name)]) - 1
	if a < 0 || string(name) != attributeNames[a] && !foldEqual(name, attributeNames[a]) {
		return -1
	}
	return a
}

// foldEqual compares b in any case with as many letters and dashes in lower
// case. Setting one bit lowers letters; a dash it makes of a CR as well, but no
// name holds one.
func foldEqual(b []byte, lower string) bool {
	for i, c := range b {
		if c|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// parse finds the attributes of the tag in b, from the end of its name at i on,
// and returns where the tag ends, or -1 if b ends before. It sees the same
// attributes and the same end as skipTag.
func (s *htmlScanner) parse(b []byte, i int) (end int) {
	for a := range s.attrs {
		s.attrs[a].set = false
	}
	for {
		for i < len(b) && class[b[i]]&(space|slash) != 0 {
			i++
		}
		if i >= len(b) {
			return -1
		}
		if b[i] == '>' {
			return i + 1
		}
		name := i
		for i++; i < len(b) && class[b[i]]&endsAttribute == 0; i++ {
		}
		a := attributeNamed(b[name:i])
		for i < len(b) && class[b[i]]&space != 0 {
			i++
		}
		if i >= len(b) {
			return -1
		}
		v := attribute{set: true}
		if b[i] == '=' {
			i++
			if i < len(b) && b[i] == '"' {
				i++
				n := bytes.IndexByte(b[i:], '"')
				if n < 0 {
					return -1
				}
				v.quote, v.start, v.end = '"', i, i+n
				i += n + 1
			} else if v, i = parseValue(b, i); i < 0 {
				return -1
			}
		}
		if a >= 0 && !s.attrs[a].set {
			s.attrs[a] = v
		}
	}
}

// parseValue returns the value after the "=" before i, and where to go on, or -1
// if b ends before.
func parseValue(b []byte, i int) (attribute, int) {
	for i < len(b) && class[b[i]]&space != 0 {
		i++
	}
	if i >= len(b) {
		return attribute{}, -1
	}
	switch q := b[i]; q {
	case '>':
		return attribute{set: true}, i
	case '"', '\'':
		i++
		k := bytes.IndexByte(b[i:], q)
		if k < 0 {
			return attribute{}, -1
		}
		return attribute{set: true, quote: q, start: i, end: i + k}, i + k + 1
	}
	start := i
	for class[b[i]]&endsUnquoted == 0 {
		if i++; i == len(b) {
			return attribute{}, -1
		}
	}
	return attribute{set: true, start: start, end: i}, i
}

// rewriteTag asks about the URLs of the tag that begins at begin and ends with
// b, and was parsed.
func (s *htmlScanner) rewriteTag(b []byte, begin int) (e edit) {
	if len(b)-begin > maxTag {
		return e
	}
	s.out = s.out[:0]
	if s.element == object {
		return s.rewriteValue(b, e, attrData, -1)
	}
	if !s.attrs[attrSrc].set && !s.attrs[attrFullres].set {
		return e
	}
	first, second := attrSrc, attrFullres
	if s.attrs[second].set && s.attrs[second].start < s.attrs[first].start {
		first, second = second, first
	}
	e = s.rewriteValue(b, e, first, first+1)
	return s.rewriteValue(b, e, second, second+1)
}

// rewriteValue asks about the URL of an attribute and extends e by what becomes
// of it. The type is the attribute with its media type, or negative where the
// URL is not a picture's.
func (s *htmlScanner) rewriteValue(b []byte, e edit, attr, typ int) edit {
	a := s.attrs[attr]
	if !a.set {
		return e
	}
	for a.start < a.end && class[b[a.start]]&space != 0 {
		a.start++
	}
	for a.start < a.end && class[b[a.end-1]]&space != 0 {
		a.end--
	}
	if a.start == a.end {
		return e
	}
	raw := b[a.start:a.end]
	if !s.url.html(raw) {
		return e
	}
	from, to, count := s.ask(b, typ)
	if count == nil || string(s.new) == string(s.url.text[from:to]) {
		return e
	}
	*count++
	asItIs := len(s.url.signs) == 0 && a.quote != 0
	begin, end := a.start, a.end
	if asItIs {
		begin, end = a.start+from, a.start+to
	}
	if e.changes() {
		s.out = append(s.out, b[e.pass+e.cut:begin]...)
	} else {
		e.pass = begin
	}
	if asItIs {
		s.out = appendEscaped(s.out, s.new, a.quote)
	} else {
		s.new = append(slices.Insert(s.new, 0, s.url.text[:from]...), s.url.text[to:]...)
		s.out = appendValue(s.out, raw, &s.url, s.new, a.quote)
	}
	e.cut = end - e.pass
	e.text = s.out
	return e
}

// ask asks what becomes of the URL. What shall stand in place of its text from
// there to there is new then, and count is where that is counted; nil is for
// nothing.
func (s *htmlScanner) ask(b []byte, typ int) (from, to int, count *int) {
	url, lead := s.url.trimmed()
	var ok bool
	if typ >= 0 && s.rules.Picture != nil {
		if t := s.attrs[typ]; !t.set || !s.mimeType.html(b[t.start:t.end]) {
			s.mimeType.same(nil)
		}
		if s.new, from, ok = s.rules.Picture(s.new[:0], url, s.mimeType.text); ok {
			return lead + from, lead + len(url), &s.pictures
		}
	}
	if s.rules.Link != nil && (typ < 0 || s.rules.LinkPictures) {
		if s.new, to, ok = s.rules.Link(s.new[:0], url); ok {
			return lead, lead + to, &s.links
		}
	}
	return 0, 0, nil
}

// appendValue writes a new attribute value in place of raw.
func appendValue(dst, raw []byte, old *decoded, next []byte, q byte) []byte {
	if q == 0 {
		// An unquoted value may hold what a quoted one must not, so nothing of
		// its spelling is kept.
		dst = append(dst, '"')
		dst = appendEscaped(dst, next, '"')
		return append(dst, '"')
	}
	head, tail, middle := old.common(raw, next)
	dst = append(dst, head...)
	dst = appendEscaped(dst, middle, q)
	return append(dst, tail...)
}

// appendEscaped writes text into a value between such quotes.
func appendEscaped(dst, text []byte, q byte) []byte {
	from := 0
	for i, c := range text {
		if class[c]&(quote|special) == 0 || class[c] == quote && c != q {
			continue
		}
		dst = append(dst, text[from:i]...)
		switch c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '"':
			dst = append(dst, "&quot;"...)
		case '\'':
			dst = append(dst, "&#39;"...)
		case '\r':
			dst = append(dst, "&#13;"...) // bare it would be read as a new line
		}
		from = i + 1
	}
	return append(dst, text[from:]...)
}
