// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// send sends a request with the account's token to an API that accepts it or not, as
// package proxy does, and returns the generation that was sent last.
func send(t *testing.T, a *Account, api string, accepts func(generation uint64) bool) uint64 {
	t.Helper()
	_, generation, err := a.Token(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if accepts(generation) {
		a.Accepted(api, generation)
		return generation
	}
	_, next, err := a.Refresh(context.Background(), api, generation, "")
	if err != nil {
		return generation
	}
	if next != generation && accepts(next) {
		a.Accepted(api, next)
		return next
	}
	a.Refused(api, next, "40001")
	return next
}

func never(uint64) bool  { return false }
func always(uint64) bool { return true }

func TestAccountIsRefusedAfterTwoRequestsWithOneFreshToken(t *testing.T) {
	r := newRig(t)
	o := new(recorder)
	core, logs := observer.New(zap.InfoLevel)
	a := r.account(r.config(), func(p *Options) { p.Observer, p.Logger = o, zap.New(core) })
	a.begin(context.Background())
	send(t, a, upstream, never)
	wantState(t, a, Ready)
	send(t, a, upstream, never)
	s := wantState(t, a, Refused)
	if e := s.Error; e == nil || e.Class != oauth.Misconfigured || e.Code != "40001" || !strings.Contains(e.Message, upstream) || !strings.Contains(e.Hint, "licence") {
		t.Errorf("got error %+v, want code 40001, the upstream and the likely causes", e)
	}
	if s.State.Usable() {
		t.Error("got usable, want not ready")
	}
	for range 3 {
		send(t, a, upstream, never)
		r.clock.Advance(refusedFreshFor + time.Second) // each brings another fresh token
	}
	send(t, a, upstream, always)
	if s := wantState(t, a, Ready); s.Error != nil {
		t.Errorf("after a success: got error %+v, want none", s.Error)
	}
	wantEvents(t, o,
		"onenote.state_changed default ready -> refused (misconfigured 40001)",
		"onenote.state_changed default refused -> ready")
	changes := logs.FilterMessage("state changed").All()
	if len(changes) != 2 || changes[0].Level != zapcore.ErrorLevel || changes[1].Level != zapcore.InfoLevel {
		t.Errorf("got lines %v, want an error and then an info", changes)
	}
}

func TestAccountIsNotRefusedBy(t *testing.T) {
	for name, requests := range map[string]func(t *testing.T, a *Account, r *rig){
		"one request": func(t *testing.T, a *Account, _ *rig) { send(t, a, upstream, never) },
		"requests with a token that a refresh replaces": func(t *testing.T, a *Account, _ *rig) {
			_, old, _ := a.Token(context.Background())
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if _, next, err := a.Refresh(context.Background(), upstream, old, ""); err == nil {
						a.Accepted(upstream, next)
					}
				})
			}
			all.Wait()
		},
		"a success in between": func(t *testing.T, a *Account, _ *rig) {
			send(t, a, upstream, never)
			send(t, a, upstream, always)
			send(t, a, upstream, never)
		},
		"a late refusal of an older token": func(t *testing.T, a *Account, _ *rig) {
			_, old, _ := a.Token(context.Background())
			if err := a.ForceRefresh(context.Background()); err != nil {
				t.Fatal(err)
			}
			a.Refused(upstream, old, "")
			a.Refused(upstream, old, "")
		},
		"one request each of two upstreams": func(t *testing.T, a *Account, _ *rig) {
			send(t, a, upstream, never)
			send(t, a, "graph.microsoft.com", never)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			a := r.account(r.config())
			requests(t, a, r)
			wantState(t, a, Ready)
		})
	}
}

// A client that sends a request once in a while gets a newer token each time.
func TestRareRequestsAreCountedWithTheirToken(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	send(t, a, upstream, never)
	r.clock.Advance(refusedFreshFor + time.Second)
	send(t, a, upstream, never)
	wantState(t, a, Refused)
}

