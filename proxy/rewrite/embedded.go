// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"net/http"
)

// An Embedding says which strings of JSON hold HTML. The zero value says that
// none do.
type Embedding struct {
	// Commands: the JSON holds commands that change a page, and the strings named
	// content are HTML:
	//
	//	[{"target":"body","action":"append","content":"<img src=\"http://localhost:8080/api/…\" />"}]
	Commands bool

	// Batch: the JSON is a batch of Microsoft Graph. A string named body is HTML,
	// as it is or in base64, if it begins like HTML and if no Content-Type in the
	// headers before it says otherwise:
	//
	//	{"responses":[{"id":"1","status":200,"headers":{"Content-Type":"text/html"},"body":"PGh0bWw…"}]}
	Batch bool
}

// newEmbedded returns src, which is JSON, with the URLs of the HTML in its strings
// replaced. [JSON] leaves such strings alone: in most bodies they are what people
// wrote.
//
// The HTML is found where its markup is once the escapes of the strings are
// resolved, and a URL counts only in an attribute of a tag. Whatever stays keeps
// its spelling, and what is written is escaped for the string, so that valid JSON
// stays valid.
//
// Microsoft's own examples write commands with single quotes and names without
// quotes, which is no JSON. The API accepts it, and so does this.
//
// Of the header fields of a batch's items, those that are to be removed become empty.
func newEmbedded(src Body, which Embedding, rules HTMLRules, removed func(name string) bool) Body {
	s := &embeddedScanner{which: which, html: newHTMLScanner(rules), removed: removed}
	return &stacked{Reader: newReader(src, s), src: src}
}

// A stacked is a Body whose source is a Body as well.
type stacked struct {
	*Reader
	src Body
}

// Rewritten returns how many URLs both have replaced.
func (s *stacked) Rewritten() (pictures, links int) {
	pictures, links = s.Reader.Rewritten()
	p, l := s.src.Rewritten()
	return pictures + p, links + l
}

// Close closes both. Neither fails.
func (s *stacked) Close() error {
	_ = s.Reader.Close()
	return s.src.Close()
}

// An embeddedScanner finds the strings that hold HTML. It reads no more of the
// JSON than it needs for that: strings, and the name in front of a colon.
type embeddedScanner struct {
	which   Embedding
	html    *htmlScanner // of the string that is read
	removed func(name string) bool
	emptied int // header fields

	state embeddedState
	seen  int   // undecided bytes that were scanned already
	quote byte  // of the string that is read
	plain value // the state of a string without HTML

	// What is known of the JSON before.
	name     name      // the last string or word, which may be the name of a member
	member   member    // the member whose value comes next
	depth    int       // open braces and brackets
	bodyType MediaType // of the batch's item, if its headers said so
	hasType  bool
	inHeader bool // between the brackets of the item's headers

	// HTML that was read out of the string, from textAt on undecided.
	text   []byte
	textAt int
	base64 base64Text // how it was written, if in base64

	edits []edit
	out   []byte // their texts
	from  int    // where in the window they end
	begin int    // where in the window the undecided bytes begin
}

type embeddedState uint8

const (
	betweenStrings embeddedState = iota
	inString                     // in one without HTML
	beforeBody                   // at the beginning of one that may be a page
	inEscaped                    // in HTML, with the escapes of JSON
	inBase64
	inRemoved // in the value of a header field that becomes empty
)

// A member is what matters of a member's name.
type member uint8

const (
	otherMember member = iota
	contentMember
	bodyMember
	typeMember // Content-Type
	headersMember
	removedMember // a header field that becomes empty
)

// A name is the beginning of a string or word, long enough for the names and
// values that matter.
type name struct {
	text [64]byte
	n    int
	long bool
}

func (n *name) add(b []byte) {
	k := copy(n.text[n.n:], b)
	n.n += k
	n.long = n.long || k < len(b)
}

func (n *name) reset() { n.n, n.long = 0, false }

func (n *name) member() member {
	if n.long {
		return otherMember
	}
	text := n.text[:n.n]
	switch {
	case bytes.EqualFold(text, []byte("content")):
		return contentMember
	case bytes.EqualFold(text, []byte("body")):
		return bodyMember
	case bytes.EqualFold(text, []byte("content-type")):
		return typeMember
	case bytes.EqualFold(text, []byte("headers")):
		return headersMember
	}
	return otherMember
}

// memberNamed returns what matters of the name before a colon.
func (s *embeddedScanner) memberNamed() member {
	if s.inHeader && !s.name.long && s.removed != nil {
		var name decoded
		name.json(s.name.text[:s.name.n])
		if s.removed(http.CanonicalHeaderKey(string(name.text))) {
			return removedMember
		}
	}
	return s.name.member()
}

