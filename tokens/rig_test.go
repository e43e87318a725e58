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
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
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
		keys:    KeyFile{Path: t.TempDir() + "/seal.key"},
	}
	r.server = httptest.NewServer(emulator.New(emulator.Options{Now: r.clock.Now}))
	t.Cleanup(r.server.Close)
	return r
}

// config is a personal account with the emulator's refresh token.
func (r *rig) config(edit ...func(*Config)) Config {
	r.t.Helper()
	c := Config{
		Name:         "default",
		ClientID:     "client",
		Authority:    r.server.URL,
		RefreshToken: func() (Secret, error) { return "emulator-refresh-token", nil },
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

// account starts a process, so to speak: what it knows it knows from storage.
func (r *rig) account(c Config, edit ...func(*Options)) *Account {
	m := NewMemory()
	r.t.Cleanup(m.Close)
	transport := &http.Transport{}
	r.t.Cleanup(transport.CloseIdleConnections)
	o := Options{
		Config: c, Memory: m, Storage: r.storage, Keys: r.keys, Clock: r.clock, Logger: zap.NewNop(),
		Client: NewClient(transport),
	}
	for _, e := range edit {
		e(&o)
	}
	return NewAccount(o)
}

// control commands the emulator.
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
	var answer struct{ ID json.RawMessage }
	if err := json.Unmarshal(r.control("POST", "faults", f), &answer); err != nil {
		r.t.Fatal(err)
	}
	return func() { r.control("DELETE", "faults/"+strings.Trim(string(answer.ID), `"`), nil) }
}

// tokenRequests returns how often the token endpoint was asked.
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

// wantToken asks for a token and holds it against the API.
func (r *rig) wantToken(a *Account) (authorization string, generation uint64) {
	r.t.Helper()
	authorization, generation, err := a.Token(context.Background())
	if err != nil {
		r.t.Fatalf("Token: %v", err)
	}
	if status := r.api(authorization); status != http.StatusOK {
		r.t.Fatalf("the API answered the token with %d", status)
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

// wantFailure asks for a token and wants none.
func wantFailure(t *testing.T, err error, class Class, code string) *Failure {
	t.Helper()
	f := asFailure(err)
	if f == nil {
		t.Fatalf("got error %v, want a failure of class %s", err, class)
	}
	if f.class != class || f.Code != code {
		t.Fatalf("got %s %s (%v), want %s %s", f.class, f.Code, f, class, code)
	}
	if f.Hint() == "" || f.Message == "" {
		t.Errorf("%s: message %q, hint %q: both want text", code, f.Message, f.Hint())
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
