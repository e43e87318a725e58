// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
)

// flushCounting is a handler that tells in a trailer how often the handlers
// behind it have flushed their response.
type flushCounting struct{}

func (flushCounting) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.onenote_test_flushes", New: func() caddy.Module { return new(flushCounting) }}
}

func (*flushCounting) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }

func (*flushCounting) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	counter := &flushCounter{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
	err := next.ServeHTTP(counter, r)
	w.Header().Set(http.TrailerPrefix+"X-Flushes", strconv.Itoa(counter.flushes))
	return err
}

// flushCounter counts. A writer that waits flushes from a goroutine of its own,
// but never while the handler does anything else with it.
type flushCounter struct {
	*caddyhttp.ResponseWriterWrapper
	flushes int
}

func (c *flushCounter) FlushError() error {
	c.flushes++
	return http.NewResponseController(c.ResponseWriter).Flush()
}

func init() {
	caddy.RegisterModule(flushCounting{})
	httpcaddyfile.RegisterHandlerDirective("onenote_test_flushes", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		return new(flushCounting), nil
	})
}

// reverse_proxy flushes after each write of a response whose length it does not
// know, which costs more than rewriting does.
func TestNoPerWriteFlush(t *testing.T) {
	page := corpus.Named("images")
	for name, length := range map[string]string{"with a length": fmt.Sprint(len(page)), "without": ""} {
		t.Run(name, func(t *testing.T) {
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				_, _ = w.Write(page)
			}))
			defer api.Close()
			m, s := startMicrosoft(t), newServer(t)
			s.mustLoad(s.config(importedAccount(m), "route {\nonenote_test_flushes\nonenote "+api.URL+"\n}"))
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			begin := time.Now()
			res, err := client.Get(s.url + "/api/v1.0/me/notes/pages/1/content")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			n, err := io.Copy(io.Discard, res.Body)
			if err != nil || n <= int64(len(page)) {
				t.Fatalf("got %d bytes, %v; want more than the %d of the page", n, err, len(page))
			}
			got, err := strconv.Atoi(res.Trailer.Get("X-Flushes"))
			if err != nil {
				t.Fatal(err)
			}
			// One for each time that something waited for as long as it may.
			if most := 1 + int(time.Since(begin)/flushInterval); got > most {
				t.Errorf("got %d flushes, want at most %d", got, most)
			}
		})
	}
}
