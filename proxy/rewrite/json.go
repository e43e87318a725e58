// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"io"
	"sync"
)

const (
	// maxString is the longest string, with its quotes and the white space
	// after it, that is looked at as a URL.
	maxString = 64 << 10

	// maxHost is the longest host with port that is searched for the hosts. DNS
	// allows 253 bytes for the name.
	maxHost = 512

	// maxGap is the longest white space after a string that is looked through
	// for the colon that makes it a key.
	maxGap = 1 << 10
)

// JSON returns src with those string values replaced that begin with a URL of
// one of the hosts and that link replaces, at any depth. A URL's host and port,
// in lower case, must hold one of hosts; so "example.com" also stands for
// "www.example.com". link decides which URLs change: it gets the whole string,
// escapes resolved.
//
// Never changed are keys, the middle of a text, and the values (strings,
// objects and arrays) of members that hold what people wrote or what leads
// elsewhere: title, name, displayName, previewText, content, message,
// oneNoteWebUrl, oneNoteClientUrl and @api.url.
//
// A replaced string keeps its spelling where old and new URL agree, and "/" is
// escaped in the rest if it was. White space, numbers and all other escapes
// stay.
//
// The body is not parsed as a whole, so nothing says that it is JSON but its
// beginning: unless its first character (after white space and a byte order
// mark) is "{", "[" or a quote, it stays unchanged. It also stays unchanged
// from the first byte on that is not UTF-8. In malformed JSON what is changed
// still is a string after ":", "[" or ",". Not recognised are a scheme, a host
// or the name of a member that is written with \u escapes: no JSON writer makes
// those. Strings longer than 64 KiB, or with more than 1024 escapes, stay
// as they are.
func JSON(src io.Reader, hosts []string, link LinkFunc) *Reader {
	s := jsonScanners.Get().(*jsonScanner)
	s.link = link
	for _, h := range hosts {
		if h != "" {
			s.hosts = append(s.hosts, h)
		}
	}
	return newReader(src, s)
}

var jsonScanners = sync.Pool{New: func() any { return new(jsonScanner) }}

// A jsonScanner finds URLs by a letter that is rare in JSON, the first of their
// scheme, and only then looks around: back for the quote and the key, forward
// for the host and the string's end. That is many times as fast as tokenizing.
// What it would miss, that a URL is inside of a member that must not change, it
// learns from the brackets: for each that opens, it looks back for such a key,
// and if there is one, the text is tokenized until the bracket closes.
//
// A window is scanned once for all its edits, or for as many as maxEdits and
// maxTexts allow.
type jsonScanner struct {
	link  LinkFunc
	hosts []string

	state   jsonState
	utf8    validator
	checked int  // undecided bytes that are known to be UTF-8
	invalid bool // what comes after them is not

	held bool // the undecided bytes begin with a string that may be a URL
	seen int  // bytes of it that were searched for its end already

	skipped value   // the value that is skipped, in state inSkipped
	past    history // what stood in front of the window

	// Where in the window that is scanned the next of these are.
	brace, square, upper mark
	opening              int // the quote of a URL, or -1

	// How the last URL of one of the hosts began, and the last of another, from
	// the quote to what ends the host. The next one begins so too, nearly always.
	origin, foreign []byte
	lower           []byte // the host of one that began otherwise, in lower case

	edits []edit
	from  int // where in the window they end

	links int

	out   []byte // texts of the edits that had to be escaped
	new   []byte // URLs that the other texts are parts of
	clean []byte // the last text that needed no escapes
	url   decoded
}

const (
	// maxEdits is how many edits are looked for ahead.
	maxEdits = 64

	// maxTexts is how long their texts may be, all but the last.
	maxTexts = 16 << 10
)

type jsonState uint8

const (
	beforeJSON jsonState = iota // nothing but white space so far
	inJSON
	inSkipped // in the value of a member that must not change
	notJSON   // and never will be
)

func (s *jsonScanner) next(window []byte, at int, end bool) []edit {
	s.edits, s.from = s.edits[:0], at
	s.out, s.new = s.out[:0], s.new[:0]
	if s.state != notJSON && !s.invalid {
		s.checked += s.utf8.valid(window[at+s.checked:])
		s.invalid = at+s.checked < len(window)
	}
	whole := at + s.checked
	done := s.scan(window[:whole], at, end || s.invalid)
	if s.full() {
		s.checked = whole - s.from
		return s.edits
	}
	if s.invalid {
		s.state = notJSON
	}
	if s.state == notJSON {
		whole, done = len(window), len(window)
	}
	s.checked = whole - done
	s.edits = append(s.edits, edit{pass: done - s.from})
	return s.edits
}

// full reports whether there are enough edits for now.
func (s *jsonScanner) full() bool {
	return len(s.edits) == maxEdits || len(s.new) > maxTexts
}

