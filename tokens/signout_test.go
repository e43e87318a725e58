// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func TestSignOutElsewhereEndsWhatIsUnsaved(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(*rig, *Account)
	}{
		{"a refresh", func(r *rig, a *Account) { r.wantToken(a) }},
		{"a sign-in", func(r *rig, a *Account) {
			if err := a.Adopt(context.Background(), r.signedIn("unsaved", "refresh"), true); err != nil {
				r.t.Fatal(err)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			full := &fullDisk{Storage: r.storage}
			a := r.account(r.config(), func(o *Options) { o.Storage = full })
			r.wantToken(a)
			full.set(true)
			r.clock.Advance(2 * time.Hour)
			test.do(r, a)
			wantState(t, a, Degraded)
			r.clock.Advance(time.Second)
			none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
			if err := r.account(none).SignOut(context.Background()); err != nil {
				t.Fatal(err)
			}
			full.set(false)
			a.followStorage(context.Background())
			wantState(t, a, SignedOut)
			wantState(t, r.account(none), SignedOut)
		})
	}
}

func TestUnsavedSignInSurvivesEarlierSignOut(t *testing.T) {
	r := newRig(t)
	full := &fullDisk{Storage: r.storage}
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	a := r.account(none, func(o *Options) { o.Storage = full })
	if err := a.Adopt(context.Background(), r.signedIn("first", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Second)
	if err := r.account(none).SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	full.set(true)
	r.clock.Advance(time.Second)
	if err := a.Adopt(context.Background(), r.signedIn("second", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	a.followStorage(context.Background())
	wantState(t, a, Degraded)
	full.set(false)
	a.followStorage(context.Background())
	if authorization, _, err := r.account(none).Token(context.Background()); err != nil || authorization != "Bearer second" {
		t.Errorf("got %q, %v, want the token of the second sign-in", authorization, err)
	}
}

func TestSignOutElsewhereIsSeenWithinTwoSeconds(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	r.wantToken(a)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		a.Run(ctx)
		close(ended)
	}()
	defer func() { cancel(); <-ended }()
	r.clock.Waiters(1)
	if err := r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil })).SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(2 * time.Second)
	r.clock.Waiters(1)
	_, _, err := a.Token(context.Background())
	wantFailure(t, err, oauth.SigninRequired, codeSignedOut)
}

func TestSignOutIsCarriedOutWhenClientLeaves(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	r.fault(fault{"path": "/oauth20_token.srf", "times": 1, "delay": "300ms"})
	before := r.tokenRequests()
	refreshed := make(chan struct{})
	go func() {
		a.Token(context.Background())
		close(refreshed)
	}()
	for r.tokenRequests() == before {
		runtime.Gosched()
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	wantFailure(t, a.SignOut(ctx), oauth.Transient, "storage_lock")
	<-refreshed
	for a.state.bearer.Load() != nil {
		runtime.Gosched()
	}
	wantState(t, a, SignedOut)
}

// The check that the sign-in was not dropped, and its adoption, are not one step.
func TestSignInIsRefusedAfterLaterSignOut(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil }))
	g := r.signedIn("t", "refresh")
	r.clock.Advance(time.Second)
	if err := a.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Second)
	wantFailure(t, a.Adopt(context.Background(), g, false), oauth.SigninRequired, codeSignedOut)
	wantState(t, a, SignedOut)
	if err := a.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
		t.Errorf("a sign-in after the sign-out: %v", err)
	}
}

func TestSignInIsRefusedAfterSignOutElsewhereDuringItsRequest(t *testing.T) {
	r := newRig(t)
	other := r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil }))
	a := r.during(200, lateResponses["success"].body, func() {
		r.clock.Advance(time.Second)
		if err := other.SignOut(context.Background()); err != nil {
			t.Error(err)
		}
		r.clock.Advance(time.Second)
	})
	g, err := a.Client().ExchangeCode(context.Background(), "code", "", redirectURI)
	if err != nil {
		t.Fatal(err)
	}
	wantFailure(t, a.Adopt(context.Background(), g, false), oauth.SigninRequired, codeSignedOut)
	wantState(t, a, SignedOut)
}

// endingLock is a storage that ends a context while the lock is waited for, too late
// to stop that.
type endingLock struct {
	Storage
	end func()
}

func (s endingLock) Lock(context.Context, string) error {
	s.end()
	return s.Storage.Lock(context.Background(), "onenote_account_default")
}

func TestSignInIsRefusedWhenItsContextEndsBeforeItsTurn(t *testing.T) {
	r := newRig(t)
	forgotten := errors.New("forgotten")
	ctx, cancel := context.WithCancelCause(context.Background())
	a := r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil }), func(o *Options) {
		o.Storage = endingLock{r.storage, func() { cancel(forgotten) }}
	})
	if err := a.Adopt(ctx, r.signedIn("t", "refresh"), false); !errors.Is(err, forgotten) {
		t.Errorf("got %v, want the reason why the sign-in was dropped", err)
	}
	wantState(t, a, SignedOut)
}

// A clock that was ahead must not keep everybody out.
func TestSignInIsPossibleAfterClockWasSetBack(t *testing.T) {
	r := newRig(t)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	a := r.account(none)
	if err := a.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	if err := a.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(-24 * time.Hour)
	if err := a.Adopt(context.Background(), r.signedIn("again", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	a.followStorage(context.Background())
	wantState(t, a, Ready)
	wantState(t, r.account(none), Ready)
}

// The volume of the storage is not mounted during the sign-out, and comes back later
// with what it had.
func TestSignOutCountsForStorageThatWasAway(t *testing.T) {
	r := newRig(t)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	files := r.storage.(*certmagic.FileStorage)
	mounted, empty := files.Path, t.TempDir()
	a := r.account(none)
	if err := a.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	files.Path = empty
	r.clock.Advance(time.Second)
	if err := a.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	files.Path = mounted
	for range 2 {
		r.clock.Advance(loadEvery)
		a.followStorage(context.Background())
		wantState(t, a, SignedOut)
	}
	wantState(t, r.account(none), SignedOut)
	if err := a.Adopt(context.Background(), r.signedIn("newer", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	wantState(t, r.account(none), Ready)
}
