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
// makes those. Strings longer than 64 KiB pass as they are.
func JSON(src io.Reader, hosts []string, link Link) *Reader {
	s := jsonScanners.Get().(*jsonScanner)
	s.link = link
	for _, h := range hosts {
		s.hosts = append(s.hosts, hit{host: h})
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
	hosts []hit

	state   jsonState
	utf8    validator
	checked int  // undecided bytes that are known to be UTF-8
	invalid bool // what comes after them is not

	held bool // the undecided bytes begin with a string that may be a URL
	seen int  // bytes of it that were searched for its end already

	kept    value   // the value that is skipped, in state inKept
	past    history // what stood in front of the window
	scanned int     // length of the window that the hits are of, or -1

	links int

	out []byte
	new []byte
	url decoded
}

// A hit is the next place in the window where a host stands, or the window's
// length.
type hit struct {
	host string
	at   int
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
	for {
		if s.state == inKept {
			if i = s.kept.skip(b, i); !s.kept.closed() {
				break
			}
			s.state = inJSON
		}
		if !s.held {
			host := s.nextHost(b, i)
			if kept := s.keptBracket(b, i, host); kept >= 0 {
				s.state, s.kept = inKept, value{depth: 1}
				i = kept + 1
				continue
			}
			if host == len(b) {
				break
			}
			next := host + 1
			if host = openingBefore(b, i, host); host < 0 {
				i = next
				continue
			}
			i = host
		}
		next, e, known := s.rewrite(b, i, end)
		if !known {
			return edit{pass: i - at}
		}
		if e.changes() {
			e.pass -= at
			return e
		}
		i = next
	}
	if s.state == inJSON && !end {
		if open := openingAtEnd(b, i); open >= 0 {
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

// nextHost returns where the next host begins, or the window's length. A place
// that was found once is not looked for again: of several hosts most are absent.
func (s *jsonScanner) nextHost(b []byte, from int) int {
	first := len(b)
	for k := range s.hosts {
		h := &s.hosts[k]
		if s.scanned != len(b) || h.at < from {
			h.at = len(b)
			if n := bytes.Index(b[from:], []byte(h.host)); n >= 0 {
				h.at = from + n
			}
		}
		first = min(first, h.at)
	}
	s.scanned = len(b)
	return first
}

// keptBracket returns the first bracket in b[from:to] that opens the value of a
// member that must not change, or -1.
func (s *jsonScanner) keptBracket(b []byte, from, to int) int {
	first := -1
	for _, bracket := range [...]byte{'{', '['} {
		for i := from; ; i++ {
			n := bytes.IndexByte(b[i:to], bracket)
			if n < 0 {
				break
			}
			i += n
			if _, kept := s.before(b, i); kept {
				first, to = i, i
				break
			}
		}
	}
	return first
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
	s.url.json(raw)
	var ok bool
	s.new, ok = s.link(s.new[:0], s.url.text)
	if !ok || bytes.Equal(s.new, s.url.text) {
		return edit{}
	}
	s.links++
	head, tail, middle := s.url.common(raw, s.new)
	s.out = appendJSON(s.out[:0], middle, bytes.Contains(raw, escapedSlash))
	return edit{
		pass: begin + len(head),
		cut:  len(raw) - len(head) - len(tail),
		text: s.out,
	}
}

// before returns the last byte before b[i] that is not white space, 0 if there
// is none, and whether it is the colon after a key whose value must not change.
func (s *jsonScanner) before(b []byte, i int) (last byte, kept bool) {
	l := lookback{window: b[:i], past: s.past.bytes()}
	last = l.significant()
	return last, last == ':' && l.keptKey()
}

func (s *jsonScanner) forget(old []byte) {
	s.past.add(old)
	s.scanned = -1
}

func (s *jsonScanner) counts() (pictures, links int) { return 0, s.links }

func (s *jsonScanner) release() {
	clear(s.hosts)
	*s = jsonScanner{hosts: s.hosts[:0], out: shrink(s.out), new: shrink(s.new), url: s.url.reset()}
	jsonScanners.Put(s)
}

var _ scanner = (*jsonScanner)(nil)
