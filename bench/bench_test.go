// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"testing"

	kgzip "github.com/klauspost/compress/gzip"

	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
)

func harnessOf(t testing.TB, chunk int) *harness {
	t.Helper()
	h, err := newHarness(chunk)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

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
		b.Run(p.Name, func(b *testing.B) { run(b, p.Bytes(), c(harnessOf(b, chunkSize))) })
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

func BenchmarkRefReplaceRegexp(b *testing.B) {
	onPages(b, func(h *harness) contender { return h.templated })
}

func BenchmarkRewriteHTMLChunk(b *testing.B) {
	page := corpus.Named("mixed")
	for _, size := range []int{1, 64, 1400, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) { run(b, page, harnessOf(b, size).html) })
	}
}

func BenchmarkRewriteAdversarial(b *testing.B) {
	for _, a := range corpus.Attacks {
		b.Run(a.Name, func(b *testing.B) { run(b, a.Bytes(1<<20), harnessOf(b, chunkSize).html) })
	}
}

func BenchmarkRewriteAdversarialJSON(b *testing.B) {
	for _, a := range corpus.JSONAttacks {
		b.Run(a.Name, func(b *testing.B) { run(b, a.Bytes(1<<20), harnessOf(b, chunkSize).json) })
	}
}

func onLists(b *testing.B, c func(h *harness) contender) {
	for _, list := range lists() {
		b.Run(list.name, func(b *testing.B) { run(b, list.body, c(harnessOf(b, chunkSize))) })
	}
}

func BenchmarkRewriteJSON(b *testing.B) {
	onLists(b, func(h *harness) contender { return h.json })
}

func BenchmarkRefJSONRoundTrip(b *testing.B) {
	onLists(b, func(h *harness) contender { return h.jsonRoundTrip })
}

func BenchmarkRefJSONReplace(b *testing.B) {
	onLists(b, func(h *harness) contender { return h.streamed })
}

func onTranslations(b *testing.B, c func(h *harness) contender) {
	for _, list := range translations() {
		b.Run(list.name, func(b *testing.B) { run(b, list.body, c(harnessOf(b, chunkSize))) })
	}
}

func BenchmarkTranslate(b *testing.B) {
	onTranslations(b, func(h *harness) contender { return h.translate })
}

func BenchmarkRefUnmarshalMarshal(b *testing.B) {
	onTranslations(b, func(h *harness) contender { return h.unmarshalMarshal })
}

func BenchmarkGunzipRewrite(b *testing.B) {
	page := corpus.Named("mixed")
	body := zippedOf(b, page)
	for name, z := range gunzips(b, body) {
		b.Run(name, func(b *testing.B) {
			run(b, body, harnessOf(b, chunkSize).unzippedHTML(z))
			b.SetBytes(int64(len(page)))
		})
	}
}

func BenchmarkGunzipOnly(b *testing.B) {
	page := corpus.Named("mixed")
	body := zippedOf(b, page)
	for name, z := range gunzips(b, body) {
		b.Run(name, func(b *testing.B) {
			run(b, body, harnessOf(b, chunkSize).unzipped(z))
			b.SetBytes(int64(len(page)))
		})
	}
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

func zippedOf(t testing.TB, body []byte) []byte {
	t.Helper()
	z, err := zipped(body)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
