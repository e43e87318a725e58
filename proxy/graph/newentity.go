// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

const (
	// maxNewEntity is the longest body that is translated. What makes a notebook
	// has a name of at most 128 characters, and little else.
	maxNewEntity = 64 << 10

	// maxNewEntityDepth is how deep such a body may be nested.
	maxNewEntityDepth = 100
)

// NewEntityRules translate the body of a POST that makes a notebook, a section or
// a section group: the name of the new one goes to Graph as its displayName. The
// OneNote API is not strict about JSON, so apps send {name:'x',}; Graph gets
// {"displayName":"x"}.
//
// Names without quotes, single quotes, commas before a closing bracket, control
// characters in strings and a byte order mark are put right. A body that is still
// no JSON, that is no object, or that is longer than 64 KiB stays as it is, for
// Graph to say what is wrong with it.
type NewEntityRules struct {
	// KeepNames is for the bodies of actions, such as those that copy. Their
	// parameters have the same names in both APIs.
	KeepNames bool
}

// Open returns src translated. Closing it does not close src. Rewritten counts what
// was changed, as links; a body with nothing to change keeps its bytes.
func (r *NewEntityRules) Open(src io.Reader) rewrite.Body {
	return &wholeJSON{src: src, open: r.translate}
}

func (r *NewEntityRules) translate(src io.Reader) (out io.Reader, changes int) {
	text, err := io.ReadAll(io.LimitReader(src, maxNewEntity+1))
	if err != nil {
		return io.MultiReader(bytes.NewReader(text), failedReader{err}), 0
	}
	if len(text) > maxNewEntity {
		return io.MultiReader(bytes.NewReader(text), src), 0
	}
	p := looseJSON{in: text, rename: !r.KeepNames}
	if !p.document() || p.changes == 0 || !json.Valid(p.out) {
		return bytes.NewReader(text), 0
	}
	return bytes.NewReader(p.out), p.changes
}

// A failedReader returns the error that a source has returned already.
type failedReader struct{ err error }

func (r failedReader) Read([]byte) (int, error) { return 0, r.err }

// A looseJSON writes JSON again whose author was not strict. Its methods report
// false for what cannot be read. What it writes may still be no JSON.
type looseJSON struct {
	in, out []byte
	at      int
	rename  bool // name becomes displayName in the outermost object
	changes int
}

// document reads the whole text, which must be an object.
func (p *looseJSON) document() bool {
	if bytes.HasPrefix(p.in, []byte("\ufeff")) {
		p.at = len("\ufeff")
		p.changes++
	}
	p.space()
	if p.next() != '{' || !p.value(0) {
		return false
	}
	p.space()
	return p.at == len(p.in)
}

// next returns the next byte, or 0 at the end.
func (p *looseJSON) next() byte {
	if p.at == len(p.in) {
		return 0
	}
	return p.in[p.at]
}

// copy writes the next n bytes as they are.
func (p *looseJSON) copy(n int) {
	p.out = append(p.out, p.in[p.at:p.at+n]...)
	p.at += n
}

func (p *looseJSON) space() {
	for jsonSpace[p.next()] {
		p.copy(1)
	}
}

func (p *looseJSON) value(depth int) bool {
	switch c := p.next(); c {
	case '{':
		return p.list('}', depth, p.member)
	case '[':
		return p.list(']', depth, p.value)
	case '"', '\'':
		return p.text(c)
	}
	return p.scalar()
}

// list reads an object or array up to the bracket that closes it.
func (p *looseJSON) list(closing byte, depth int, element func(depth int) bool) bool {
	if depth == maxNewEntityDepth {
		return false
	}
	p.copy(1)
	for {
		p.space()
		if p.next() == closing {
			p.copy(1)
			return true
		}
		if !element(depth + 1) {
			return false
		}
		p.space()
		if p.next() == ',' {
			p.comma(closing)
		} else if p.next() != closing {
			return false
		}
	}
}

// comma leaves out a comma that nothing follows.
func (p *looseJSON) comma(closing byte) {
	rest := bytes.TrimLeft(p.in[p.at+1:], jsonSpaces)
	if len(rest) > 0 && rest[0] == closing {
		p.at++
		p.changes++
		return
	}
	p.copy(1)
}

func (p *looseJSON) member(depth int) bool {
	begin := len(p.out)
	if !p.name() {
		return false
	}
	if p.rename && depth == 1 && isJSONNamed(p.out[begin+1:len(p.out)-1], "name") {
		p.out = append(p.out[:begin], `"displayName"`...)
		p.changes++
	}
	p.space()
	if p.next() != ':' {
		return false
	}
	p.copy(1)
	p.space()
	return p.value(depth)
}

// name reads the name of a member, in quotes or without.
func (p *looseJSON) name() bool {
	if c := p.next(); c == '"' || c == '\'' {
		return p.text(c)
	}
	n := 0
	for rest := p.in[p.at:]; n < len(rest) && isIdentifier(rest[n], n); n++ {
	}
	if n == 0 {
		return false
	}
	p.out = append(p.out, '"')
	p.copy(n)
	p.out = append(p.out, '"')
	p.changes++
	return true
}

// isIdentifier reports whether c may be at that place of a name without quotes.
func isIdentifier(c byte, at int) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == '$' || at > 0 && '0' <= c && c <= '9'
}

// text reads a string.
func (p *looseJSON) text(quote byte) bool {
	if quote != '"' {
		p.changes++
	}
	p.at++
	p.out = append(p.out, '"')
	for p.at < len(p.in) {
		switch c := p.next(); {
		case c == quote:
			p.at++
			p.out = append(p.out, '"')
			return true
		case c == '\\':
			if !p.escape() {
				return false
			}
		case c < ' ':
			p.changes++
			fallthrough
		case c == '"':
			p.out = appendJSONText(p.out, p.in[p.at:p.at+1], false)
			p.at++
		default:
			p.copy(1)
		}
	}
	return false
}

// escape copies an escape. JSON has none for a single quote.
func (p *looseJSON) escape() bool {
	if p.at+1 == len(p.in) {
		return false
	}
	if p.in[p.at+1] == '\'' {
		p.at++
		p.changes++
		p.copy(1)
		return true
	}
	p.copy(2)
	return true
}

// scalar copies a number, true, false or null.
func (p *looseJSON) scalar() bool {
	begin := p.at
	for c := p.next(); c != 0 && c != '\'' && !jsonSpace[c] && !isJSONDelimiter(c); c = p.next() {
		p.copy(1)
	}
	return p.at > begin
}