func (s *embeddedScanner) next(window []byte, at int, end bool) []edit {
	s.edits, s.out = s.edits[:0], s.out[:0]
	s.from, s.begin = at, at
	i, more := at+s.seen, true
	for more && !s.full() {
		switch s.state {
		case betweenStrings:
			i, more = s.skipToString(window, i)
		case inString:
			i, more = s.skipString(window, i)
		case beforeBody:
			more = s.openBody(window[i:], end)
		case inEscaped:
			i, more = s.rewriteEscaped(window, i, end)
		case inBase64:
			i, more = s.rewriteBase64(window, i, end)
		case inRemoved:
			i, more = s.removeString(window, i)
		}
	}
	s.seen = i - s.begin
	if !s.full() {
		s.edits = append(s.edits, edit{pass: s.begin - s.from})
	}
	return s.edits
}

// full reports whether there are enough edits for now. Then nothing is decided
// behind the last of them.
func (s *embeddedScanner) full() bool {
	return len(s.edits) == maxEdits || len(s.out) > maxTexts
}

// skipToString goes on after the next string's first quote. It reports false where
// b ends before.
func (s *embeddedScanner) skipToString(b []byte, i int) (next int, found bool) {
	for ; i < len(b); i++ {
		switch c := b[i]; c {
		case '"', '\'':
			s.openString(c)
			s.begin = i + 1
			return i + 1, true
		case ':':
			s.member = s.memberNamed()
			s.name.reset()
		case ',':
			s.endValue()
		case '{', '[':
			if s.depth == itemsDepth+1 {
				s.inHeader = s.which.Batch && s.member == headersMember
			}
			s.endValue()
			s.depth++
		case '}', ']':
			s.endValue()
			if s.depth--; s.depth <= itemsDepth {
				s.hasType = false
			}
			s.inHeader = s.inHeader && s.depth > itemsDepth+1
		case ' ', '\t', '\r', '\n':
		default:
			s.name.add(b[i : i+1])
		}
	}
	s.begin = i
	return i, false
}

// itemsDepth is how many brackets are open around the items of a batch.
const itemsDepth = 2

// endValue forgets the name of a member whose value has ended, or is no string.
func (s *embeddedScanner) endValue() {
	s.member = otherMember
	s.name.reset()
}

func (s *embeddedScanner) openString(quote byte) {
	s.quote = quote
	switch {
	case s.member == contentMember && s.which.Commands:
		s.state = inEscaped
	case s.member == bodyMember && s.which.Batch && (!s.hasType || s.bodyType == HTMLType):
		s.state = beforeBody
	case s.member == removedMember:
		s.skipRest()
		s.state = inRemoved
	default:
		s.skipRest()
	}
}

// skipRest leaves the rest of a string as it is.
func (s *embeddedScanner) skipRest() {
	s.state = inString
	s.plain = value{quoted: true}
	s.name.reset()
}

// closeString goes on after the last quote of a string that held HTML.
func (s *embeddedScanner) closeString(i int) int {
	s.state = betweenStrings
	s.endValue()
	s.text, s.textAt = s.text[:0], 0
	s.html.reset()
	s.begin = i + 1
	return i + 1
}

// skipString goes on after the last quote of a string without HTML. It reports
// false where b ends before.
func (s *embeddedScanner) skipString(b []byte, i int) (next int, found bool) {
	next = s.plain.skipString(b, i, s.quote)
	s.begin = next
	if s.plain.quoted {
		s.name.add(b[i:next])
		return next, false
	}
	s.name.add(b[i : next-1])
	if s.member == typeMember {
		var t decoded
		t.json(s.name.text[:s.name.n])
		s.bodyType, s.hasType = MediaTypeOf(string(t.text)), true
	}
	s.member = otherMember
	s.state = betweenStrings
	return next, true
}

// removeString takes out what is left of a string, and goes on after its last quote. It
// reports false where b ends before.
func (s *embeddedScanner) removeString(b []byte, i int) (next int, found bool) {
	next = s.plain.skipString(b, i, s.quote)
	last := next
	if !s.plain.quoted {
		last--
	}
	if last > i {
		s.change(i, last, nil)
	}
	if s.plain.quoted {
		return next, false
	}
	s.emptied++
	return s.closeString(last), true
}

// keepUndecided drops the HTML that is decided, once it is the larger part: to
// move a long tag with every byte of a slow source would be quadratic.
func (s *embeddedScanner) keepUndecided() {
	if s.textAt > len(s.text)/2 {
		s.text = s.text[:copy(s.text, s.text[s.textAt:])]
		s.textAt = 0
	}
}

// change puts text in place of what is between.
func (s *embeddedScanner) change(begin, end int, text []byte) {
	s.edits = append(s.edits, edit{pass: begin - s.from, cut: end - begin, text: text})
	s.from, s.begin = end, end
}

func (s *embeddedScanner) forget([]byte) {}

func (s *embeddedScanner) counts() (pictures, links int) {
	pictures, links = s.html.counts()
	return pictures, links + s.emptied
}

func (s *embeddedScanner) size() int {
	const sizeOfEdit = 40
	return cap(s.text) + cap(s.out) + sizeOfEdit*cap(s.edits) + s.html.size()
}

func (s *embeddedScanner) release() { s.html.release() }

var (
	_ Body    = (*stacked)(nil)
	_ scanner = (*embeddedScanner)(nil)
)
