// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/caddy-onenote/caddy-onenote/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is an emulator on a loopback address, with a client that neither
// follows redirects nor decodes content.
type server struct {
	t      *testing.T
	url    string
	client *http.Client
	clock  *clock
}

// clock is the clock that the emulator's own is based on.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func newServer(t *testing.T) *server { return newServerAt(t, newClock()) }

func newServerAt(t *testing.T, c *clock) *server {
	t.Helper()
	s := httptest.NewServer(emulator.New(emulator.Options{Now: c.Now}))
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		s.Close()
	})
	return &server{t: t, url: s.URL, clock: c, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// response is a response that was read to its end.
type response struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

// do sends a request; headers are given as name, value, name, value.
func (s *server) do(method, target, body string, headers ...string) response {
	s.t.Helper()
	a, err := s.try(method, target, body, headers...)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
	return a
}

func (s *server) try(method, target, body string, headers ...string) (response, error) {
	s.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = s.url + target
	}
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.client.Do(r)
	if err != nil {
		return response{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return response{t: s.t, status: res.StatusCode, header: res.Header, body: string(data)}, err
}

func (s *server) get(target string, headers ...string) response {
	s.t.Helper()
	return s.do(http.MethodGet, target, "", headers...)
}

// api sends a request with a token.
func (s *server) api(token, method, target, contentType, body string) response {
	s.t.Helper()
	return s.do(method, target, body, "Authorization", "Bearer "+token, "Content-Type", contentType)
}

// form posts a form.
func (s *server) form(target string, v url.Values, headers ...string) response {
	s.t.Helper()
	return s.do(http.MethodPost, target, v.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// control posts to the control surface and fails the test if it responds with an
// error.
func (s *server) control(name, body string) response {
	s.t.Helper()
	a := s.do(http.MethodPost, "/_emulator/"+name, body)
	if a.status/100 != 2 {
		s.t.Fatalf("POST /_emulator/%s: got %d %s", name, a.status, a.body)
	}
	return a
}

// token returns an access token that the control surface issued.
func (s *server) token() string {
	s.t.Helper()
	return s.control("tokens", "{}").json()["access_token"].(string)
}

// log returns the request log.
func (s *server) log() []logged {
	s.t.Helper()
	var entries []logged
	a := s.get("/_emulator/requests")
	if err := json.Unmarshal([]byte(a.body), &entries); err != nil {
		s.t.Fatalf("request log: %v in %s", err, a.body)
	}
	return entries
}

type logged struct {
	Method, Path, Query, SHA256 string
	Status                      int
	Bytes                       int64
	Headers                     http.Header
}

// want fails unless the response has the status.
func (a response) want(status int) response {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("got status %d, want %d; body %s", a.status, status, a.body)
	}
	return a
}

// json reads the body as an object.
func (a response) json() map[string]any {
	a.t.Helper()
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader([]byte(a.body)))
	if err := d.Decode(&v); err != nil {
		a.t.Fatalf("body is no JSON object: %v in %s", err, a.body)
	}
	return v
}

// list returns the value member of a collection.
func (a response) list() []map[string]any {
	a.t.Helper()
	value, ok := a.json()["value"].([]any)
	if !ok {
		a.t.Fatalf("body has no value: %s", a.body)
	}
	items := make([]map[string]any, len(value))
	for i := range value {
		items[i] = value[i].(map[string]any)
	}
	return items
}

// errorCode returns the code of an API's error, or the error of a token
// endpoint.
func (a response) errorCode() string {
	a.t.Helper()
	switch e := a.json()["error"].(type) {
	case map[string]any:
		return e["code"].(string)
	case string:
		return e
	}
	return ""
}

// location returns the Location header as a URL.
func (a response) location() *url.URL {
	a.t.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.header.Get("Location") == "" {
		a.t.Fatalf("got no Location, status %d, body %s", a.status, a.body)
	}
	return u
}
