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

	// maxHost is how far behind the scheme of a URL one of the hosts begins.
	maxHost = 255

	// maxGap is the longest white space after a string that is looked through
	// for the colon that makes it a key.
	maxGap = 1 << 10
)

// JSON returns src with those string values replaced that begin with a URL of
// one of the hosts and that link replaces, at any depth. The first bytes of a
// URL's host and port must hold one of hosts, spelled the same; so "example.com"
// also stands for "www.example.com". link decides what is ours: it gets the
// whole string, escapes resolved.
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
// mark) is "{", "[" or a quote, it passes unchanged. It also passes unchanged
// from the first byte on that is not UTF-8. In malformed JSON what is changed
// still is a string after ":", "[" or ",". Not recognised are a scheme or host
// that is written with \u escapes, and hosts in another case: no JSON writer
// makes those. Strings longer than 64 KiB, or with more than 1024 escapes, pass
// as they are.
func JSON(src io.Reader, hosts []string, link Link) *Reader {
	s := jsonScanners.Get().(*jsonScanner)
	s.link = link
	for _, h := range hosts {
		s.hosts = append(s.hosts, needleFor(h))
	}
	return newReader(src, s)
}

var jsonScanners = sync.Pool{New: func() any { return new(jsonScanner) }}

// A jsonScanner finds URLs by their hosts, which are rare, and only then looks
// around: back for the quote and the key, forward for the string's end. That is
// many times as fast as tokenizing. What it would miss, that a URL is inside of
// a member that must not change, it learns from the brackets: for each that
// opens, it looks back for such a key, and if there is one, the text is
// tokenized until the bracket closes.
type jsonScanner struct {
	link  Link
	hosts []needle

	state   jsonState
	utf8    validator
	checked int  // undecided bytes that are known to be UTF-8
	invalid bool // what comes after them is not

	held bool // the undecided bytes begin with a string that may be a URL
	seen int  // bytes of it that were searched for its end already

	kept value   // the value that is skipped, in state inKept
	past history // what stood in front of the window

	length        int // of the window that what was found is of, or -1
	brace, square int // where the next { and [ are, or -1

	links int

	out []byte
	new []byte
	url decoded
}

type jsonState uint8

const (
	beforeJSON jsonState = iota // nothing but white space so far
	inJSON
	inKept  // in the value of a member that must not change
	notJSON // and never will be
)

func (s *jsonScanner) next(window []byte, at int, end bool) edit {
	if s.state == notJSON {
		return edit{pass: len(window) - at}
	}
	if !s.invalid {
		s.checked += s.utf8.valid(window[at+s.checked:])
		s.invalid = at+s.checked < len(window)
	}
	e := s.scan(window[:at+s.checked], at, end || s.invalid)
	if s.invalid && !e.changes() {
		s.state = notJSON
		return edit{pass: len(window) - at}
	}
	s.checked -= e.pass + e.cut
	return e
}