// scan looks for edits in a window that is UTF-8, and returns how far it is
// decided.
func (s *jsonScanner) scan(b []byte, at int, end bool) (done int) {
	i := at
	if s.state == beforeJSON {
		i = s.begin(b, i)
	}
	s.brace, s.square, s.upper, s.opening = -1, -1, -1, -1
	for i < len(b) && s.state != notJSON && !s.full() {
		if s.state == inSkipped {
			if i = s.skipped.skip(b, i); s.skipped.closed() {
				s.state = inJSON
			}
			continue
		}
		if !s.held {
			i = s.skipTo(b, i, s.nextURL(b, i))
			if i == len(b) || s.state == inSkipped {
				continue
			}
		}
		next, known := s.rewrite(b, i, end)
		if !known {
			return i
		}
		i = next
	}
	if s.state == inJSON && !end {
		if open := openingAtEnd(b, s.from); open >= 0 {
			return open
		}
	}
	return len(b)
}

// begin looks for the first character that is not white space.
func (s *jsonScanner) begin(b []byte, i int) int {
	for i < len(b) && (jsonClass[b[i]]&jsonSpace != 0 || isMark(b[i])) {
		i++
	}
	if i == len(b) {
		return i
	}
	s.state = notJSON
	if c := b[i]; c == '{' || c == '[' || c == '"' {
		s.state = inJSON
	}
	return i
}

// isMark reports whether c is of a byte order mark.
func isMark(c byte) bool { return c == 0xEF || c == 0xBB || c == 0xBF }

// A mark is where in a window the next of some byte is. It is -1 to begin with.
type mark int

// next returns where in b[from:] the next c is, or the length of b. It searches
// no byte twice.
func (m *mark) next(b []byte, from int, c byte) int {
	if int(*m) >= from {
		return int(*m)
	}
	return m.search(b, from, c)
}

// search is apart from next so that next is inlined.
func (m *mark) search(b []byte, from int, c byte) int {
	at := len(b)
	if n := bytes.IndexByte(b[from:], c); n >= 0 {
		at = from + n
	}
	*m = mark(at)
	return at
}

// nextURL returns where in b[from:] the next quote is that a URL of one of the
// hosts follows, or the length of b. It searches no byte twice.
func (s *jsonScanner) nextURL(b []byte, from int) int {
	if s.opening >= from {
		return s.opening
	}
	s.opening = len(b)
	for i := from + 1; i < len(b); i++ {
		upper := s.upper.next(b, i, 'H')
		if n := bytes.IndexByte(b[i:upper], 'h'); n >= 0 {
			i += n
		} else if i = upper; i == len(b) {
			break
		}
		if b[i-1] == '"' && s.atURL(b, i-1) {
			s.opening = i - 1
			break
		}
	}
	return s.opening
}

// atURL reports whether a URL of one of the hosts begins after the quote at open.
func (s *jsonScanner) atURL(b []byte, open int) bool {
	switch {
	case len(s.origin) > 0 && bytes.HasPrefix(b[open:], s.origin):
		return true
	case len(s.foreign) > 0 && bytes.HasPrefix(b[open:], s.foreign):
		return false
	}
	from := authority(b, open+1)
	if from < 0 {
		return false
	}
	to := from
	for to < len(b) && to-from < maxHost && jsonClass[b[to]]&notHost == 0 {
		to++
	}
	if to == len(b) {
		return s.isOurs(b[from:to])
	}
	if !s.isOurs(b[from:to]) {
		s.foreign = append(s.foreign[:0], b[open:to+1]...)
		return false
	}
	s.origin = append(s.origin[:0], b[open:to+1]...)
	return true
}

// isOurs reports whether an authority holds one of the hosts.
func (s *jsonScanner) isOurs(authority []byte) bool {
	s.lower = appendLower(s.lower[:0], authority)
	for _, host := range s.hosts {
		if bytes.Contains(s.lower, []byte(host)) {
			return true
		}
	}
	return false
}

// skipTo looks at the brackets before to, and returns where to go on: there, or
// after a bracket whose value must not change.
func (s *jsonScanner) skipTo(b []byte, from, to int) int {
	for {
		i := min(s.brace.next(b, from, '{'), s.square.next(b, from, '['))
		if i >= to {
			return to
		}
		from = i + 1
		if _, unchanged := s.before(b, i); unchanged {
			s.state, s.skipped = inSkipped, value{}
			s.skipped.skip(b[:from], i)
			return from
		}
	}
}