func TestAccountIsRefusedWhileOneUpstreamRefusesIt(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	const other = "graph.microsoft.com"
	for range 2 {
		send(t, a, upstream, never)
		send(t, a, other, never)
	}
	send(t, a, upstream, always)
	if s := wantState(t, a, Refused); strings.Contains(s.Error.Message, upstream) || !strings.Contains(s.Error.Message, other) {
		t.Errorf("got message %q, want that of %s", s.Error.Message, other)
	}
	send(t, a, other, always)
	wantState(t, a, Ready)
}

// A token that is refused for some requests only is not refreshed for each of them.
func TestTokenThatIsRefusedForSomeRequestsIsRefreshedOnce(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	generation := send(t, a, upstream, never)
	for range 10 {
		send(t, a, upstream, always)
		if next := send(t, a, upstream, never); next != generation {
			t.Fatalf("got generation %d after %d, want no further refresh", next, generation)
		}
	}
	send(t, a, upstream, always)
	wantState(t, a, Ready)
	r.clock.Advance(refusedFreshFor + time.Second)
	if next := send(t, a, upstream, never); next == generation {
		t.Error("the token is never refreshed again")
	}
}

// The refusal by one upstream must not keep another from a newer token.
func TestRefusalByOneUpstreamLeavesRefreshesOfOthers(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	generation := send(t, a, upstream, never)
	if _, next, err := a.Refresh(context.Background(), "graph.microsoft.com", generation, ""); err != nil || next == generation {
		t.Errorf("got generation %d, %v; want a newer one than %d", next, err, generation)
	}
}

// A claims challenge asks for another token, whatever was refused before.
func TestClaimsChallengeAfterRefusalIsSatisfied(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	generation := send(t, a, upstream, never)
	if err := a.ForceRefresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	_, current, _ := a.Token(context.Background())
	const claims = `{"access_token":{"nbf":{"essential":true}}}`
	_, next, err := a.Refresh(context.Background(), upstream, current, claims)
	if err != nil || next == current || current == generation {
		t.Errorf("got generation %d after %d and %d, %v; want a newer one", next, current, generation, err)
	}
}

func TestLateSuccessOfAnOlderTokenEndsNoRefusal(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, old, _ := a.Token(context.Background())
	send(t, a, upstream, never)
	send(t, a, upstream, never)
	a.Accepted(upstream, old)
	wantState(t, a, Refused)
}

func TestRefusalOutlivesConfigurationAndEndsWithSignOut(t *testing.T) {
	r := newRig(t)
	cache := NewCache()
	defer cache.Close()
	with := func(p *Options) { p.Cache = cache }
	a := r.account(r.config(), with)
	send(t, a, upstream, never)
	send(t, a, upstream, never)
	b := r.account(r.config(), with)
	wantState(t, b, Refused)
	if err := b.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantState(t, b, SignedOut)
	if err := b.Adopt(context.Background(), r.signedIn("t", "emulator-refresh-token"), false); err != nil {
		t.Fatal(err)
	}
	wantState(t, b, Ready)
}

// A token without a refresh token is the newest that can be had: nobody asks for
// another, and a new sign-in would not help either.
func TestRefusedTokenThatCannotBeRefreshed(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil }))
	if err := a.Adopt(context.Background(), r.signedIn("t", ""), false); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Degraded)
	send(t, a, upstream, never)
	wantState(t, a, Degraded)
	send(t, a, upstream, never)
	wantState(t, a, Refused)
	send(t, a, upstream, always)
	wantState(t, a, Degraded)
	send(t, a, upstream, never) // it was accepted before, so it was revoked since
	if s := wantState(t, a, NeedsSignin); !strings.Contains(s.Error.Message, "does not accept the access token any more") {
		t.Errorf("got %+v, want that the API does not accept the token", s.Error)
	}
}

func TestAcceptedTokenCostsNoAllocation(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, generation := r.wantToken(a)
	a.Accepted(upstream, generation)
	if got := testing.AllocsPerRun(100, func() { a.Accepted(upstream, generation) }); got != 0 {
		t.Errorf("got %.0f allocations, want none", got)
	}
}
