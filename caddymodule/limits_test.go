// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// raw opens a connection to the site and writes text to it.
func (s *caddyServer) raw(text string) net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+s.port())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// Clients that begin an upload and stop hold what they have sent and nothing
// else: no token was asked for, nobody else waits, and when they are gone all
// of it is free again.
func TestStalledUploadsHoldNoMemoryOrToken(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	spool := runningApp(t).spool
	const clients, sent = 20, 1000
	var conns []net.Conn
	for range clients {
		conns = append(conns, s.raw("POST /api/v1.0/me/notes/pages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/html\r\n"+
			"Content-Length: 10000000\r\n\r\n"+strings.Repeat("x", sent)))
	}
	eventually(t, "all of them are being read", func() bool { memory, _ := spool.Used(); return memory >= clients*4<<10 })
	if memory, disk := spool.Used(); memory > clients*8<<10 || disk != 0 {
		t.Errorf("held for %d clients that sent %d bytes each: got %d bytes of memory and %d of disk", clients, sent, memory, disk)
	}
	if got := len(m.requests(tokenPath)); got != 0 {
		t.Errorf("token requests for uploads that did not arrive: got %d, want none", got)
	}
	s.get(notebooks).want(t, 200, "")
	m.control("POST", "tokens/revoke", `{"kind":"access"}`)
	s.get(notebooks).want(t, 200, "")
	for _, conn := range conns {
		conn.Close()
	}
	eventually(t, "everything is given back", func() bool { memory, disk := spool.Used(); return memory == 0 && disk == 0 })
	if got := m.requests("/api/v1.0/me/notes/pages"); len(got) != 0 {
		t.Errorf("the API got %d uploads that did not arrive, want none", len(got))
	}
}

// A client that does not read keeps the API from sending; what it does not
// read is not collected here.
func TestUpstreamWaitsForClientThatDoesNotRead(t *testing.T) {
	const size = 64 << 20
	const page = "/api/v1.0/me/notes/pages/1-a/content"
	picture := `<p><img src="https://www.onenote.com/api/v1.0/me/notes/resources/1-b/$value" type="image/png"></p>` + strings.Repeat(" ", 32<<10)
	var written atomic.Int64
	ended := make(chan error, 1)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != page {
			_, _ = io.WriteString(w, `{}`)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		// A write that nobody takes ends then. It is no measure of speed: a
		// machine that is slow enough not to fill the buffers passes, too.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(2 * time.Second))
		var err error
		for written.Load() < size && err == nil {
			var n int
			n, err = io.WriteString(w, picture)
			written.Add(int64(n))
		}
		ended <- err
	}))
	defer api.Close()
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "onenote "+api.URL))
	conn := s.raw("GET " + page + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the API sent %d bytes to a client that reads none: got %v, want it to wait", written.Load(), err)
	}
	s.get(notebooks).want(t, 200, "")
	if memory, disk := runningApp(t).spool.Used(); memory != 0 || disk != 0 {
		t.Errorf("kept for the second try: got %d and %d bytes, want none", memory, disk)
	}
	conn.Close()
}

// An identity provider that never stops responding is not listened to for ever.
func TestEndlessResponseOfProviderIsCutOff(t *testing.T) {
	const size = 64 << 20
	m, s := startMicrosoft(t), newServer(t)
	ended := make(chan error, 1)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		piece := strings.Repeat(" ", 64<<10)
		var err error
		for sent := 0; sent < size && err == nil; sent += len(piece) {
			_, err = io.WriteString(w, piece)
		}
		select {
		case ended <- err:
		default:
		}
	}))
	defer provider.Close()
	s.mustLoad(s.config("client_id x\nauthority "+provider.URL+"\nrefresh_token some-refresh-token", "onenote "+m.url))
	s.get(notebooks).want(t, 503, "identity_unavailable")
	if err := <-ended; err == nil {
		t.Errorf("all %d bytes were read", size)
	}
}

// What is too long is refused in the API's own words, as far as it gets here:
// Go's server refuses a header beyond the limit of Caddy (max_header_size,
// 16 KB and a little more) before anybody sees it.
func TestTooLongRequestIsRefused(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	ask := func(path, header string) response {
		t.Helper()
		conn := s.raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + header + "\r\n")
		res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "GET", URL: mustURL(t, s.url)})
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body) // the connection may be reset behind it
		return response{res, string(body)}
	}
	for name, path := range map[string]string{
		"path":  "/api/v1.0/me/notes/" + strings.Repeat("a", 16<<10),
		"query": notebooks + "?filter=" + strings.Repeat("a", 16<<10),
	} {
		res := ask(path, "")
		res.want(t, 400, "bad_path")
		if !strings.Contains(res.body, `"code":"20111"`) || !strings.Contains(res.body, "16 KB") {
			t.Errorf("%s: got %s", name, res.body)
		}
	}
	for name, header := range map[string]string{
		"one line":   "X-A: " + strings.Repeat("a", 40<<10) + "\r\n",
		"many lines": strings.Repeat("X-A: "+strings.Repeat("a", 50)+"\r\n", 800),
	} {
		if res := ask(notebooks, header); res.StatusCode != 431 {
			t.Errorf("%s: got %s, want 431", name, res.Status)
		}
	}
	if got := m.requests("/"); len(got) != 0 {
		t.Errorf("upstream saw %d requests, want none", len(got))
	}
}

// Wrong keys are slowed and counted, and each way of refusing has its series.
func TestWrongKeysAreThrottledAndCounted(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	t.Setenv("PHONE_KEY", "key-of-the-phone")
	s.mustLoad(s.plain(m, "client_key phone {env.PHONE_KEY}"))
	from := []string{"X-Forwarded-For", "192.0.2.1", "X-Onenote-Proxy-Key", ""}
	series := func(cause string) string { return fmt.Sprintf(`requests_total{account="",outcome=%q}`, cause) }
	before := map[string]string{"forbidden_client": s.metric(series("forbidden_client")), "too_many_attempts": s.metric(series("too_many_attempts"))}
	for i := range 12 {
		from[3] = fmt.Sprint("guess", i)
		status, cause := 403, "forbidden_client"
		if i >= 10 {
			status, cause = 429, "too_many_attempts"
		}
		res := s.get(notebooks, from...)
		res.want(t, status, cause)
		if status == 429 && (res.Header.Get("Retry-After") == "" || !strings.Contains(res.body, `"20166"`)) {
			t.Errorf("got Retry-After %q: %s", res.Header.Get("Retry-After"), res.body)
		}
	}
	for cause, want := range map[string]int{"forbidden_client": 10, "too_many_attempts": 2} {
		if got := number(t, s.metric(series(cause))) - number(t, before[cause]); got != want {
			t.Errorf("%s: counted %d, want %d", cause, got, want)
		}
	}
	s.get(notebooks, "X-Onenote-Proxy-Key", "key-of-the-phone").want(t, 200, "") // nobody here waits
}

func number(t *testing.T, text string) (n int) {
	t.Helper()
	if text == "" {
		return 0
	}
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