// rewrite looks at the string whose quote is at open: it may be a URL. It
// returns where to go on; known is false if b holds too little to tell, and the
// string must be held.
func (s *jsonScanner) rewrite(b []byte, open int, end bool) (next int, known bool) {
	from := open + 1
	if s.held {
		from = open + s.seen
		s.held = false
	}
	last, unchanged := s.before(b, open)
	if unchanged || !beginsValue[last] {
		return open + 1, true
	}
	shut := stringEnd(b, open, from)
	if shut < 0 {
		return s.hold(b, open, len(b), end)
	}
	if shut-open >= maxString {
		return shut, true
	}
	if last == ',' {
		// In an array that is a value, in an object a key.
		after := shut + 1
		for after < len(b) && jsonClass[b[after]]&jsonSpace != 0 {
			after++
		}
		if after == len(b) && after-shut <= maxGap {
			return s.hold(b, open, shut, end)
		}
		if after-shut > maxGap || b[after] != ',' && b[after] != ']' {
			return shut, true
		}
	}
	s.replace(b[:shut], open+1)
	return shut, true
}

// hold makes the scan wait for more of the string at open, whose end was looked
// for up to there.
func (s *jsonScanner) hold(b []byte, open, seen int, end bool) (next int, known bool) {
	if end || len(b)-open >= maxString+maxGap {
		return len(b), true
	}
	s.held, s.seen = true, seen-open
	return 0, false
}

// replace asks about the URL from begin to the end of b.
func (s *jsonScanner) replace(b []byte, begin int) {
	raw := b[begin:]
	if bytes.IndexByte(raw, '\\') >= 0 {
		s.replaceEscaped(raw, begin)
		return
	}
	texts := len(s.new)
	all, rest, ok := s.link(s.new, raw)
	if !ok || string(all[texts:]) == string(raw[:rest]) {
		return
	}
	s.new = all
	s.change(begin, begin+rest, s.spell(all[texts:], false))
}

// replaceEscaped is replace for a URL that is written with escapes.
func (s *jsonScanner) replaceEscaped(raw []byte, begin int) {
	if !s.url.json(raw) {
		return
	}
	texts := len(s.new)
	all, ok := s.link.Replace(s.new, s.url.text)
	if !ok || bytes.Equal(all[texts:], s.url.text) {
		return
	}
	s.new = all
	head, tail, middle := s.url.common(raw, all[texts:])
	text := s.spell(middle, bytes.Contains(raw, escapedSlash))
	s.change(begin+len(head), begin+len(raw)-len(tail), text)
}

// change puts text in place of what is between.
func (s *jsonScanner) change(begin, end int, text []byte) {
	s.links++
	s.edits = append(s.edits, edit{})
	e := &s.edits[len(s.edits)-1] // a literal would be copied, which stalls
	e.pass, e.cut, e.text = begin-s.from, end-begin, text
	s.from = end
}

// spell returns how text is written into a string.
func (s *jsonScanner) spell(text []byte, escapeSlash bool) []byte {
	if !escapeSlash && string(text) == string(s.clean) {
		return text
	}
	if standsForItself(text, escapeSlash) {
		s.clean = append(s.clean[:0], text...)
		return text
	}
	texts := len(s.out)
	s.out = appendJSON(s.out, text, escapeSlash)
	return s.out[texts:]
}

// before returns the last byte before b[i] that is not white space, 0 if there
// is none, and whether it is the colon after a key whose value must not change.
func (s *jsonScanner) before(b []byte, i int) (last byte, unchanged bool) {
	if i > longestUnchanged+len(`\"":`) {
		switch c := b[i-1]; {
		case c == ':' && b[i-2] == '"':
			return ':', endsInUnchangedKey(b[:i-2])
		case c > ' ' && c != ':':
			return c, false
		}
	}
	l := lookback{window: b[:i], past: s.past.bytes()}
	if last = l.significant(); last != ':' {
		return last, false
	}
	return last, l.unchangedKey()
}

func (s *jsonScanner) forget(old []byte) { s.past.add(old) }

func (s *jsonScanner) counts() (pictures, links int) { return 0, s.links }

func (s *jsonScanner) size() int {
	const sizeOfEdit = 40
	return cap(s.out) + cap(s.new) + cap(s.clean) + cap(s.origin) + cap(s.foreign) + cap(s.lower) + sizeOfEdit*cap(s.edits) + s.url.size()
}

func (s *jsonScanner) release() {
	if s.size() > maxPooled {
		*s = jsonScanner{}
	}
	clear(s.hosts)
	clear(s.edits[:cap(s.edits)])
	*s = jsonScanner{
		hosts: s.hosts[:0], origin: s.origin[:0], foreign: s.foreign[:0], lower: s.lower[:0], edits: s.edits[:0],
		out: s.out[:0], new: s.new[:0], clean: s.clean[:0], url: s.url.emptied(),
	}
	jsonScanners.Put(s)
}

var _ scanner = (*jsonScanner)(nil)
