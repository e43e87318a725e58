// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
)

// maxNesting bounds multipart bodies in parts of multipart bodies. A batch with
// a change set has two levels.
const maxNesting = 4

// A multipartBody is a multipart body (RFC 2046 §5.1) in which the parts that hold
// HTML or JSON are rewritten, and those of a batch whose HTTP message does, with
// the message's head (OData batch). All else stays byte for byte, also line ends
// and boundaries that are not quite as they should be, which some old clients
// write.
type multipartBody struct {
	rules   rules
	nesting int
	parts   *splitter

	pending []byte   // to be handed out as it is
	body    rewriter // of the part that is being read

	pictures, links int
}

// newMultipart returns src with its parts rewritten.
func newMultipart(src io.Reader, r rules) *multipartBody {
	return &multipartBody{rules: r, parts: newSplitter(src, r.boundary)}
}

// Read implements [io.Reader].
func (m *multipartBody) Read(p []byte) (int, error) {
	for {
		if len(m.pending) > 0 {
			n := copy(p, m.pending)
			m.pending = m.pending[n:]
			return n, nil
		}
		if m.body == nil {
			if err := m.next(); err != nil {
				return 0, err
			}
			continue
		}
		n, err := m.body.Read(p)
		if errors.Is(err, io.EOF) {
			m.closePart()
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// next reads the delimiter in front of a part and the part's head. At the
// start there may be a preamble, behind the last part an epilogue; both are
// parts that nobody touches.
func (m *multipartBody) next() error {
	line, closing, err := m.parts.delimiter()
	if err != nil {
		return err
	}
	m.pending = append(m.pending[:0], line...)
	switch {
	case closing:
		m.parts.finish()
		m.body = untouched{m.parts}
	case len(line) == 0:
		m.body = untouched{m.parts}
	default:
		m.openPart()
	}
	return nil
}

// openPart reads the part's head, and that of the message in it where it is one
// of a batch, and decides what becomes of its body.
func (m *multipartBody) openPart() {
	head := m.parts.head()
	kind := kindOf(head)
	var message []byte
	rewritten := 0
	if kind == httpType {
		message, rewritten = m.rules.head.rewrite(m.parts.head())
		kind = kindOf(message)
		m.links += rewritten
	}
	m.body = m.open(kind, slices.Concat(head, message))
	_, same := m.body.(untouched)
	if !same {
		message = withoutLength(message)
	}
	if !same || rewritten > 0 {
		head = withoutLength(head)
	}
	m.pending = append(m.pending, head...)
	m.pending = append(m.pending, message...)
}

func (m *multipartBody) open(kind mediaType, head []byte) rewriter {
	switch {
	case m.rules.touches(kind):
		r := m.rules
		r.kind = kind
		return r.open(m.parts)
	case kind == multipartType && m.nesting < maxNesting:
		r := m.rules
		if r.boundary = boundaryOf(lastField(head, "Content-Type")); r.boundary != "" {
			inner := newMultipart(m.parts, r)
			inner.nesting = m.nesting + 1
			return inner
		}
	}
	return untouched{m.parts}
}

// kindOf returns the type of what a head announces, if it can be rewritten as
// it stands: a head that was cut off has none, and no more has a body in base64.
func kindOf(head []byte) mediaType {
	if !isWhole(head) {
		return otherType
	}
	switch strings.ToLower(lastField(head, "Content-Transfer-Encoding")) {
	case "", "binary", "8bit", "7bit":
	default:
		return otherType
	}
	switch strings.ToLower(lastField(head, "Content-Encoding")) {
	case "", "identity":
	default:
		return otherType
	}
	return mediaTypeOf(lastField(head, "Content-Type"))
}

// isWhole reports whether a head ends with its empty line.
func isWhole(head []byte) bool {
	return bytes.HasSuffix(head, []byte("\n\n")) || bytes.HasSuffix(head, []byte("\n\r\n")) ||
		string(head) == "\n" || string(head) == "\r\n"
}

// lastField returns the value of the last field of that name in a head, or in
// several that follow each other.
func lastField(head []byte, name string) (value string) {
	for line := range bytes.Lines(head) {
		if v, ok := field(line, name); ok {
			value = v
		}
	}
	return value
}

func field(line []byte, name string) (value string, ok bool) {
	before, after, ok := bytes.Cut(line, []byte(":"))
	if !ok || !strings.EqualFold(string(bytes.TrimSpace(before)), name) {
		return "", false
	}
	return string(bytes.TrimSpace(after)), true
}

// withoutLength returns the head without Content-Length: it is that of the body
// before, and the boundary says where the body ends.
func withoutLength(head []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(head) {
		if _, ok := field(line, "Content-Length"); !ok {
			kept = append(kept, line...)
		}
	}
	return kept
}

func (m *multipartBody) closePart() {
	_ = m.body.Close() // returns buffers; it does not fail
	pictures, links := m.body.Rewritten()
	m.pictures += pictures
	m.links += links
	m.body = nil
}

// Rewritten returns how many URLs were replaced.
func (m *multipartBody) Rewritten() (pictures, links int) {
	if m.body == nil {
		return m.pictures, m.links
	}
	pictures, links = m.body.Rewritten()
	return m.pictures + pictures, m.links + links
}

// Close implements [io.Closer]. It does not close the source.
func (m *multipartBody) Close() error {
	if m.body != nil {
		m.closePart()
	}
	return nil
}

// untouched is a part that stays as it is.
type untouched struct{ io.Reader }

func (untouched) Close() error                     { return nil }
func (untouched) Rewritten() (pictures, links int) { return 0, 0 }

var (
	_ rewriter = (*multipartBody)(nil)
	_ rewriter = untouched{}
)
