// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"io"
	"sync"
)

// maxTag is the longest tag that is held until its end is known, because the media
// type may stand after the URL. Of a longer one (a picture in the alt attribute,
// say) only the part is held that is not decided; see longTag.
const maxTag = 64 << 10

// HTMLRules say which URLs of a page change, and how. A nil func changes
// nothing.
type HTMLRules struct {
	// Picture decides about img src, with the type of data-src-type, and about
	// img data-fullres-src, with the type of data-fullres-src-type.
	Picture PictureFunc

	// EscapePicture reports whether bare ampersands in a picture's URL are written as
	// &amp;, where the URL itself stays as it is. HTML does not need that, XHTML does.
	EscapePicture func(url []byte) bool

	// Link decides about object data, and data-render-src of img and object.
	Link LinkFunc

	// LinkPictures also gives Link the img URLs that Picture declined, and
	// data-render-src of div. Pages on their way to the API need it: local URLs
	// must become the API's again.
	LinkPictures bool
}

// rewrites reports whether the rules could change a page.
func (r *HTMLRules) rewrites() bool { return r.Picture != nil || r.Link != nil }

// HTML returns src with the URLs of pictures and objects replaced. The text
// must be in an encoding that agrees with ASCII where ASCII is written, such as
// UTF-8 or Windows-1252, and so not in UTF-16.
//
// Tags are found as the HTML standard (section 13.2.5) tokenizes: not in
// comments, not in the text of script, style, textarea, title, xmp, iframe,
// noembed, noframes and plaintext, and a ">" in a quoted value ends no tag. Of
// attributes that are given twice the first counts. A tag that the body's end
// cuts off is no tag. The text of noscript is taken for markup, as where
// scripts are off: the responses of the proxy are sandboxed. What only a tree
// builder knows is left aside: image is not img, and a title inside svg hides
// what it holds. There is one exception from the standard: the API writes XHTML,
// so what closes itself (<iframe … />, <title />) holds no text.
//
// A replaced value keeps its quotes, or gains some if it had none, and keeps
// its spelling where old and new URL agree; in the rest & is written as &amp;.
// White space around a URL stays. URLs with more than 1024 references stay as they
// are. In a tag longer than 64 KiB a URL may move to the tag's end; see longTag.
func HTML(src io.Reader, rules HTMLRules) *Reader {
	return newReader(src, newHTMLScanner(rules))
}

func newHTMLScanner(rules HTMLRules) *htmlScanner {
	s := htmlScanners.Get().(*htmlScanner)
	s.rules = rules
	s.images = rules.Picture != nil || rules.Link != nil && rules.LinkPictures
	s.objects = rules.Link != nil
	s.divs = s.objects && rules.LinkPictures
	s.ordinary = &ordinary
	if s.divs {
		s.ordinary = &ordinaryNoDivs
	}
	return s
}

var htmlScanners = sync.Pool{New: func() any { return new(htmlScanner) }}

// An htmlScanner is the tokenizer of the HTML standard with all left out that
// does not matter for where an img begins and ends.
//
// It can stop after any byte and resume there. Where a few bytes more decide
// what a "<" begins, they are asked for and looked at again; that is at most
// the length of the longest name in elements.
type htmlScanner struct {
	rules                 HTMLRules
	images, objects, divs bool
	ordinary              *ordinaryNames

	state   htmlState
	tag     tagState
	comment commentState
	script  scriptState
	element element // whose start tag, or whose text, the scan is in
	parsed  bool    // the tag was parsed and is to be rewritten
	held    bool    // the tag is undecided until its end is known
	long    longTag // the tag, if it is too long to be held
	seen    int     // undecided bytes that were scanned already

	attrs [attributes]attribute // of the tag that was parsed last

	pictures, links int

	edits    [1]edit
	out      []byte // the text of the last edit
	new      []byte
	url      decoded
	mimeType decoded
}

type htmlState uint8

const (
	inText    htmlState = iota
	inTag               // between a tag's name and its ">"
	inComment           // after "<!--"
	inBogus             // until the next ">"
	inRaw               // the text of an element that holds no markup
	inScript            // the text of a script
	inPlain             // the text after <plaintext>, which never ends
)

// markup says what the byte after a "<" makes of it.
var markup = func() (t [256]htmlState) {
	for c := range t {
		if isLetter(byte(c)) || c == '/' {
			t[c] = inTag
		}
	}
	t['!'] = inComment
	t['?'] = inBogus
	return t
}()

func (s *htmlScanner) next(window []byte, at int, end bool) []edit {
	e := &s.edits[0]
	e.cut, e.text = 0, nil
	e.pass = s.decide(window[at:], end)
	return s.edits[:]
}

