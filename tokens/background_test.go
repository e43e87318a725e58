// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func TestUnsavedRecordIsSavedOnShutdown(t *testing.T) {
	r := newRig(t)
	full := &fullDisk{Storage: r.storage}
	a := r.account(r.config(), func(o *Options) { o.Storage = full })
	r.wantToken(a)
	full.set(true)
	r.clock.Advance(2 * time.Hour)
	r.wantToken(a)
	full.set(false)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	a.Run(ctx)
	before := r.tokenRequests()
	r.wantToken(r.account(r.config()))
	if r.tokenRequests() != before {
		t.Error("the token that was in memory only was lost with the process")
	}
}

func TestBackgroundRefreshContinuesAfterFailures(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	r.wantToken(a)
	r.fault(fault{"path": "/oauth20_token.srf", "status": 503, "times": 3})
	_, generation := r.wantToken(a)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		a.Run(ctx)
		close(ended)
	}()
	defer func() { cancel(); <-ended }()
	r.clock.Waiters(1)
	for range 120 { // an hour; the refresh is due in the last minutes
		r.clock.Advance(backgroundEvery)
		r.clock.Waiters(1)
		for a.state.refreshingAhead.Load() {
			runtime.Gosched()
		}
	}
	if b := a.state.bearer.Load(); b.generation == generation || !b.usable(r.clock.Now()) {
		t.Error("the refresh was not tried again after three failures")
	}
	wantState(t, a, Ready)
}

func TestAccountRecoversWhenProviderIsDownAtStart(t *testing.T) {
	r := newRig(t)
	config := r.config()
	r.server.CloseClientConnections()
	remove := r.fault(fault{"path": "/oauth20_token.srf", "cut": 0})
	a := r.account(config)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		a.Run(ctx)
		close(ended)
	}()
	defer func() { cancel(); <-ended }()
	r.clock.Waiters(1)
	_, _, err := a.Token(context.Background())
	f := wantFailure(t, err, oauth.Transient, "reset")
	remove()
	r.clock.Advance(f.Wait + time.Second)
	r.wantToken(a)
}

func TestIdleAccountIsRefreshedDaily(t *testing.T) {
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
	before := r.tokenRequests()
	for range 3 * 24 * 4 {
		r.clock.Advance(15 * time.Minute)
		r.clock.Waiters(1)
		for a.state.refreshingAhead.Load() { // the refresh that this started
			runtime.Gosched()
		}
	}
	if n := r.tokenRequests() - before; n < 2 || n > 4 {
		t.Errorf("got %d refreshes in three idle days, want one a day and one for the use before", n)
	}
}

func TestMisconfiguredEndsWhenAnotherProcessHasRefreshed(t *testing.T) {
	r := newRig(t)
	other := r.account(r.config())
	r.wantToken(other)
	a := r.account(r.config())
	r.wantToken(a)
	remove := r.fault(fault{"path": "/oauth20_token.srf", "status": 401, "body": `{"error":"invalid_client"}`})
	if err := a.ForceRefresh(context.Background()); err == nil {
		t.Fatal("got a token with a client that is refused")
	}
	wantState(t, a, NeedsOperator)
	remove()
	r.clock.Advance(time.Second)
	if err := other.ForceRefresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(misconfiguredPause + time.Second)
	background(a)
	r.wantToken(a)
	wantState(t, a, Ready)
}
