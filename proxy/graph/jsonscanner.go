// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import "bytes"

const (
	// maxJSONName is the longest name of a member that is looked at, with its
	// quotes. A longer one is none of Graph's.
	maxJSONName = 256

	// maxJSONValue is the longest string that is translated, with its quotes.
	maxJSONValue = 64 << 10

	// maxIdentity is the longest identity that is translated, with the name of its
	// member. They have a few hundred bytes.
	maxIdentity = 16 << 10

	// maxJSONDepth is how deep members are translated. What is nested deeper
	// stays. Apps that expand all they can reach a depth of about twelve.
	maxJSONDepth = 100
)

// A jsonState is what may come next.
type jsonState uint8

const (
	jsonStart     jsonState = iota // "{" or "[", or it is no JSON
	jsonValue                      // a value
	jsonElement                    // a value, or "]"
	jsonName                       // the name of a member
	jsonFirstName                  // the name of a member, or "}"
	jsonColon                      // ":"
	jsonEnd                        // ",", or the bracket that closes

	jsonInName   // the rest of a name
	jsonInString // the rest of a string
	jsonInScalar // the rest of a number, true, false or null
	jsonInKept   // the rest of an object or array that stays

	jsonRest // whatever comes, it stays
)

// A jsonLevel is an object or array that is open.
type jsonLevel struct {
	shape   *Shape
	array   bool
	preview bool // the object of a previewImageUrl
}

// A jsonScanner translates JSON piece by piece. It has the structure of the JSON
// on its stack and looks only at those strings which may change; what lies between
// two changes is copied in one piece.
//
// At the end of the window it holds what it cannot decide yet: a name, a value that
// may change, or an identity. All three have a longest length that the input
// alone decides about, so the output does not depend on how the input is cut.
type jsonScanner struct {
	rules *JSONRules

	b    []byte // the window
	at   int    // where to go on
	from int    // what is not in out yet
	out  []byte

	state   jsonState
	stack   []jsonLevel
	member  jsonMember // the one whose value comes
	shape   *Shape     // of that value
	held    int        // where the bytes begin that may change, or -1
	nameEnd int        // where the name of a held identity ends
	value   int        // where a held identity begins

	escaped bool // the next byte of the string is escaped
	quoted  bool // in what is kept: inside of a string
	depth   int  // in what is kept: how many brackets are open

	pictures, links int

	plain, text []byte // of the string that is looked at
}

// begin makes s the scanner of another body. Only buffers stay.
func (s *jsonScanner) begin(rules *JSONRules) {
	*s = jsonScanner{
		rules: rules, held: -1,
		b: s.b[:0], out: s.out[:0], stack: s.stack[:0], plain: s.plain[:0], text: s.text[:0],
	}
}

// forget drops what must not outlive the body, and buffers that grew too large.
func (s *jsonScanner) forget() {
	s.rules, s.shape = nil, nil
	clear(s.stack[:cap(s.stack)])
	for _, buffer := range []*[]byte{&s.b, &s.out, &s.plain, &s.text} {
		if cap(*buffer) > jsonMaxPooled {
			*buffer = nil
		}
	}
}

// room returns where the next bytes of the source go.
func (s *jsonScanner) room() []byte {
	if s.from > 0 {
		s.b = s.b[:copy(s.b, s.b[s.from:])]
		s.at -= s.from
		if s.held >= 0 {
			s.held -= s.from
			s.nameEnd -= s.from
			s.value -= s.from
		}
		s.from = 0
	}
	if cap(s.b)-len(s.b) < jsonMinRead {
		s.b = append(make([]byte, 0, 2*len(s.b)+2*jsonReadSize), s.b...)
	}
	return s.b[len(s.b):min(cap(s.b), len(s.b)+jsonReadSize)]
}

// add translates the bytes that were read into room.
func (s *jsonScanner) add(n int, end bool) {
	s.b = s.b[:len(s.b)+n]
	for s.at < len(s.b) {
		s.step()
	}
	if end {
		s.held = -1 // nothing more decides about it
	}
	if s.held < 0 {
		s.copyTo(len(s.b))
	} else {
		s.copyTo(s.held)
	}
}

// copyTo passes on what stands before i.
func (s *jsonScanner) copyTo(i int) {
	s.out = append(s.out, s.b[s.from:i]...)
	s.from = i
}

// replace writes text in place of b[from:to].
func (s *jsonScanner) replace(from, to int, text string) {
	s.copyTo(from)
	s.out = append(s.out, text...)
	s.from = to
}

