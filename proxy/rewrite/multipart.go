// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"bytes"
	"errors"
	"io"
	"mime"
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
	rules   *Rules
	nesting int
	parts   *splitter

	pending []byte // to be returned as it is
	body    Body   // of the part that is being read

	// inner is kept from part to part: a buffer for each of a thousand small parts
	// would cost more than reading them.
	inner *multipartBody

	pictures, links int
}

// newMultipart returns src with its parts rewritten.
func newMultipart(src io.Reader, r *Rules, boundary string, nesting int) *multipartBody {
	return &multipartBody{rules: r, nesting: nesting, parts: newSplitter(src, boundary)}
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
// start there may be a preamble, after the last part an epilogue; both are parts
// that stay as they are.
func (m *multipartBody) next() error {
	line, closing, err := m.parts.delimiter()
	if err != nil {
		return err
	}
	m.pending = append(m.pending[:0], line...)
	switch {
	case closing:
		m.parts.finish()
		m.body = unchanged{m.parts}
	case len(line) == 0:
		m.body = unchanged{m.parts}
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
	if kind == HTTPType {
		message, rewritten = m.rules.Head.rewrite(m.parts.head())
		kind = kindOf(message)
		m.links += rewritten
	}
	m.body = m.open(kind, slices.Concat(head, message))
	_, same := m.body.(unchanged)
	if !same {
		message = withoutLength(message)
	}
	if !same || rewritten > 0 {
		head = withoutLength(head)
	}
	m.pending = append(m.pending, head...)
	m.pending = append(m.pending, message...)
}

func (m *multipartBody) open(kind MediaType, head []byte) Body {
	switch {
	case m.rules.rewrites(kind):
		return m.rules.open(m.parts, kind)
	case kind == MultipartType && m.nesting < maxNesting:
		if boundary := boundaryOf(lastField(head, "Content-Type")); boundary != "" {
			return m.openInner(boundary)
		}
	}
	return unchanged{m.parts}
}

// openInner returns the part as a multipart body.
func (m *multipartBody) openInner(boundary string) *multipartBody {
	if m.inner == nil {
		m.inner = newMultipart(m.parts, m.rules, boundary, m.nesting+1)
		return m.inner
	}
	m.inner.reset(m.parts, boundary)
	return m.inner
}

// reset makes m another body, which was closed before.
func (m *multipartBody) reset(src io.Reader, boundary string) {
	m.parts.reset(src, boundary)
	m.pending, m.body = m.pending[:0], nil
	m.pictures, m.links = 0, 0
}

// kindOf returns the type of the body after a head, if it can be rewritten as it
// stands: a head that was cut off has none, and neither has a body in base64 or a
// file.
func kindOf(head []byte) MediaType {
	if !isWhole(head) {
		return OtherType
	}
	switch strings.ToLower(lastField(head, "Content-Transfer-Encoding")) {
	case "", "binary", "8bit", "7bit":
	default:
		return OtherType
	}
	switch strings.ToLower(lastField(head, "Content-Encoding")) {
	case "", "identity":
	default:
		return OtherType
	}
	byName, isData := partNamed(lastField(head, "Content-Disposition"))
	contentType := lastField(head, "Content-Type")
	switch {
	case isData:
		return OtherType
	case contentType != "":
		return MediaTypeOf(contentType)
	}
	return byName
}

// partNamed returns the type of a part that does not say what it is, by the name
// that its Content-Disposition gives it: the API knows the two parts that matter by
// their names. Parts of other names are data: files, which stay byte for byte even
// if they hold HTML.
func partNamed(disposition string) (t MediaType, isData bool) {
	_, params, err := mime.ParseMediaType(disposition)
	switch name := params["name"]; {
	case err != nil || name == "":
		return OtherType, false
	case strings.EqualFold(name, "Presentation"):
		return HTMLType, false
	case strings.EqualFold(name, "Commands"):
		return JSONType, false
	}
	return OtherType, true
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
	var rest []byte
	for line := range bytes.Lines(head) {
		if _, ok := field(line, "Content-Length"); !ok {
			rest = append(rest, line...)
		}
	}
	return rest
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

var _ Body = (*multipartBody)(nil)
