// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"io"

	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// lists are the lists to measure on.
func lists() []struct {
	name string
	body []byte
} {
	return []struct {
		name string
		body []byte
	}{
		{"1", corpus.PageList(1)},
		{"20", corpus.PageList(20)},
		{"1000", corpus.PageList(1000)},
		{"indented", corpus.Indented(corpus.PageList(20))},
		{"escapedslash", corpus.EscapedSlashes(corpus.PageList(20))},
	}
}

// A gunzip is a gzip reader that can be used again.
type gunzip interface {
	io.Reader
	Reset(io.Reader) error
}

func zipped(body []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unzipped is what decoding costs, and unzippedHTML decoding and rewriting.
func (h *harness) unzipped(z gunzip) contender {
	return func(body []byte) {
		if z.Reset(h.from(body)) == nil {
			h.drain(z)
		}
	}
}

func (h *harness) unzippedHTML(z gunzip) contender {
	return func(body []byte) {
		if z.Reset(h.from(body)) == nil {
			r := rewrite.HTML(z, h.rules)
			h.drain(r)
			r.Close()
		}
	}
}