// step goes over a token, or over what the window has of it.
func (s *jsonScanner) step() {
	switch s.state {
	case jsonRest:
		s.at = len(s.b)
	case jsonInName:
		s.inName()
	case jsonInString:
		s.inString()
	case jsonInScalar:
		s.inScalar()
	case jsonInKept:
		s.inKept()
	default:
		s.token()
	}
}

// token begins the next token.
func (s *jsonScanner) token() {
	c := s.b[s.at]
	switch {
	case jsonSpace[c], s.state == jsonStart && isByteOrderMark(c):
		s.at++
		s.holdIdentity()
		return
	case s.state == jsonColon && c == ':':
		s.state = jsonValue
	case s.state == jsonEnd && c == ',':
		s.comma()
	case s.state == jsonEnd, s.state == jsonFirstName && c == '}', s.state == jsonElement && c == ']':
		s.close(c)
	case (s.state == jsonName || s.state == jsonFirstName) && c == '"':
		s.state, s.held, s.shape = jsonInName, s.at, nil
	case s.state == jsonValue, s.state == jsonElement:
		s.openValue(c)
	case s.state == jsonStart && (c == '{' || c == '['):
		s.shape = s.rules.Shape
		s.open(c)
	default:
		s.fail()
	}
	s.at++
}

// isByteOrderMark reports whether c is of a byte order mark.
func isByteOrderMark(c byte) bool { return c == 0xEF || c == 0xBB || c == 0xBF }

// fail passes on the rest: it is no JSON.
func (s *jsonScanner) fail() { s.state, s.held = jsonRest, -1 }

func (s *jsonScanner) comma() {
	s.state = jsonName
	if s.stack[len(s.stack)-1].array {
		s.state = jsonValue
	}
}

// open begins an object or array that is translated.
func (s *jsonScanner) open(c byte) {
	s.stack = append(s.stack, jsonLevel{shape: s.shape, array: c == '[', preview: s.member.does == previewMember})
	s.state, s.member = jsonFirstName, jsonMember{}
	if c == '[' {
		s.state = jsonElement
	}
}

// close ends one. Without one to end, what comes is behind the JSON and stays.
func (s *jsonScanner) close(c byte) {
	last := len(s.stack) - 1
	if last < 0 || c != '}' && c != ']' || s.stack[last].array != (c == ']') {
		s.fail()
		return
	}
	s.stack = s.stack[:last]
	s.ended()
}

// ended is called after each value.
func (s *jsonScanner) ended() {
	s.state, s.member, s.held = jsonEnd, jsonMember{}, -1
	if len(s.stack) == 0 {
		s.state = jsonRest
	}
}

// openValue begins the value of a member, or an element of an array.
func (s *jsonScanner) openValue(c byte) {
	if top := &s.stack[len(s.stack)-1]; top.array {
		s.shape = top.shape
	}
	if s.member.does == identityMember && c != '{' {
		s.noIdentity(c)
	}
	switch c {
	case '{', '[':
		if s.member.does == identityMember {
			s.value = s.at
		}
		if s.member.does == identityMember || s.member.does == keepMember || len(s.stack) == maxJSONDepth {
			s.state, s.depth = jsonInKept, 1
			return
		}
		s.open(c)
	case '"':
		s.state = jsonInString
		if s.member.isText() {
			s.held = s.at
		}
	case '}', ']', ',', ':':
		s.fail()
	default:
		s.state = jsonInScalar
	}
}

// inName goes over the name of a member.
func (s *jsonScanner) inName() {
	whole := s.toQuote()
	if s.held >= 0 && s.at-s.held > maxJSONName {
		s.held = -1 // it is none that is known
	}
	if !whole {
		return
	}
	s.state = jsonColon
	if s.held >= 0 {
		s.named(s.held, s.at)
	}
}

// named decides about the member whose name is b[open:end].
func (s *jsonScanner) named(open, end int) {
	top := &s.stack[len(s.stack)-1]
	name := s.b[open+1 : end-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		var ok bool
		if s.plain, ok = appendPlainJSON(s.plain[:0], name); !ok {
			s.held = -1
			return
		}
		name = s.plain
	}
	s.member = memberOf(name, s.rules.Operation)
	s.shape = s.shapeOf(name)
	switch s.member.does {
	case identityMember:
		s.nameEnd = end
		return // held until its value is known
	case linkMember:
		if string(name) == "href" && top.preview {
			s.member.does = pictureMember
		}
	case nextLinkMember:
		if len(s.stack) > 1 {
			s.member.does = linkMember
		}
	case statusMember:
		if len(s.stack) > 1 {
			s.member.does = otherMember
		}
	case contextMember:
		if s.member.short && top.shape != nil {
			_, expanded := top.shape.Expand[string(name[:bytes.LastIndexByte(name, '@')])]
			s.member.short = !expanded
		}
	}
	if s.member.rename != "" {
		s.replace(open, end, s.member.rename)
	}
	s.held = -1
}

