// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
)

// Nothing that is handed out here goes upstream: an app may put its key wherever it once
// put Microsoft's token, into the query, a header field of its own, or a part of a batch.
// What is found is overwritten, so that nothing else moves.

// minKey is how many characters at least follow the marker in what is handed out.
const minKey = 40

// isKeyChar reports whether keys hold such a character.
func isKeyChar(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_'
}

// Holds reports whether a text holds something that may have been handed out here.
func Holds(text string) bool { return strings.Contains(text, marker) }

// Mask overwrites what was handed out here.
func Mask(text string) string {
	if !Holds(text) {
		return text
	}
	m := masker{}
	return string(m.write(nil, []byte(text), true))
}

// MaskHeader overwrites it in the values of a header, and then returns a copy.
func MaskHeader(h http.Header) http.Header {
	for _, values := range h {
		if slices.ContainsFunc(values, Holds) {
			masked := h.Clone()
			maskAll(masked)
			return masked
		}
	}
	return h
}

func maskAll(h http.Header) {
	for _, values := range h {
		for i, value := range values {
			values[i] = Mask(value)
		}
	}
}

// masker overwrites keys in a stream.
type masker struct {
	held   []byte // seen, but not decided about
	inside bool   // of a key
}

// write appends to dst what of the stream can go on.
func (m *masker) write(dst, data []byte, last bool) []byte {
	if len(m.held) > 0 {
		data = append(m.held, data...)
		m.held = nil
	}
	for len(data) > 0 {
		if m.inside {
			n := keyLength(data)
			dst = appendMasked(dst, n)
			data = data[n:]
			m.inside = len(data) == 0
			continue
		}
		i := bytes.Index(data, []byte(marker))
		if i < 0 {
			i = len(data) - markerBegun(data)
			if last {
				i = len(data)
			}
			m.held = bytes.Clone(data[i:])
			return append(dst, data[:i]...)
		}
		dst = append(dst, data[:i]...)
		data = data[i:]
		n := len(marker) + keyLength(data[len(marker):])
		switch {
		case n >= len(marker)+minKey:
			m.inside = true
		case n == len(data) && !last:
			m.held = bytes.Clone(data)
			return dst
		default: // too short for a key
			dst = append(dst, data[:len(marker)]...)
			data = data[len(marker):]
		}
	}
	return dst
}

// keyLength returns how many characters at the beginning may be of a key.
func keyLength(data []byte) int {
	for i, c := range data {
		if !isKeyChar(c) {
			return i
		}
	}
	return len(data)
}

// markerBegun returns how many bytes at the end may be the beginning of a marker.
func markerBegun(data []byte) int {
	for n := min(len(marker)-1, len(data)); n > 0; n-- {
		if strings.HasPrefix(marker, string(data[len(data)-n:])) {
			return n
		}
	}
	return 0
}

func appendMasked(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, 'x')
	}
	return dst
}

// MaskBody overwrites keys in a request body as it is read, and in the trailers that come
// after it. Its length stays.
func MaskBody(body io.ReadCloser, trailer http.Header) io.ReadCloser {
	if body == nil || body == http.NoBody {
		return body
	}
	return &maskedBody{ReadCloser: body, trailer: trailer, chunk: make([]byte, 16<<10)}
}

type maskedBody struct {
	io.ReadCloser
	m       masker
	trailer http.Header
	chunk   []byte
	ready   []byte
	err     error
}

func (b *maskedBody) Read(p []byte) (int, error) {
	for len(b.ready) == 0 && b.err == nil && len(p) > 0 {
		n, err := b.ReadCloser.Read(b.chunk)
		b.err = err
		if err != nil {
			maskAll(b.trailer)
		}
		b.ready = b.m.write(b.ready[:0], b.chunk[:n], err != nil)
	}
	n := copy(p, b.ready)
	b.ready = b.ready[n:]
	if len(b.ready) == 0 {
		return n, b.err
	}
	return n, nil
}
