// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/throttle"
)

// A fakeAPI responds at once, with as little work as possible, so that the
// transport is what is measured.
type fakeAPI struct {
	status int
	header http.Header
	body   []byte
}

func (a *fakeAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	return &http.Response{
		StatusCode: a.status, Header: a.header.Clone(), Request: r,
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}, nil
}

// A fixedAccount has one token, ready to be sent, as accounts have.
type fixedAccount struct{ authorization string }

func (a *fixedAccount) Token(context.Context) (string, uint64, error) { return a.authorization, 1, nil }
func (a *fixedAccount) Refresh(context.Context, string, uint64, string) (string, uint64, error) {
	return a.authorization, 1, nil
}
func (a *fixedAccount) Refused(string, uint64, string) {}
func (a *fixedAccount) Accepted(string, uint64)        {}

// benchmark is one kind of traffic.
type benchmark struct {
	name, target string
	api          *fakeAPI
}

func benchmarks() []benchmark {
	small := http.Header{"Content-Type": {"application/octet-stream"}, "Date": {"x"}, "X-Correlationid": {"x"}}
	html := http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Date": {"x"}}
	zipped := http.Header{"Content-Type": {"text/html"}, "Content-Encoding": {"gzip"}}
	large := strings.Repeat(page+strings.Repeat("<p>some text of a note</p>", 40), 80)
	var z bytes.Buffer
	zw := gzip.NewWriter(&z)
	_, _ = io.WriteString(zw, large)
	_ = zw.Close()
	return []benchmark{
		{"plain bytes", "/api/v1.0/me/notes/resources/1/content", &fakeAPI{200, small, noise(336)}},
		{"list", listPath, &fakeAPI{200, http.Header{"Content-Type": {"application/json"}}, []byte(list)}},
		{"page", pagePath, &fakeAPI{200, html, []byte(large)}},
		{"page in gzip", pagePath, &fakeAPI{200, zipped, z.Bytes()}},
	}
}

// clientHeader is what an app sends.
func clientHeader() http.Header {
	return http.Header{
		"Accept": {"application/json"}, "User-Agent": {"app/1.0"}, "X-Correlationid": {"8943c159-ee49-4c71-8cd0-ebf0861d07a6"},
		"Accept-Encoding": {"gzip, deflate"}, "Via": {"1.1 Caddy"}, "X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Proto": {"http"},
	}
}

// roundTripOnce sends one request and reads its response.
func roundTripOnce(tb testing.TB, next http.RoundTripper, in *http.Request, buf []byte) {
	res, err := next.RoundTrip(in)
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := res.Body.Read(buf); err == io.EOF {
			break
		} else if err != nil {
			tb.Fatal(err)
		}
	}
	_ = res.Body.Close()
}

func wrapping(next http.RoundTripper) (*Transport, Call) {
	clock := testclock.New(testNow())
	transport := &Transport{
		Next: next, Dialect: passthrough(api.Passthrough{Links: true}), MaxReplay: 80 << 20,
		Spool: NewSpool(DefaultSpoolMemory, DefaultSpoolDisk, ""), Loop: "here",
		Throttle: &throttle.Throttle{Clock: clock, Code: ErrorCode, Flights: throttle.NewFlights(clock), Brake: new(throttle.Brake)},
	}
	return transport, Call{
		Tokens: &fixedAccount{"Bearer " + strings.Repeat("x", 1200)}, Account: "work",
		Base: &url.URL{Scheme: "http", Host: "localhost:8080"},
	}
}

// What the transport costs on top of sending the same request as it is.
func BenchmarkRoundTrip(b *testing.B) {
	for _, bm := range benchmarks() {
		in := inRequest("GET", bm.target, clientHeader())
		buf := make([]byte, 32<<10)
		b.Run(bm.name+"/plain", func(b *testing.B) {
			b.SetBytes(int64(len(bm.api.body)))
			b.ReportAllocs()
			for b.Loop() {
				roundTripOnce(b, bm.api, in, buf)
			}
		})
		b.Run(bm.name+"/wrapped", func(b *testing.B) {
			transport, call := wrapping(bm.api)
			b.SetBytes(int64(len(bm.api.body)))
			b.ReportAllocs()
			for b.Loop() {
				roundTripOnce(b, transport.For(call), in, buf)
			}
		})
	}
}

// What buffering a body for the second try costs.
func BenchmarkUpload(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10, 1 << 20, 20 << 20} {
		payload := noise(size)
		api := &fakeAPI{status: 201, header: http.Header{}}
		b.Run(fmt.Sprintf("%dKiB/plain", size>>10), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				roundTripOnce(b, api, uploadOf(payload), make([]byte, 64))
			}
		})
		b.Run(fmt.Sprintf("%dKiB/wrapped", size>>10), func(b *testing.B) {
			transport, call := wrapping(api)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				roundTripOnce(b, transport.For(call), uploadOf(payload), make([]byte, 64))
			}
		})
	}
}

func uploadOf(payload []byte) *http.Request {
	in := inRequest("POST", "/api/v1.0/me/notes/pages", http.Header{"Content-Type": {"image/png"}})
	in.Body, in.ContentLength = io.NopCloser(onlyReader{bytes.NewReader(payload)}), int64(len(payload))
	return in
}
