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

	"github.com/caddy-onenote/caddy-onenote/guard"
)

// stoppedClock is a clock that moves when it is told to.
type stoppedClock struct{ now time.Time }

func (c *stoppedClock) Now() time.Time          { return c.now }
func (c *stoppedClock) advance(d time.Duration) { c.now = c.now.Add(d) }

func (c *stoppedClock) After(time.Duration) (<-chan time.Time, func()) {
	return make(chan time.Time), func() {}
}

// peerNobodyKnows is a caller of whom Caddy knows nothing.
var peerNobodyKnows guard.Peer

// newFileGate returns a gate whose only key is in a file that is not there.
func newFileGate(t *testing.T) (*gate, *stoppedClock, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	key, err := newSecret("client_key phone", "{file."+path+"}")
	if err != nil {
		t.Fatal(err)
	}
	clock := &stoppedClock{time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)}
	g := &gate{
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
func TestClientKeysInFilesAreReadAgain(t *testing.T) {
	g, clock, path := newFileGate(t)
	write(t, path, "first")
	admitted := func(key string) bool {
		t.Helper()
		current, err := g.get()
		if err != nil {
			t.Fatal(err)
		}
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

func TestWithoutItsKeyFileASiteStaysShut(t *testing.T) {
	g, _, path := newFileGate(t)
	shut, err := g.get()
	if err == nil {
		t.Error("got a guard that is complete, want an error")
	}
	probe := httptest.NewRequest("GET", "http://localhost/healthz", nil)
	if route, _ := shut.Admit(probe, peerNobodyKnows); route == nil || route.Kind != guard.Probe {
		t.Errorf("a probe: got %+v, want it admitted all the same", route)
	}
	write(t, path, "first")
	if _, err := g.get(); err != nil {
		t.Errorf("the file is there now: %v", err)
	}
}
