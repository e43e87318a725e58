// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// recorder is an observer that keeps what it receives.
type recorder struct {
	mu     sync.Mutex
	states []State
	events []string
}

func (o *recorder) Refresh(string, string, time.Duration) {}

func (o *recorder) Status(s Status) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states = append(o.states, s.State)
}

func (o *recorder) Event(e Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := e.Name + " " + e.Account
	if e.Name == EventStateChanged {
		text += fmt.Sprintf(" %s -> %s", e.From, e.To)
	}
	if e.Class != "" {
		text += fmt.Sprintf(" (%s %s)", e.Class, e.Code)
	}
	o.events = append(o.events, text)
}

func (o *recorder) allStates() []State {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.states)
}

func (o *recorder) allEvents() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.events)
}

func wantEvents(t *testing.T, o *recorder, want ...string) {
	t.Helper()
	if got := o.allEvents(); !slices.Equal(got, want) {
		t.Errorf("got events\n\t%q\nwant\n\t%q", got, want)
	}
}

func TestEachStateChangeIsReportedOnce(t *testing.T) {
	r := newRig(t)
	o := new(recorder)
	a := r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil }), func(p *Options) { p.Observer = o })
	a.begin(context.Background())
	wantEvents(t, o) // the first state is no change
	a.SigninBegan(r.clock.Now().Add(time.Minute))
	if err := a.Adopt(context.Background(), r.signedIn("t", "emulator-refresh-token"), false); err != nil {
		t.Fatal(err)
	}
	remove := r.fault(fault{"path": "/oauth20_token.srf", "status": 503})
	for range 3 {
		if err := a.ForceRefresh(context.Background()); err == nil {
			t.Fatal("got a token from a provider that fails")
		}
	}
	remove()
	if err := a.ForceRefresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"invalid_grant"}`})
	if err := a.ForceRefresh(context.Background()); err == nil {
		t.Fatal("got a token from a provider that refuses")
	}
	if err := a.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantEvents(t, o,
		"onenote.state_changed default signed_out -> signing_in",
		"onenote.state_changed default signing_in -> ready",
		"onenote.signed_in default",
		"onenote.state_changed default ready -> degraded (transient http_503)",
		"onenote.refresh_failed default (transient http_503)",
		"onenote.refresh_failed default (transient http_503)",
		"onenote.refresh_failed default (transient http_503)",
		"onenote.state_changed default degraded -> ready",
		"onenote.state_changed default ready -> signin_required (signin_required invalid_grant)",
		"onenote.refresh_failed default (signin_required invalid_grant)",
		"onenote.signed_out default",
		"onenote.state_changed default signin_required -> signed_out",
	)
}

func TestStateChangeByExpiryIsReported(t *testing.T) {
	r := newRig(t)
	o := new(recorder)
	a := r.account(r.config(), func(p *Options) { p.Observer = o })
	r.wantToken(a)
	r.fault(fault{"path": "/oauth20_token.srf", "status": 503, "headers": map[string]string{"Retry-After": "3600"}})
	if err := a.ForceRefresh(context.Background()); err == nil {
		t.Fatal("got a token from a provider that fails")
	}
	r.clock.Advance(time.Hour) // the old token expires, and no request is sent
	a.refreshInBackground(context.Background())
	for a.state.refreshingAhead.Load() {
		runtime.Gosched()
	}
	if got := o.allEvents(); !slices.Contains(got, "onenote.state_changed default degraded -> unavailable (transient http_503)") {
		t.Errorf("got events %q, want the change to unavailable", got)
	}
}

func TestReloadReportsNoStateChange(t *testing.T) {
	r := newRig(t)
	o := new(recorder)
	cache := NewCache()
	defer cache.Close()
	for range 2 {
		a := r.account(r.config(), func(p *Options) { p.Observer, p.Cache = o, cache })
		a.begin(context.Background())
		r.wantToken(a)
	}
	wantEvents(t, o)
}

func TestStateChangeAcrossReloadIsReported(t *testing.T) {
	r := newRig(t)
	o := new(recorder)
	cache := NewCache()
	defer cache.Close()
	with := func(p *Options) { p.Observer, p.Cache = o, cache }
	a := r.account(r.config(), with)
	a.begin(context.Background())
	b := r.account(r.config(func(c *oauth.Config) { c.ClientID, c.RefreshToken = "another", nil }), with)
	b.begin(context.Background())
	wantEvents(t, o, "onenote.state_changed default ready -> signin_required (signin_required other_client)")
}

func TestStorageThatIsDownAtStartIsReportedUnavailable(t *testing.T) {
	r := newRig(t)
	down := &downStorage{Storage: r.storage}
	down.down.Store(true)
	o := new(recorder)
	a := r.account(r.config(), func(p *Options) { p.Observer, p.Storage = o, down })
	a.begin(context.Background())
	a.refreshInBackground(context.Background())
	down.down.Store(false)
	a.begin(context.Background())
	wantEvents(t, o, "onenote.state_changed default unavailable -> ready")
}

func TestFailedRefreshIsLoggedWithItsStatus(t *testing.T) {
	r := newRig(t)
	core, logs := observer.New(zap.WarnLevel)
	a := r.account(r.config(), func(p *Options) { p.Logger = zap.New(core) })
	r.fault(fault{"path": "/oauth20_token.srf", "status": 503, "times": 1})
	a.ForceRefresh(context.Background())
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"invalid_grant"}`})
	a.ForceRefresh(context.Background())
	all := logs.FilterMessage("refresh failed").All()
	if len(all) != 2 {
		t.Fatalf("got %d lines, want 2", len(all))
	}
	for i, want := range []struct {
		level       string
		class, code string
	}{{"warn", "transient", "http_503"}, {"error", "signin_required", "invalid_grant"}} {
		status, ok := all[i].ContextMap()["error"].(map[string]any)
		if !ok || status["class"] != want.class || status["code"] != want.code || status["hint"] == "" || all[i].Level.String() != want.level {
			t.Errorf("got %s %v, want %s with class %s and code %s", all[i].Level, all[i].ContextMap(), want.level, want.class, want.code)
		}
	}
}

