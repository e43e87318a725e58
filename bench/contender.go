// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"

	"golang.org/x/net/html"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// A contender handles a body once. The first of a comparison is the product,
// the others are what it is measured by.
type contender func(body []byte)

// A source hands out a body in reads of at most some size, as a connection does.
type source struct {
	body []byte
	at   int
	size int
}

// chunkSize is what the benchmarks read at once if they do not say otherwise.
const chunkSize = 16 << 10

func (s *source) Read(p []byte) (int, error) {
	if s.at == len(s.body) {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.size)], s.body[s.at:])
	s.at += n
	return n, nil
}

// A sink counts what arrives.
type sink int

func (s *sink) Write(p []byte) (int, error) {
	*s += sink(len(p))
	return len(p), nil
}

// A harness drives contenders and keeps what they need, so that what is
// measured allocates nothing of its own.
type harness struct {
	src   source
	sink  sink
	buf   []byte
	rules rewrite.HTMLRules
	hosts []string
	link  rewrite.LinkFunc

	translation *graph.JSONRules
}

// base is where the rewritten links lead.
const base = "http://localhost:8080"

// newHarness returns one whose source hands out that much at once.
func newHarness(chunk int) (*harness, error) {
	preset, ok := api.PresetNamed("onenote")
	if !ok {
		return nil, errors.New("no preset for the OneNote API")
	}
	upstream, err := url.Parse(preset.Upstream)
	if err != nil {
		return nil, err
	}
	translation, err := newTranslation()
	if err != nil {
		return nil, err
	}
	hosts := api.NewHosts(preset, upstream)
	link := hosts.LocalLink(base)
	return &harness{
		src:   source{size: chunk},
		buf:   make([]byte, 32<<10),
		rules: rewrite.HTMLRules{Picture: hosts.PublicPicture, Link: link},
		hosts: hosts.Anchors(),
		link:  link,

		translation: translation,
	}, nil
}

func (h *harness) from(body []byte) io.Reader {
	h.src.body, h.src.at = body, 0
	return &h.src
}

// drain reads to the end, as httputil and Caddy do.
func (h *harness) drain(r io.Reader) {
	for {
		n, err := r.Read(h.buf)
		h.sink += sink(n)
		if err != nil {
			return
		}
	}
}

// html is the product.
func (h *harness) html(body []byte) {
	r := rewrite.HTML(h.from(body), h.rules)
	h.drain(r)
	r.Close()
}

// json is the product.
func (h *harness) json(body []byte) {
	r := rewrite.JSON(h.from(body), h.hosts, h.link)
	h.drain(r)
	r.Close()
}

// copied is the cost of copying the body.
func (h *harness) copied(body []byte) { h.drain(h.from(body)) }

// memcpy moves the body once, whole.
func (h *harness) memcpy(body []byte) {
	if len(h.buf) < len(body) {
		h.buf = make([]byte, len(body))
	}
	h.sink += sink(copy(h.buf, body))
}

// indexLT visits each "<", which is what any scanner must do.
func (h *harness) indexLT(body []byte) {
	for {
		i := bytes.IndexByte(body, '<')
		if i < 0 {
			return
		}
		h.sink++
		body = body[i+1:]
	}
}

// xnet passes the tokens of golang.org/x/net/html on, rewriting img.
func (h *harness) xnet(body []byte) {
	z := html.NewTokenizer(h.from(body))
	out := &h.sink
	var url []byte
	var attrs [][2][]byte
	for z.Next() != html.ErrorToken {
		raw := z.Raw()
		name, more := z.TagName()
		if len(raw) < 8 || string(name) != "img" {
			_, _ = out.Write(raw)
			continue
		}
		attrs = attrs[:0]
		for more {
			var key, value []byte
			key, value, more = z.TagAttr()
			attrs = append(attrs, [2][]byte{key, value})
		}
		_, _ = out.Write(raw[:4])
		for _, a := range attrs {
			for _, b := range attrs {
				if (string(a[0]) == "src" || string(a[0]) == "data-fullres-src") && string(b[0]) == "data-"+string(a[0]) {
					url, _ = h.rules.Picture.Replace(url[:0], a[1], b[1])
					_, _ = out.Write(url)
				}
			}
		}
		_, _ = out.Write(raw[4:])
	}
}

// jsonRoundTrip decodes and encodes, as one would without a scanner.
func (h *harness) jsonRoundTrip(body []byte) {
	dec := json.NewDecoder(h.from(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) == nil {
		_ = json.NewEncoder(&h.sink).Encode(v)
	}
}
