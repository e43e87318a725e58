// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/internal/repeated"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// stoppedClock is a clock that moves when it is told to.
type stoppedClock struct{ now time.Time }

func (c *stoppedClock) Now() time.Time          { return c.now }
func (c *stoppedClock) advance(d time.Duration) { c.now = c.now.Add(d) }

func (c *stoppedClock) After(time.Duration) (<-chan time.Time, func()) {
	return make(chan time.Time), func() {}
}

// peerNobodyKnows is a client of whom Caddy knows nothing.
var peerNobodyKnows guard.Peer

// newFileGuard returns a source of guards whose only key is in a file that is not there.
func newFileGuard(t *testing.T) (*guardSource, *stoppedClock, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	key, err := newSecret("client_key phone", "{file."+path+"}", false)
	if err != nil {
		t.Fatal(err)
	}
	clock := &stoppedClock{time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)}
	g := &guardSource{
		config: guard.Config{Paths: []string{"/api/"}, Upstream: "https://www.onenote.com", Now: clock.Now},
		keys:   []clientKey{{name: "phone", secret: key}},
		clock:  clock,
		log:    zap.NewNop(),
	}
	if err := g.provision(); err != nil {
		t.Fatal(err)
	}
	return g, clock, path
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// A client key in a file is replaced without a reload, and an unreadable file
// locks nobody in who was out, and nobody out who was in.
func TestChangedKeyFileIsReadAgain(t *testing.T) {
	g, clock, path := newFileGuard(t)
	write(t, path, "first")
	admitted := func(key string) bool {
		t.Helper()
		current := g.get()
		r := httptest.NewRequest("GET", "http://localhost"+notebooks, nil)
		r.RemoteAddr = "192.0.2.1:1"
		r.Header.Set("Authorization", "Bearer "+key)
		route, _ := current.Admit(r, peerNobodyKnows)
		return route != nil
	}
	if !admitted("first") || admitted("second") {
		t.Error("at first, the first key opens and the second does not")
	}
	write(t, path, "second")
	clock.advance(keysEvery)
	if admitted("first") || !admitted("second") {
		t.Error("after the file changed, the second key opens and the first does not")
	}
	remove(t, path)
	clock.advance(keysEvery)
	if !admitted("second") {
		t.Error("while the file is gone, the last key opens")
	}
}

func TestGuardWithoutKeyFileAdmitsProbesOnly(t *testing.T) {
	g, _, path := newFileGuard(t)
	ask := func(path string) (*guard.Route, *apierror.Error) {
		r := httptest.NewRequest("GET", "http://localhost"+path, nil)
		r.RemoteAddr = "127.0.0.1:1"
		return g.get().Admit(r, peerNobodyKnows)
	}
	if route, _ := ask("/healthz"); route == nil || route.Kind != guard.Probe {
		t.Errorf("a probe: got %+v, want it admitted all the same", route)
	}
	if _, refusal := ask(notebooks); refusal == nil || refusal.Cause != apierror.Misconfigured {
		t.Errorf("a request for the API: got %v, want misconfigured", refusal)
	}
	write(t, path, "first")
	if _, refusal := ask(notebooks); refusal != nil && refusal.Cause == apierror.Misconfigured {
		t.Errorf("the file is there now: %v", refusal)
	}
}

// Anybody can send requests, so a line for each would fill the disk.
func TestMissingKeyFileIsLoggedOnceWhileItLasts(t *testing.T) {
	g, clock, path := newFileGuard(t)
	core, logs := zapobserver.New(zap.ErrorLevel)
	g.log = zap.New(core)
	wantLines := func(when string, want int) {
		t.Helper()
		for range 20 {
			g.get()
		}
		if got := logs.Len(); got != want {
			t.Errorf("%s: got %d lines, want %d", when, got, want)
		}
	}
	wantLines("missing", 1)
	clock.advance(repeated.Every)
	wantLines("still missing", 2)
	write(t, path, " spaces and\n\na line break inside\n")
	wantLines("unusable", 3)
	write(t, path, "first")
	wantLines("there", 3)
	remove(t, path)
	clock.advance(keysEvery)
	wantLines("missing again", 4)
	clock.advance(keysEvery)
	wantLines("still missing again", 4)
}

func TestMissingSealingKeyIsLoggedOnceByPictures(t *testing.T) {
	core, logs := zapobserver.New(zap.ErrorLevel)
	key, err := newSecret("encryption_key 1", "{file."+filepath.Join(t.TempDir(), "key")+"}", false)
	if err != nil {
		t.Fatal(err)
	}
	clock := &stoppedClock{time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)}
	p := pictureSigner{keys: sealingKeys{key}, now: clock.Now, log: zap.New(core)}
	for range 20 {
		if _, err := p.get(); err == nil {
			t.Fatal("got a signer, want an error")
		}
	}
	if got := logs.Len(); got != 1 {
		t.Errorf("got %d lines, want 1", got)
	}
}
