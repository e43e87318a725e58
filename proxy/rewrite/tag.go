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
	afterSlash // one that stands by itself: ">" makes the tag close itself
	inAttribute
	afterAttribute
	beforeValue
	inDouble
	inSingle
	inUnquoted
)

// skipTag goes on to the end of the tag, or of b.
func (s *htmlScanner) skipTag(b []byte, i int) int {
	for i < len(b) && s.state == inTag {
		i = s.skipAttribute(b, i)
	}
	return i
}

// skipAttribute goes on to the end of the next attribute, of the tag, or of b.
func (s *htmlScanner) skipAttribute(b []byte, i int) int {
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
			c := b[i]
			i++
			switch {
			case class[c]&space != 0:
			case c == '/':
				st = afterSlash
			case c == '>':
				s.tag = beforeAttribute
				s.state = s.element.text()
				s.script = scriptState{}
				return i
			default:
				st = inAttribute // even if it is "="
				s.long.name = i - 1
			}
		case afterSlash:
			if b[i] == '>' {
				// The API writes XHTML: what closes itself has no text.
				s.tag, s.state = afterSlash, inText
				return i + 1
			}
			st = beforeAttribute
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
				s.tag = beforeAttribute
				return i
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
				s.tag = beforeAttribute
				return i
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
			s.tag = beforeAttribute
			return i + k + 1
		case inUnquoted:
			for class[b[i]]&endsUnquoted == 0 {
				if i++; i == len(b) {
					s.tag = inUnquoted
					return i
				}
			}
			s.tag = beforeAttribute
			return i
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
	attrRender
	attributes
)

var attributeNames = [attributes]string{
	attrSrc:         "src",
	attrSrcType:     "data-src-type",
	attrFullres:     "data-fullres-src",
	attrFullresType: "data-fullres-src-type",
	attrData:        "data",
	attrRender:      "data-render-src",
}

// urlAttributes are the attributes of each element that hold URLs.
var urlAttributes = [len(elements)][]int{
	img:    {attrSrc, attrFullres, attrRender},
	object: {attrData, attrRender},
	div:    {attrRender},
}

// isPicture reports whether the attribute holds the URL of a picture. The
// attribute after it is the one with the picture's media type.
func isPicture(attr int) bool { return attr == attrSrc || attr == attrFullres }

// isType reports whether the attribute holds a media type.
func isType(attr int) bool { return attr == attrSrcType || attr == attrFullresType }

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

// rewriteTag asks about the URLs of the tag that ends with b, and was parsed.
func (s *htmlScanner) rewriteTag(b []byte) (e edit) {
	s.out = s.out[:0]
	var inOrder [3]int
	n := 0
	for _, attr := range urlAttributes[s.element] {
		if !s.attrs[attr].set {
			continue
		}
		i := n
		for ; i > 0 && s.attrs[inOrder[i-1]].start > s.attrs[attr].start; i-- {
			inOrder[i] = inOrder[i-1]
		}
		inOrder[i] = attr
		n++
	}
	for _, attr := range inOrder[:n] {
		a := s.attrs[attr]
		var mimeType []byte
		if isPicture(attr) && s.attrs[attr+1].set {
			t := &s.attrs[attr+1]
			mimeType = b[t.start:t.end]
		}
		if s.rules.LinkPictures && a.quote == '\'' {
			a.end = literalsEnd(b, a.start, a.end)
		}
		e = s.rewriteValue(b, e, attr, a, mimeType)
	}
	return e
}

// literalsEnd returns where the single-quoted value of an attribute ends that was
// written around an address with quotes of its own:
//
//	src='http://localhost:8080/api/v1.0/users('ann@contoso.example')/notes/…'
//
// In HTML it ends in front of the name, and what the proxy has added to the address
// would go up as attributes without meaning.
func literalsEnd(b []byte, start, end int) int {
	for at := end; at > start && b[at-1] == '('; {
		name := bytes.IndexAny(b[at+1:], "' \t\r\n\f<>")
		shut := at + 1 + name
		if name < 0 || !bytes.HasPrefix(b[shut:], []byte("')")) {
			return end
		}
		rest := bytes.IndexAny(b[shut+1:], "' \t\r\n\f<>")
		at = shut + 1 + rest
		if rest < 0 || b[at] != '\'' {
			return end
		}
		if b[at-1] != '(' {
			return at
		}
	}
	return end
}

