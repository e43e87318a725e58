// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// A lock of the file storage is kept fresh by a goroutine that notices
		// only at its next tick, seconds later, that the lock is gone.
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"),
	)
}

// rig is an identity provider, a storage and a clock.
type rig struct {
	t       *testing.T
	clock   *testclock.Clock
	server  *httptest.Server
	storage Storage
	keys    KeySource
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{
		t:       t,
		clock:   testclock.New(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)),
		storage: &certmagic.FileStorage{Path: t.TempDir()},
		keys:    &KeyFile{Path: t.TempDir() + "/seal.key"},
	}
	r.server = httptest.NewServer(emulator.New(emulator.Options{Now: r.clock.Now}))
	t.Cleanup(r.server.Close)
	return r
}

// config is a personal account with the emulator's refresh token.
func (r *rig) config(edit ...func(*oauth.Config)) oauth.Config {
	r.t.Helper()
	c := oauth.Config{
		Name:         "default",
		ClientID:     "client",
		Authority:    r.server.URL,
		RefreshToken: func() (oauth.Secret, error) { return "emulator-refresh-token", nil },
	}
	for _, e := range edit {
		e(&c)
	}
	c.Complete()
	if _, err := c.Check(); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// account is an account as a new process has it: it knows only what is stored.
func (r *rig) account(c oauth.Config, edit ...func(*Options)) *Account {
	m := NewCache()
	r.t.Cleanup(m.Close)
	transport := &http.Transport{}
	r.t.Cleanup(transport.CloseIdleConnections)
	o := Options{
		Config: c, Cache: m, Storage: r.storage, Keys: r.keys, Clock: r.clock, Logger: zap.NewNop(),
		Client: oauth.NewHTTPClient(transport),
	}
	for _, e := range edit {
		e(&o)
	}
	return NewAccount(o)
}

// control sends a command to the emulator.
func (r *rig) control(method, path string, body any) []byte {
	r.t.Helper()
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			r.t.Fatal(err)
		}
	}
	req, err := http.NewRequest(method, r.server.URL+"/_emulator/"+path, &b)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		r.t.Fatalf("%s %s: got %s, %v: %s", method, path, res.Status, err, out)
	}
	return out
}

type fault map[string]any

func (r *rig) fault(f fault) (remove func()) {
	r.t.Helper()
	var created struct{ ID json.RawMessage }
	if err := json.Unmarshal(r.control("POST", "faults", f), &created); err != nil {
		r.t.Fatal(err)
	}
	return func() { r.control("DELETE", "faults/"+strings.Trim(string(created.ID), `"`), nil) }
}

// tokenRequests returns the number of requests at the token endpoint.
func (r *rig) tokenRequests() int {
	r.t.Helper()
	var log []struct{ Method, Path string }
	if err := json.Unmarshal(r.control("GET", "requests", nil), &log); err != nil {
		r.t.Fatal(err)
	}
	n := 0
	for _, e := range log {
		if e.Method == "POST" && (strings.HasSuffix(e.Path, "/oauth20_token.srf") || strings.HasSuffix(e.Path, "/token")) {
			n++
		}
	}
	return n
}

// wantToken requests a token and tries it at the API.
func (r *rig) wantToken(a *Account) (authorization string, generation uint64) {
	r.t.Helper()
	authorization, generation, err := a.Token(context.Background())
	if err != nil {
		r.t.Fatalf("Token: %v", err)
	}
	if status := r.api(authorization); status != http.StatusOK {
		r.t.Fatalf("the API responded to the token with status %d", status)
	}
	return authorization, generation
}

func (r *rig) api(authorization string) int {
	r.t.Helper()
	req, err := http.NewRequest("GET", r.server.URL+"/api/v1.0/me/notes/notebooks", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", authorization)
	res, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode
}

// wantFailure checks class and code of an error.
func wantFailure(t *testing.T, err error, class oauth.Class, code string) *oauth.Failure {
	t.Helper()
	f := oauth.AsFailure(err)
	if f == nil {
		t.Fatalf("got error %v, want a failure of class %s", err, class)
	}
	if f.Status.Class != class || f.Status.Code != code {
		t.Fatalf("got %s %s (%v), want %s %s", f.Status.Class, f.Status.Code, f, class, code)
	}
	if f.Status.Hint == "" || f.Status.Message == "" {
		t.Errorf("%s: message %q, hint %q: want text in both", code, f.Status.Message, f.Status.Hint)
	}
	return f
}

func wantState(t *testing.T, a *Account, want State) Status {
	t.Helper()
	s := a.Status(context.Background())
	if s.State != want {
		t.Fatalf("got state %s (error %+v), want %s", s.State, s.Error, want)
	}
	return s
}

// fixedProvider is a token endpoint that always sends the same response and keeps
// the last request.
func fixedProvider(t *testing.T, body string) (authority string, sent func() url.Values) {
	t.Helper()
	return providerWith(t, http.StatusOK, body)
}

// providerWith is fixedProvider with a status.
func providerWith(t *testing.T, status int, body string) (authority string, sent func() url.Values) {
	t.Helper()
	var mu sync.Mutex
	var form url.Values
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		mu.Lock()
		form = r.PostForm
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL, func() url.Values {
		mu.Lock()
		defer mu.Unlock()
		return form
	}
}

// upstream is the API that accepts or refuses tokens.
const upstream = "www.onenote.com"

const redirectURI = "http://localhost:8080/auth/default/callback"

func clientSecret() (oauth.Secret, error) { return "s3cret", nil }
