// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"

	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
)

// The names of the references.
const (
	xnet    = "x/net/html tokenizer, tokens passed on"
	walk    = "bytes.IndexByte from one < to the next"
	memcpy  = "one copy in memory"
	copying = "reading the source without a scanner"
	decode  = "encoding/json, decode and encode"
	tree    = "json.Unmarshal and json.Marshal"
	unzip   = "gunzip alone"
	whole   = "bytes.ReplaceAll on the whole body"
	regex   = "replace-response, regular expression with a template"
	literal = "replace-response, substring"
)

// goals returns all goals.
func goals() ([]goal, error) {
	h, err := newHarness(chunkSize)
	if err != nil {
		return nil, err
	}
	slow, err := newHarness(1)
	if err != nil {
		return nil, err
	}
	page := make(map[string][]byte)
	for _, p := range corpus.Pages {
		page[p.Name] = p.Bytes()
	}
	list := h.htmlGoals(page)
	list = append(list,
		goal{name: "mixed, one byte a read", body: page["mixed"], product: slow.html, against: copying, reference: slow.copied, goal: 0.12, minimum: 0.05})
	list = append(list, h.replacementGoals(page)...)
	list = append(list, h.attackGoals()...)
	list = append(list, h.jsonGoals()...)
	list = append(list, h.translationGoals()...)
	zipped, err := h.gzipGoals(page)
	return append(list, zipped...), err
}

// A target is a goal for one page.
type target struct {
	page string
	goal float64
}

// htmlGoals compare rewriting HTML with other ways to read it.
func (h *harness) htmlGoals(page map[string][]byte) (list []goal) {
	for _, t := range []target{
		{"small", 6}, {"mixed", 6}, {"text", 6}, {"tables", 6}, {"divs", 6},
		{"images", 3}, {"ink", 15}, {"data", 15}, {"mixed20m", 6},
	} {
		list = append(list, goal{name: t.page, body: page[t.page], product: h.html, against: xnet, reference: h.xnet, goal: t.goal})
	}
	for _, name := range []string{"text", "tables", "divs", "mixed20m"} {
		list = append(list, goal{name: name, body: page[name], product: h.html, against: walk, reference: h.indexLT, goal: 0.30})
	}
	return append(list,
		goal{name: "mixed20m", body: page["mixed20m"], product: h.html, against: memcpy, reference: h.memcpy, goal: 0.20, minimum: 0.15})
}

// replacementGoals compare rewriting HTML with replacing text in it.
func (h *harness) replacementGoals(page map[string][]byte) (list []goal) {
	for _, t := range []target{
		{"small", 1.3}, {"mixed", 5}, {"text", 1.3}, {"tables", 1.3}, {"divs", 1.3}, {"images", 15}, {"ink", 1.3}, {"data", 1.3},
	} {
		list = append(list, goal{name: t.page, body: page[t.page], product: h.html, against: regex, reference: h.templated, goal: t.goal, minimum: min(t.goal, 1.1)})
	}
	return list
}

// attackGoals are for HTML that is made to be slow to scan.
func (h *harness) attackGoals() (list []goal) {
	for _, a := range corpus.Attacks {
		list = append(list, goal{name: "attack " + a.Name, body: a.Bytes(1 << 20), product: h.html, against: xnet, reference: h.xnet, goal: 1.3, minimum: 1.1})
	}
	return list
}

// jsonGoals have minimums only: a scan that only finds hosts is many times faster,
// but knows neither what is UTF-8 nor which members must stay.
func (h *harness) jsonGoals() (list []goal) {
	for _, l := range lists() {
		list = append(list,
			goal{name: "JSON " + l.name, body: l.body, product: h.json, against: decode, reference: h.jsonRoundTrip, minimum: 7},
			goal{name: "JSON " + l.name, body: l.body, product: h.json, against: literal, reference: h.streamed, minimum: 0.1},
			goal{name: "JSON " + l.name, body: l.body, product: h.json, against: whole, reference: h.replacedWhole, minimum: 0.1})
	}
	return list
}

// gzipGoals compare decoding and rewriting with decoding alone.
func (h *harness) gzipGoals(page map[string][]byte) (list []goal, err error) {
	for _, t := range []target{{"mixed", 0.80}, {"text", 0.80}, {"images", 0.60}} {
		body, err := zipped(page[t.page])
		if err != nil {
			return nil, err
		}
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		list = append(list, goal{name: "gzip " + t.page, body: body, product: h.unzippedHTML(z), against: unzip, reference: h.unzipped(z), goal: t.goal, minimum: 0.9 * t.goal})
	}
	return list, nil
}
