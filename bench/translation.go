// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"runtime"

	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// newTranslation returns how the lists of Microsoft Graph are translated for an app
// that was written against the OneNote API. Its URLs become local ones.
func newTranslation() (*graph.JSONRules, error) {
	preset, ok := api.PresetNamed("graph")
	if !ok {
		return nil, errors.New("no preset for Microsoft Graph")
	}
	upstream, err := url.Parse(preset.Upstream)
	if err != nil {
		return nil, err
	}
	link := api.NewHosts(preset, upstream).LocalLink(base).Replace
	return &graph.JSONRules{
		URL: link, Context: link, Picture: link,
		NextLink: func([]byte) (string, bool) { return base + "/api/v1.0/me/notes/pages?skip=20", true },
	}, nil
}

// translations are the lists to translate.
func translations() []struct {
	name string
	body []byte
} {
	return []struct {
		name string
		body []byte
	}{
		{"1 page", corpus.GraphPageList(1)},
		{"20 pages", corpus.GraphPageList(20)},
		{"100 pages", corpus.GraphPageList(100)},
		{"100 notebooks", corpus.GraphNotebookList(100)},
		{"100 pages, indented", corpus.Indented(corpus.GraphPageList(100))},
	}
}

// translate is the product.
func (h *harness) translate(body []byte) {
	r := h.translation.Open(h.from(body))
	h.drain(r)
	r.Close()
}

// unmarshalMarshal decodes and encodes the whole body at once, which is the least
// that a translation of its tree would do.
func (h *harness) unmarshalMarshal(body []byte) {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return
	}
	if out, err := json.Marshal(v); err == nil {
		h.sink += sink(len(out))
	}
}

// translationGoals hold the translation to 40 % of what decoding and encoding costs.
func (h *harness) translationGoals() (list []goal) {
	for _, t := range translations() {
		list = append(list, goal{name: "translation " + t.name, body: t.body, product: h.translate, against: tree, reference: h.unmarshalMarshal, goal: 2.5})
	}
	return list
}

// reportTranslation prints how much memory a list takes that is translated, and how
// much of it is read before the first KiB of its translation is there.
func reportTranslation() error {
	rules, err := newTranslation()
	if err != nil {
		return err
	}
	fmt.Printf("\n| list that is translated | allocated in all, KiB | goal | read before its first KiB, KiB | goal |\n| --- | --- | --- | --- | --- |\n")
	pages := corpus.GraphPageList(1000)
	for _, size := range []int{200 << 10, 20 << 20, 200 << 20} {
		memory, err := allocatedForTranslation(rules, arrayOf(pages, size))
		if err != nil {
			return err
		}
		early, err := readBeforeFirst(rules, arrayOf(pages, size))
		if err != nil {
			return err
		}
		buffers, first := atMost(maxBuffers>>10), atMost(chunkSize>>10)
		fmt.Printf("| %s | %.0f%s | %s | %.0f%s | %s |\n", sized(size), memory, buffers.verdict(memory), buffers, early, first.verdict(early), first)
	}
	return nil
}

// arrayOf repeats a list as the elements of an array, since what follows JSON is not
// translated.
func arrayOf(list []byte, size int) *endless {
	element := append(append(make([]byte, 0, len(list)+1), list...), ',')
	return &endless{head: []byte("["), body: element, left: size}
}

// allocatedForTranslation returns how many KiB are allocated while a list is
// translated, when all pools are empty.
func allocatedForTranslation(rules *graph.JSONRules, list io.Reader) (float64, error) {
	buffer := make([]byte, 32<<10)
	for range 3 {
		runtime.GC()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := io.CopyBuffer(onlyWriter{io.Discard}, rules.Open(list), buffer)
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / (1 << 10), err
}

// readBeforeFirst returns how many KiB of a list are read before the first KiB of its
// translation is there.
func readBeforeFirst(rules *graph.JSONRules, list *endless) (float64, error) {
	size := list.left
	_, err := io.ReadFull(rules.Open(list), make([]byte, 1<<10))
	return float64(size-list.left) / (1 << 10), err
}