// rewriteValue asks about the URL that is the value a of an attribute, and extends
// e by what becomes of it. mimeType is the media type as it is written.
func (s *htmlScanner) rewriteValue(b []byte, e edit, attr int, a attribute, mimeType []byte) edit {
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
	from, to, count := s.ask(attr, mimeType)
	if count == nil && isPicture(attr) && s.rules.EscapePicture != nil {
		return s.escapeAmpersands(b, e, a)
	}
	if count == nil || string(s.new) == string(s.url.text[from:to]) {
		return e
	}
	*count++
	begin, end, text := a.start+from, a.start+to, s.new
	switch {
	case a.quote == 0:
		// An unquoted value may hold what a quoted one must not, so nothing of
		// its spelling stays.
		begin, end, text = a.start, a.end, s.whole(from, to)
	case len(s.url.signs) > 0:
		head, tail, middle := s.url.common(raw, s.whole(from, to))
		begin, end, text = a.start+len(head), a.end-len(tail), middle
	}
	e = s.reach(b, e, begin)
	s.out = appendValue(s.out, text, a.quote)
	e.cut = end - e.pass
	e.text = s.out
	return e
}

// escapeAmpersands extends e by the ampersands of the value a that begin no
// reference, if there are any and its URL is one in which they are escaped.
func (s *htmlScanner) escapeAmpersands(b []byte, e edit, a attribute) edit {
	raw := b[a.start:a.end]
	isBare := func(x sign) bool { return x.rawEnd-x.raw == 1 && raw[x.raw] == '&' }
	url, _ := s.url.trimmed()
	if !slices.ContainsFunc(s.url.signs, isBare) || !s.rules.EscapePicture(url) {
		return e
	}
	s.pictures++
	for _, x := range s.url.signs {
		if isBare(x) {
			e = s.reach(b, e, a.start+x.raw)
			s.out = append(s.out, "&amp;"...)
			e.cut = a.start + x.rawEnd - e.pass
			e.text = s.out
		}
	}
	return e
}

// reach extends an edit up to at, from where on something else changes.
func (s *htmlScanner) reach(b []byte, e edit, at int) edit {
	if e.changes() {
		s.out = append(s.out, b[e.pass+e.cut:at]...)
		e.cut = at - e.pass
	} else {
		e.pass = at
	}
	return e
}

// whole returns all of the new URL where only the text from there to there was
// asked for.
func (s *htmlScanner) whole(from, to int) []byte {
	s.new = append(slices.Insert(s.new, 0, s.url.text[:from]...), s.url.text[to:]...)
	return s.new
}

// ask asks what becomes of the URL in that attribute. What to write instead of its
// text from there to there is new then, and count is where that is counted; nil is
// for nothing.
func (s *htmlScanner) ask(attr int, mimeType []byte) (from, to int, count *int) {
	url, lead := s.url.trimmed()
	var ok bool
	picture := isPicture(attr)
	if picture && s.rules.Picture != nil {
		if !s.mimeType.html(mimeType) {
			s.mimeType.same(nil)
		}
		if s.new, from, ok = s.rules.Picture(s.new[:0], url, s.mimeType.text); ok {
			return lead + from, lead + len(url), &s.pictures
		}
	}
	if s.rules.Link != nil && (!picture || s.rules.LinkPictures) {
		if s.new, to, ok = s.rules.Link(s.new[:0], url); ok {
			return lead, lead + to, &s.links
		}
	}
	return 0, 0, nil
}

// appendValue writes text into a value between such quotes, or as a whole value
// where there were none.
func appendValue(dst, text []byte, q byte) []byte {
	if q != 0 {
		return appendEscaped(dst, text, q)
	}
	dst = append(dst, '"')
	dst = appendEscaped(dst, text, '"')
	return append(dst, '"')
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