// decide is next for the undecided bytes. It returns how many of them stay as
// they are, and finds one change at most. An edit that is returned would be
// copied, which takes longer than all the rest where bytes come one by one.
func (s *htmlScanner) decide(b []byte, end bool) (pass int) {
	i, begin := s.seen, 0
	s.seen = 0
	for {
		for i < len(b) {
			switch s.state {
			case inText:
				if i = skipText(b, i, s.ordinary); i == len(b) {
					return len(b)
				}
				begin = i
				next, ok := s.open(b, i)
				if !ok {
					return s.wait(len(b), begin, end)
				}
				i = next
				if !s.parsed {
					continue
				}
				s.parsed = false
				if i-begin > maxTag {
					i = s.beginLong(begin)
				} else if e := s.rewriteTag(b[:i]); e.changes() {
					return s.decided(e, i)
				}
			case inTag:
				if s.long.on {
					e, next := s.rewriteLong(b, i)
					if e.changes() {
						return s.decided(e, next)
					}
					i = next
					continue
				}
				i = s.skipTag(b, i)
				if s.state == inTag || !s.held {
					continue
				}
				s.held = false
				if i-begin > maxTag {
					i = s.beginLong(begin)
					continue
				}
				s.parse(b, begin+1+len(elements[s.element]))
				if e := s.rewriteTag(b[:i]); e.changes() {
					return s.decided(e, i)
				}
			case inComment:
				i = s.skipComment(b, i)
			case inBogus:
				gt := bytes.IndexByte(b[i:], '>')
				if gt < 0 {
					return len(b)
				}
				i += gt + 1
				s.state = inText
			case inRaw, inScript:
				next, ok := s.skipRaw(b, i)
				if !ok {
					return s.wait(len(b), next, end)
				}
				i = next
			case inPlain:
				return len(b)
			}
		}
		if !s.held || len(b)-begin < maxTag {
			return s.pause(len(b), begin, end)
		}
		s.held = false
		i = s.beginLong(begin)
	}
}

// decided is what decide returns for an edit, where b was scanned up to i.
func (s *htmlScanner) decided(e edit, i int) (pass int) {
	n := e.pass + e.cut
	s.seen = i - n
	s.long.shift(n)
	s.edits[0] = e
	return e.pass
}

// wait leaves the bytes from there on undecided: too few to tell.
func (s *htmlScanner) wait(n, from int, end bool) (pass int) {
	if end {
		return n
	}
	return from
}

// pause is what decide returns when it has seen all n bytes, the last of them
// in the tag from begin on if one is held.
func (s *htmlScanner) pause(n, begin int, end bool) (pass int) {
	switch {
	case end:
		s.held = false
		return n
	case s.held:
		s.seen = n - begin
		return begin
	case s.state == inTag && s.long.on:
		pass = s.long.undecided(n, s.tag)
		s.seen = n - pass
		s.long.shift(pass)
		return pass
	}
	return n
}

// open looks at what the "<" at lt begins and returns where to go on. It
// reports false if b holds too little to tell.
func (s *htmlScanner) open(b []byte, lt int) (next int, ok bool) {
	i := lt + 1
	if i == len(b) {
		return 0, false
	}
	switch markup[b[i]] {
	case inTag:
		if b[i] == '/' {
			return s.openEnd(b, i+1)
		}
		return s.openStart(b, i)
	case inComment:
		return s.openComment(b, i+1)
	case inBogus:
		s.state = inBogus
		return i + 1, true
	}
	return i, true
}

// openEnd takes what follows "</".
func (s *htmlScanner) openEnd(b []byte, i int) (int, bool) {
	if i == len(b) {
		return 0, false
	}
	s.state = inBogus // which "</>" ends at once
	if isLetter(b[i]) {
		s.state, s.tag, s.element = inTag, inTagName, other
	}
	return i, true
}

// openComment takes what follows "<!". A doctype ends at the next ">" as well,
// quoted or not, and so does a CDATA section outside of svg and math.
func (s *htmlScanner) openComment(b []byte, i int) (int, bool) {
	if bytes.HasPrefix(b[i:], dashes) {
		s.state, s.comment = inComment, commentStart
		return i + len(dashes), true
	}
	if bytes.HasPrefix(dashes, b[i:]) {
		return 0, false
	}
	s.state = inBogus
	return i, true
}

var dashes = []byte("--")

// openStart takes the start tag whose name is at i.
func (s *htmlScanner) openStart(b []byte, i int) (int, bool) {
	e, n, ok := elementAt(b[i:])
	if !ok {
		return 0, false
	}
	s.element = e
	i += n
	if e == img && s.images || e == object && s.objects || e == div && s.divs {
		if end := s.parse(b, i); end >= 0 {
			s.parsed = true
			return end, true
		}
		// Parsing again with every read would be quadratic in the tag's length:
		// from here on only its end is looked for.
		s.held = true
	}
	s.state, s.tag = inTag, inTagName
	return i, true
}

// reset makes the scanner begin another text. Its counts go on.
func (s *htmlScanner) reset() {
	s.state, s.held, s.parsed, s.seen = inText, false, false, 0
	s.long.on = false
}

func (s *htmlScanner) forget([]byte) {}

func (s *htmlScanner) counts() (pictures, links int) { return s.pictures, s.links }

func (s *htmlScanner) size() int {
	return cap(s.out) + cap(s.new) + s.url.size() + s.mimeType.size() + s.long.size()
}

func (s *htmlScanner) release() {
	if s.size() > maxPooled {
		*s = htmlScanner{}
	}
	*s = htmlScanner{out: s.out, new: s.new, url: s.url.emptied(), mimeType: s.mimeType.emptied(), long: s.long.emptied()}
	htmlScanners.Put(s)
}

var _ scanner = (*htmlScanner)(nil)
