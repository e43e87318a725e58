// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// Without a lock, the refusal of the token before may arrive after a sign-in.
func TestLateFailureDoesNotEndANewerSignIn(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	r.wantToken(a)
	old, _ := a.held.known()
	if err := r.account(r.config()).Adopt(context.Background(), r.signedIn("fresh", "refresh"), true); err != nil {
		t.Fatal(err)
	}
	f := a.failure(SigninRequired, "invalid_grant", "refused", "Sign in again.")
	if b, err := a.renewalFailed(context.Background(), demand{other: old.Generation}, old, f); err != nil || b.authorization != "Bearer fresh" {
		t.Errorf("got %v, %v, want the token of the newer sign-in", b, err)
	}
	wantState(t, a, Ready)
	wantState(t, r.account(r.config()), Ready)
}

// A sign-in that ends while the old token is being refused, with the lock.
func TestSignInDuringARenewalThatFails(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"invalid_grant"}`, "delay": "200ms"})
	before := r.tokenRequests()
	refused := make(chan error)
	go func() {
		_, _, err := a.Token(context.Background())
		refused <- err
	}()
	for r.tokenRequests() == before {
		runtime.Gosched()
	}
	if err := a.Adopt(context.Background(), r.signedIn("fresh", "refresh"), true); err != nil {
		t.Fatal(err)
	}
	<-refused
	if authorization, _, err := a.Token(context.Background()); err != nil || authorization != "Bearer fresh" {
		t.Errorf("got %q, %v, want the token of the sign-in", authorization, err)
	}
	wantState(t, a, Ready)
}

func TestBackgroundRenewalGoesOnAfterFailures(t *testing.T) {
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
	for range 120 { // an hour, of which the last minutes are for renewing
		r.clock.Advance(tendEvery)
		r.clock.Waiters(1)
		for a.held.ahead.Load() {
			runtime.Gosched()
		}
	}
	if b := a.held.live.Load(); b.generation == generation || !b.usable(r.clock.Now()) {
		t.Error("after three failures nobody tried again")
	}
	wantState(t, a, Ready)
}

// A provider that is away when the program starts ends nothing.
func TestProviderThatIsAwayAtTheStart(t *testing.T) {
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
	f := wantFailure(t, err, Passing, "unreachable")
	remove()
	r.clock.Advance(f.RetryAfter() + time.Second)
	r.wantToken(a)
}