// scan is next for a window that is UTF-8.
func (s *jsonScanner) scan(b []byte, at int, end bool) edit {
	i := at
	if s.state == beforeJSON {
		i = s.begin(b, i)
		if s.state != inJSON {
			return edit{pass: len(b) - at}
		}
	}
	if s.length != len(b) {
		s.lookAnew(len(b))
	}
	low := i // what is before was looked at
	for i < len(b) {
		if s.state == inKept {
			if i = s.kept.skip(b, i); s.kept.closed() {
				s.state = inJSON
			}
			low = i
			continue
		}
		if !s.held {
			bracket := s.nextBracket(b, i)
			host := s.nextHost(b, i, bracket)
			if host == bracket {
				i = bracket
				if i < len(b) {
					s.openBracket(b, i)
					i++
				}
				continue
			}
			next := host + 1
			open := openingBefore(b, low, host)
			if open < 0 {
				i = next
				continue
			}
			i = open
		}
		next, e, known := s.rewrite(b, i, end)
		if !known {
			return edit{pass: i - at}
		}
		if e.changes() {
			e.pass -= at
			return e
		}
		i, low = next, next
	}
	if s.state == inJSON && !end {
		if open := openingAtEnd(b, at); open >= 0 {
			return edit{pass: open - at}
		}
	}
	return edit{pass: len(b) - at}
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

// lookAnew forgets what was found in the window: it is another.
func (s *jsonScanner) lookAnew(length int) {
	s.length = length
	s.brace, s.square = -1, -1
	for k := range s.hosts {
		s.hosts[k].at, s.hosts[k].end = -1, 0
	}
}

// nextBracket returns where the next bracket opens, or the window's length.
func (s *jsonScanner) nextBracket(b []byte, from int) int {
	if s.brace < from {
		s.brace = indexFrom(b, from, '{')
	}
	if s.square < from {
		s.square = indexFrom(b, from, '[')
	}
	return min(s.brace, s.square)
}

// indexFrom returns where in b the next c is, or the length of b.
func indexFrom(b []byte, from int, c byte) int {
	if n := bytes.IndexByte(b[from:], c); n >= 0 {
		return from + n
	}
	return len(b)
}

// nextHost returns where in b[from:to] the next host is, or to.
func (s *jsonScanner) nextHost(b []byte, from, to int) int {
	for k := range s.hosts {
		to = s.hosts[k].next(b, from, to)
	}
	return to
}

// openBracket skips the bracket's value if it is one that must not change.
func (s *jsonScanner) openBracket(b []byte, i int) {
	if _, kept := s.before(b, i); kept {
		s.state, s.kept = inKept, value{}
		s.kept.skip(b[:i+1], i)
	}
}

// rewrite looks at the string whose quote is at open: it may be a URL. It
// returns where to go on, and the edit if it changes; known is false if b holds
// too little to tell, and the string must be held.
func (s *jsonScanner) rewrite(b []byte, open int, end bool) (next int, e edit, known bool) {
	from := open + 1
	if s.held {
		from = open + s.seen
		s.held = false
	}
	last, kept := s.before(b, open)
	if kept || !beginsValue[last] {
		return open + 1, e, true
	}
	shut := stringEnd(b, open, from)
	if shut < 0 {
		return s.hold(b, open, len(b), end)
	}
	if shut-open >= maxString {
		return shut, e, true
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
			return shut, e, true
		}
	}
	return shut, s.replace(b[:shut], open+1), true
}

// hold makes the scan wait for more of the string at open, whose end was looked
// for up to there.
func (s *jsonScanner) hold(b []byte, open, seen int, end bool) (int, edit, bool) {
	if end || len(b)-open >= maxString+maxGap {
		return len(b), edit{}, true
	}
	s.held, s.seen = true, seen-open
	return 0, edit{}, false
}

// replace asks about the URL from begin to the end of b.
func (s *jsonScanner) replace(b []byte, begin int) edit {
	raw := b[begin:]
	if !s.url.json(raw) {
		return edit{}
	}
	var ok bool
	s.new, ok = s.link(s.new[:0], s.url.text)
	if !ok || bytes.Equal(s.new, s.url.text) {
		return edit{}
	}
	s.links++
	head, tail, middle := s.url.common(raw, s.new)
	escapeSlash := len(s.url.signs) > 0 && bytes.Contains(raw, escapedSlash)
	if !standsForItself(middle, escapeSlash) {
		s.out = appendJSON(s.out[:0], middle, escapeSlash)
		middle = s.out
	}
	return edit{
		pass: begin + len(head),
		cut:  len(raw) - len(head) - len(tail),
		text: middle,
	}
}

// before returns the last byte before b[i] that is not white space, 0 if there
// is none, and whether it is the colon after a key whose value must not change.
func (s *jsonScanner) before(b []byte, i int) (last byte, kept bool) {
	if i > longestKept+len(`\"":`) && b[i-1] == ':' && b[i-2] == '"' {
		return ':', endsInKeptKey(b[:i-2])
	}
	l := lookback{window: b[:i], past: s.past.bytes()}
	if last = l.significant(); last != ':' {
		return last, false
	}
	return last, l.keptKey()
}

func (s *jsonScanner) forget(old []byte) {
	s.past.add(old)
	s.length = -1
}

func (s *jsonScanner) counts() (pictures, links int) { return 0, s.links }

func (s *jsonScanner) size() int { return cap(s.out) + cap(s.new) + s.url.size() }

func (s *jsonScanner) release() {
	if s.size() > maxKept {
		*s = jsonScanner{}
	}
	clear(s.hosts)
	*s = jsonScanner{hosts: s.hosts[:0], out: s.out, new: s.new, url: s.url.emptied()}
	jsonScanners.Put(s)
}

var _ scanner = (*jsonScanner)(nil)