// shapeOf returns the shape of a member's value. The entities of a list are those
// that the app has asked for.
func (s *jsonScanner) shapeOf(name []byte) *Shape {
	shape := s.stack[len(s.stack)-1].shape
	if shape == nil || len(s.stack) == 1 && string(name) == "value" {
		return shape
	}
	return shape.Expand[string(name)]
}

// inString goes over a string that is a value.
func (s *jsonScanner) inString() {
	whole := s.toQuote()
	if s.held >= 0 && s.at-s.held > maxJSONValue {
		s.held = -1
	}
	if !whole {
		return
	}
	if s.held >= 0 {
		s.translate(s.held, s.at)
	}
	s.ended()
}

// toQuote goes to the end of a string, and reports whether the window has it.
func (s *jsonScanner) toQuote() bool {
	b, i := s.b, s.at
	if s.escaped {
		i++
		s.escaped = false
	}
	for quote := -1; ; {
		if quote < i {
			n := bytes.IndexByte(b[i:], '"')
			if quote = i + n; n < 0 {
				quote = len(b)
			}
		}
		n := bytes.IndexByte(b[i:quote], '\\')
		if n < 0 {
			s.at = min(quote+1, len(b))
			return quote < len(b)
		}
		if i += n + 2; i > len(b) {
			s.at, s.escaped = len(b), true
			return false
		}
	}
}

func (s *jsonScanner) inScalar() {
	for ; s.at < len(s.b); s.at++ {
		if c := s.b[s.at]; jsonSpace[c] || isJSONDelimiter(c) {
			s.ended()
			return
		}
	}
}

// inKept goes over an object or array that stays. Only its brackets are counted:
// if they do not match, it is no JSON and stays so.
func (s *jsonScanner) inKept() {
	for s.at < len(s.b) {
		if s.quoted {
			s.quoted = !s.toQuote()
			continue
		}
		switch s.b[s.at] {
		case '"':
			s.quoted = true
		case '{', '[':
			s.depth++
		case '}', ']':
			s.depth--
		}
		s.at++
		if s.depth == 0 {
			break
		}
	}
	s.holdIdentity()
	if s.depth > 0 {
		return
	}
	if s.held >= 0 && !s.identity(s.at) {
		s.fail()
		return
	}
	s.ended()
}

// holdIdentity gives up an identity that is too long.
func (s *jsonScanner) holdIdentity() {
	if s.held >= 0 && s.at-s.held > maxIdentity {
		s.held = -1
	}
}

// translate replaces the string b[open:end], which is a value, if it is to change.
func (s *jsonScanner) translate(open, end int) {
	raw := s.b[open+1 : end-1]
	plain := raw
	if !isPlainJSON(raw) {
		var ok bool
		if s.plain, ok = appendPlainJSON(s.plain[:0], raw); !ok {
			return
		}
		plain = s.plain
	}
	text, ok := s.translated(plain)
	if !ok || bytes.Equal(text, plain) {
		return
	}
	if s.member.does == pictureMember {
		s.pictures++
	} else if s.member.does != statusMember {
		s.links++
	}
	s.copyTo(open + 1)
	s.out = appendJSONText(s.out, text, bytes.Contains(raw, []byte(`\/`)))
	s.from = end - 1
}

// translated returns the text to write in place of plain.
func (s *jsonScanner) translated(plain []byte) (text []byte, ok bool) {
	r := s.rules
	switch does := s.member.does; {
	case does == linkMember && r.URL != nil:
		text, ok = r.URL(s.text[:0], plain)
	case does == contextMember && r.Context != nil:
		text, ok = r.Context(s.text[:0], plain)
		if ok && s.member.short {
			text = appendShortParent(text)
		}
	case does == pictureMember && r.Picture != nil:
		text, ok = r.Picture(s.text[:0], plain)
	case does == nextLinkMember && r.NextLink != nil:
		var link string
		link, ok = r.NextLink(plain)
		text = append(s.text[:0], link...)
	case does == statusMember:
		text, ok = appendStatus(s.text[:0], plain), true
	}
	if cap(text) > cap(s.text) {
		s.text = text
	}
	return text, ok
}

var jsonSpace = [256]bool{' ': true, '\t': true, '\r': true, '\n': true}

func isJSONDelimiter(c byte) bool {
	switch c {
	case '{', '}', '[', ']', ',', ':', '"':
		return true
	}
	return false
}
