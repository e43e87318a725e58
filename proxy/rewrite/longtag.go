// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"slices"
)

// maxAttribute is the longest attribute of a long tag, with its name and quotes,
// that is looked at. The API takes no URL that comes near.
const maxAttribute = 16 << 10

// A longTag is a tag that is longer than maxTag. It is read attribute by attribute,
// and its bytes are returned as they come, all but an attribute that matters: it is
// held until its end.
//
// The URL of a picture is held on until the attribute with its media type, or the
// tag's end, is known. If that is not so after maxTag bytes, as where the alt
// attribute between them holds the whole picture, the URL's attribute is taken out,
// and written where the tag ends. The order of attributes has no meaning, only that
// the first of a name counts: where there is a second, the first is written in its
// place or before the second, without a type if that is not known.
//
// If the body's end cuts off the tag, it is no tag, and what was taken out is not
// written.
type longTag struct {
	on bool

	// name is where in the undecided bytes the attribute begins that is read, or
	// -1 if it is none that matters.
	name int

	seen  [attributes]bool
	twice [attributes]bool
	types [attributes][]byte // the media types, as they are written

	waiting [3]waitingURL // in the undecided bytes, from the first to the last
	waits   int

	moved [3]movedURL
	moves int
}

// A waitingURL is an attribute with a URL that changes.
type waitingURL struct {
	attr      int
	name, end int // where the attribute begins and ends
	value     attribute
	needsType bool // the type is not known yet
}

// A movedURL is an attribute that was taken out.
type movedURL struct {
	attr int
	raw  []byte // its value
}

// beginLong makes the scan go on, attribute by attribute, behind the name of the tag
// that begins at begin. It returns where that is.
func (s *htmlScanner) beginLong(begin int) (next int) {
	s.long = s.long.emptied()
	s.long.on, s.long.name = true, -1
	s.state, s.tag = inTag, beforeAttribute
	return begin + 1 + len(elements[s.element])
}

// rewriteLong goes on to the end of an attribute, of the tag, or of b. It returns
// the edit that can be made then, if any.
func (s *htmlScanner) rewriteLong(b []byte, i int) (e edit, next int) {
	l := &s.long
	s.out = s.out[:0]
	limit := len(b)
	if l.waits > 0 {
		limit = min(limit, l.waiting[0].name+maxTag)
		if i >= limit {
			return s.resolve(b, false), i
		}
	}
	i = s.skipAttribute(b[:limit], i)
	switch {
	case s.state != inTag:
		return s.endLong(b, i), i
	case l.name < 0:
		return e, i
	case s.tag == beforeAttribute:
		e = s.endAttribute(b, i)
	default:
		e = s.knowAttribute(b[:i])
	}
	if !e.changes() && l.isReady() {
		e = s.resolve(b, false)
	}
	return e, i
}

// endLong ends the tag whose ">" is in front of i.
func (s *htmlScanner) endLong(b []byte, i int) edit {
	s.long.on = false
	at := i - len(">")
	if s.tag == afterSlash {
		at-- // XHTML has no attributes between the slash and the end
	}
	e := s.resolve(b, true)
	for _, m := range s.long.moved[:s.long.moves] {
		e = s.insert(b, e, at, m)
	}
	return e
}

// endAttribute takes the attribute that ends before b[i].
func (s *htmlScanner) endAttribute(b []byte, i int) (e edit) {
	l := &s.long
	begin := l.name
	attr, past := s.attributeAt(b, begin)
	l.name = -1
	if attr < 0 {
		return e
	}
	if l.seen[attr] {
		return s.beforeSecond(b, begin, attr)
	}
	l.see(attr)
	if i-begin > maxAttribute {
		return e
	}
	value := valueAfter(b, past)
	if isType(attr) {
		l.types[attr] = append(l.types[attr], b[value.start:value.end]...)
		return e
	}
	pictures, links := s.pictures, s.links
	e = s.rewriteValue(b, e, attr, value, l.typeOf(attr))
	needsType := isPicture(attr) && s.pictures > pictures && !l.seen[attr+1]
	if !e.changes() || l.waits == 0 && !needsType {
		return e
	}
	s.pictures, s.links = pictures, links // it is counted when it is written
	s.out = s.out[:0]
	l.waiting[l.waits] = waitingURL{attr, begin, i, value, needsType}
	l.waits++
	return edit{}
}

// knowAttribute looks at an attribute of which b has the beginning: it is not held
// if it does not matter.
func (s *htmlScanner) knowAttribute(b []byte) (e edit) {
	l := &s.long
	begin := l.name
	if s.tag == inAttribute {
		if len(b)-begin > len(byLength) {
			l.name = -1
		}
		return e
	}
	attr, _ := s.attributeAt(b, begin)
	switch {
	case attr < 0:
		l.name = -1
	case l.seen[attr]:
		l.name = -1
		return s.beforeSecond(b, begin, attr)
	case len(b)-begin > maxAttribute:
		l.name = -1
		l.see(attr)
	}
	return e
}