// The background work repeats what fails: the log must not be filled with it.
func TestSameFailureAgainIsNoNews(t *testing.T) {
	r := newRig(t)
	core, logs := observer.New(zap.InfoLevel)
	a := r.account(r.config(), func(p *Options) { p.Logger = zap.New(core) })
	a.begin(context.Background())
	fail := func(body string) {
		t.Helper()
		remove := r.fault(fault{"path": "/oauth20_token.srf", "status": 401, "body": body})
		defer remove()
		for range 5 {
			if err := a.ForceRefresh(context.Background()); err == nil {
				t.Fatal("got a token from a provider that refuses")
			}
		}
	}
	fail(`{"error":"invalid_client"}`)
	fail(`{"error":"unauthorized_client"}`)
	if err := a.ForceRefresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	fail(`{"error":"invalid_client"}`)
	var got []string
	for _, line := range logs.All() {
		code := ""
		if e, ok := line.ContextMap()["error"].(map[string]any); ok {
			code = e["code"].(string)
		}
		got = append(got, strings.TrimSpace(fmt.Sprint(line.Level, " ", line.Message, " ", code)))
	}
	want := []string{
		"info imported the refresh token of the configuration",
		"error refresh failed invalid_client",
		"info state changed invalid_client",
		"error refresh failed unauthorized_client",
		"info state changed",
		"error refresh failed invalid_client",
		"info state changed invalid_client",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got lines\n\t%q\nwant\n\t%q", got, want)
	}
}

func TestStateThatAProcessBeginsWithIsLogged(t *testing.T) {
	r := newRig(t)
	with := func(core zapcore.Core) func(*Options) { return func(p *Options) { p.Logger = zap.New(core) } }
	r.wantToken(r.account(r.config()))
	core, logs := observer.New(zap.InfoLevel)
	other := r.account(r.config(func(c *oauth.Config) { c.ClientID, c.RefreshToken = "another", nil }), with(core))
	for range 3 {
		other.begin(context.Background())
	}
	lines := logs.FilterMessage("the account is not ready").All()
	if len(lines) != 1 || lines[0].Level != zapcore.ErrorLevel || lines[0].ContextMap()["state"] != "signin_required" {
		t.Errorf("got lines %v, want one error with the state", lines)
	}
}

// A reload must not say that all is well before a refresh has shown it.
func TestMisconfigurationIsNotReportedAsCuredByReload(t *testing.T) {
	r := newRig(t)
	o := new(recorder)
	cache := NewCache()
	defer cache.Close()
	with := func(p *Options) { p.Observer, p.Cache = o, cache }
	a := r.account(r.config(), with)
	a.begin(context.Background())
	r.wantToken(a)
	remove := r.fault(fault{"path": "/oauth20_token.srf", "status": 401, "body": `{"error":"invalid_client"}`})
	if err := a.ForceRefresh(context.Background()); err == nil {
		t.Fatal("got a token from a provider that refuses")
	}
	reload := func() {
		b := r.account(r.config(), with)
		b.begin(context.Background())
		for b.state.refreshingAhead.Load() {
			runtime.Gosched()
		}
	}
	reload()
	remove()
	reload()
	wantEvents(t, o,
		"onenote.refresh_failed default (misconfigured invalid_client)",
		"onenote.state_changed default ready -> misconfigured (misconfigured invalid_client)",
		"onenote.refresh_failed default (misconfigured invalid_client)",
		"onenote.state_changed default misconfigured -> ready",
	)
}
