// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"testing"

	kgzip "github.com/klauspost/compress/gzip"

	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

func run(b *testing.B, body []byte, c contender) {
	b.Helper()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		c(body)
	}
}

func onPages(b *testing.B, c func(h *harness) contender) {
	for _, p := range corpus.Pages {
		b.Run(p.Name, func(b *testing.B) { run(b, p.Bytes(), c(newHarness(b, chunkSize))) })
	}
}

func BenchmarkRewriteHTML(b *testing.B) {
	onPages(b, func(h *harness) contender { return h.html })
}

func BenchmarkRefCopy(b *testing.B) {
	onPages(b, func(h *harness) contender { return h.copied })
}

func BenchmarkRefMemcpy(b *testing.B) {
	onPages(b, func(h *harness) contender { return h.memcpy })
}

func BenchmarkRefIndexLT(b *testing.B) {
	onPages(b, func(h *harness) contender { return h.indexLT })
}

func BenchmarkRefXNet(b *testing.B) {
	onPages(b, func(h *harness) contender { return h.xnet })
}

func BenchmarkRewriteHTMLChunk(b *testing.B) {
	page := corpus.Named("mixed")
	for _, size := range []int{1, 64, 1400, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) { run(b, page, newHarness(b, size).html) })
	}
}

func BenchmarkRewriteAdversarial(b *testing.B) {
	for _, a := range corpus.Attacks {
		b.Run(a.Name, func(b *testing.B) { run(b, a.Bytes(1<<20), newHarness(b, chunkSize).html) })
	}
}

func BenchmarkRewriteAdversarialJSON(b *testing.B) {
	for _, a := range corpus.JSONAttacks {
		b.Run(a.Name, func(b *testing.B) { run(b, a.Bytes(1<<20), newHarness(b, chunkSize).json) })
	}
}

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

func onLists(b *testing.B, c func(h *harness) contender) {
	for _, list := range lists() {
		b.Run(list.name, func(b *testing.B) { run(b, list.body, c(newHarness(b, chunkSize))) })
	}
}

func BenchmarkRewriteJSON(b *testing.B) {
	onLists(b, func(h *harness) contender { return h.json })
}

func BenchmarkRefJSONRoundTrip(b *testing.B) {
	onLists(b, func(h *harness) contender { return h.jsonRoundTrip })
}

func BenchmarkRefJSONReplace(b *testing.B) {
	onLists(b, func(h *harness) contender { return h.replaced })
}

// A gunzip is a gzip reader that can be used again.
type gunzip interface {
	io.Reader
	Reset(io.Reader) error
}

func gunzips(t testing.TB, body []byte) map[string]gunzip {
	t.Helper()
	std, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	klauspost, err := kgzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]gunzip{"std": std, "klauspost": klauspost}
}

func zipped(t testing.TB, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
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

func BenchmarkGunzipRewrite(b *testing.B) {
	page := corpus.Named("mixed")
	body := zipped(b, page)
	for name, z := range gunzips(b, body) {
		b.Run(name, func(b *testing.B) {
			run(b, body, newHarness(b, chunkSize).unzippedHTML(z))
			b.SetBytes(int64(len(page)))
		})
	}
}

func BenchmarkGunzipOnly(b *testing.B) {
	page := corpus.Named("mixed")
	body := zipped(b, page)
	for name, z := range gunzips(b, body) {
		b.Run(name, func(b *testing.B) {
			run(b, body, newHarness(b, chunkSize).unzipped(z))
			b.SetBytes(int64(len(page)))
		})
	}
}