// attributeAt returns which attribute begins there and where its name ends, or -1
// if it does not matter for the tag.
func (s *htmlScanner) attributeAt(b []byte, begin int) (attr, past int) {
	past = begin + 1
	for past < len(b) && class[b[past]]&endsAttribute == 0 {
		past++
	}
	attr = attributeNamed(b[begin:past])
	if attr >= 0 && !isType(attr) && !slices.Contains(urlAttributes[s.element], attr) {
		attr = -1
	}
	return attr, past
}

// valueAfter returns the value of an attribute whose name ends at i.
func valueAfter(b []byte, i int) attribute {
	for i < len(b) && class[b[i]]&space != 0 {
		i++
	}
	if i == len(b) || b[i] != '=' {
		return attribute{}
	}
	value, _ := parseValue(b, i+1)
	return value
}

// resolve makes the edit for all URLs that wait. Those whose type is not known are
// taken out, unless the tag ends here or has another attribute of that name.
func (s *htmlScanner) resolve(b []byte, tagEnds bool) (e edit) {
	l := &s.long
	for _, w := range l.waiting[:l.waits] {
		if tagEnds || !w.needsType || l.twice[w.attr] {
			e = s.rewriteValue(b, e, w.attr, w.value, l.typeOf(w.attr))
			continue
		}
		m := &l.moved[l.moves]
		l.moves++
		m.attr = w.attr
		m.raw = append(m.raw[:0], b[w.value.start:w.value.end]...)
		e = s.reach(b, e, w.name)
		e.cut = w.end - e.pass
		e.text = s.out
	}
	l.waits = 0
	return e
}

// beforeSecond handles the second attribute of a name, which begins at b[at:]: the
// first one is written before it, if it was taken out, and is not taken out any
// more.
func (s *htmlScanner) beforeSecond(b []byte, at, attr int) (e edit) {
	l := &s.long
	l.twice[attr] = true
	for k, m := range l.moved[:l.moves] {
		if m.attr != attr {
			continue
		}
		e = s.insert(b, s.resolve(b, false), at, m)
		s.out = append(s.out, ' ')
		e.text = s.out
		l.moves--
		l.moved[k], l.moved[l.moves] = l.moved[l.moves], m
		return e
	}
	return e
}

// insert writes an attribute that was taken out.
func (s *htmlScanner) insert(b []byte, e edit, at int, m movedURL) edit {
	e = s.reach(b, e, at)
	s.out = append(s.out, ' ')
	s.out = append(s.out, attributeNames[m.attr]...)
	s.out = append(s.out, '=')
	s.url.html(bytes.Trim(m.raw, whiteSpace))
	url := s.url.text
	if from, to, count := s.ask(m.attr, s.long.typeOf(m.attr)); count != nil {
		*count++
		url = s.whole(from, to)
	}
	s.out = appendValue(s.out, url, 0)
	e.text = s.out
	return e
}

// see notes that an attribute was there.
func (l *longTag) see(attr int) {
	l.seen[attr] = true
	for k := range l.waiting[:l.waits] {
		if w := &l.waiting[k]; isPicture(w.attr) && w.attr+1 == attr {
			w.needsType = false
		}
	}
}

// typeOf returns the media type for a URL, as it is written, or nothing.
func (l *longTag) typeOf(attr int) []byte {
	if !isPicture(attr) {
		return nil
	}
	return l.types[attr+1]
}

// isReady reports whether URLs wait, and for nothing but being written.
func (l *longTag) isReady() bool {
	for _, w := range l.waiting[:l.waits] {
		if w.needsType {
			return false
		}
	}
	return l.waits > 0
}

// undecided returns where the first byte is that is not decided, of the n that were
// scanned.
func (l *longTag) undecided(n int, tag tagState) int {
	first := n
	if l.moves > 0 && tag == afterSlash {
		first-- // what was taken out may come before it
	}
	if l.name >= 0 {
		first = min(first, l.name)
	}
	if l.waits > 0 {
		first = l.waiting[0].name
	}
	return first
}

// shift says that the first n bytes are decided.
func (l *longTag) shift(n int) {
	l.name = max(l.name-n, -1)
	for k := range l.waiting[:l.waits] {
		w := &l.waiting[k]
		w.name -= n
		w.end -= n
		w.value.start -= n
		w.value.end -= n
	}
}

func (l *longTag) size() (n int) {
	for _, t := range l.types {
		n += cap(t)
	}
	for _, m := range l.moved {
		n += cap(m.raw)
	}
	return n
}

// emptied returns the buffers without what they are of.
func (l *longTag) emptied() (empty longTag) {
	for attr, t := range l.types {
		empty.types[attr] = t[:0]
	}
	for k, m := range l.moved {
		empty.moved[k].raw = m.raw[:0]
	}
	return empty
}
