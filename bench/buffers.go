// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
	"github.com/caddy-onenote/caddy-onenote/proxy"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
)

// maxBuffers is the goal for all that a response makes the process allocate,
// from its header to its last byte: 256 KiB.
const maxBuffers = 256 << 10

// reportBuffers prints what responses of growing size allocate in the product's
// transport when all pools are empty. It counts all allocations, also those that
// were freed before the end, so no response ever holds more than that. The 32 KiB
// that the server around the transport reads into are counted too.
func reportBuffers() error {
	mixed := corpus.Named("mixed")
	fmt.Printf("\n| response | allocated in all, KiB | goal |\n| --- | --- | --- |\n")
	for _, size := range []int{10 << 10, 100 << 10, 1 << 20, 10 << 20, 200 << 20} {
		if err := reportResponse("page", &endless{body: mixed, left: size}, size, "text/html"); err != nil {
			return err
		}
	}
	for _, a := range []struct {
		name string
		body []byte
	}{
		{"page of pictures", corpus.Named("images")},
		{"page with pictures as data: URIs", corpus.Named("data")},
		{"page with one attribute", []byte(`<img alt="` + strings.Repeat("x", 10<<20) + `" src="https://www.onenote.com/api/v1.0/resources/1/$value">`)},
	} {
		if err := reportResponse(a.name, bytes.NewReader(a.body), len(a.body), "text/html"); err != nil {
			return err
		}
	}
	list := corpus.PageList(1000)
	for _, size := range []int{100 << 10, 200 << 20} {
		if err := reportResponse("list", &endless{body: list, left: size}, size, "application/json"); err != nil {
			return err
		}
	}
	if err := reportZipped(mixed); err != nil {
		return err
	}
	return reportTranslation()
}

// reportZipped prints the same for a page in gzip, whose decoder has buffers too.
func reportZipped(page []byte) error {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	for range 160 {
		if _, err := w.Write(page); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return reportResponse("page in gzip", bytes.NewReader(z.Bytes()), 160*len(page), "text/html", "Content-Encoding", "gzip")
}

func reportResponse(name string, body io.Reader, size int, contentType string, header ...string) error {
	got, err := allocatedFor(body, contentType, header)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	goal := atMost(maxBuffers >> 10)
	kib := float64(got) / (1 << 10)
	fmt.Printf("| %s, %s | %.0f%s | %s |\n", name, sized(size), kib, goal.verdict(kib), goal)
	return nil
}

func sized(n int) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// allocatedFor returns how many bytes are allocated while a response with that
// body goes through the transport.
func allocatedFor(body io.Reader, contentType string, header []string) (uint64, error) {
	upstream := &url.URL{Scheme: "https", Host: "www.onenote.com"}
	upstreamResponse := &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {contentType}},
		Body: io.NopCloser(body), ContentLength: -1,
	}
	for i := 0; i < len(header); i += 2 {
		upstreamResponse.Header.Set(header[i], header[i+1])
	}
	transport := &proxy.Transport{
		Next:    fixedResponse{upstreamResponse},
		Dialect: &api.Passthrough{Hosts: api.NewHosts(api.Presets[0], upstream), Links: true},
	}
	call := proxy.Call{Tokens: ready{}, Account: "bench", Base: &url.URL{Scheme: "http", Host: "localhost:8080"}}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, upstream.String()+"/api/v1.0/me/notes/pages/1/content", http.NoBody)
	if err != nil {
		return 0, err
	}
	// A pool keeps its content over one collection.
	for range 3 {
		runtime.GC()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res, err := transport.For(call).RoundTrip(req)
	if err != nil {
		return 0, err
	}
	_, err = io.CopyBuffer(onlyWriter{io.Discard}, res.Body, make([]byte, 32<<10))
	_ = res.Body.Close()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

// An onlyWriter hides the ReadFrom of a writer.
type onlyWriter struct{ io.Writer }

// fixedResponse is the response to every request.
type fixedResponse struct{ res *http.Response }

func (r fixedResponse) RoundTrip(*http.Request) (*http.Response, error) { return r.res, nil }

// A ready account has a token.
type ready struct{}

func (ready) Token(context.Context) (string, uint64, error) { return "Bearer x", 1, nil }
func (ready) Refresh(context.Context, string, uint64, string) (string, uint64, error) {
	return "Bearer x", 1, nil
}
func (ready) Refused(string, uint64, string) {}
func (ready) Accepted(string, uint64)        {}

// An endless source repeats a body up to a length, and returns at most 16 KiB for
// each read. It holds the body in memory only once. head comes before the body.
type endless struct {
	head, body []byte
	at, left   int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	if len(e.head) > 0 {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	n := copy(p[:min(len(p), chunkSize, e.left)], e.body[e.at:])
	e.at = (e.at + n) % len(e.body)
	e.left -= n
	return n, nil
}
