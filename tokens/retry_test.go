// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"
)

func TestOperatorsRetryIsNotAnsweredByARenewalThatDidNotAsk(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	remove := r.fault(fault{"path": "/oauth20_token.srf", "status": 503, "headers": map[string]string{"Retry-After": "3600"}})
	_, _, err := a.Token(context.Background())
	wantFailure(t, err, Passing, "http_503")
	remove()
	// A renewal that heeds Retry-After is under way when the operator comes.
	entered, leave := make(chan struct{}), make(chan struct{})
	go a.held.flight.Do("renew", func() (any, error) {
		close(entered)
		<-leave
		return (*bearer)(nil), a.block(demand{})
	})
	<-entered
	done := make(chan error, 1)
	go func() { done <- a.Retry(context.Background()) }()
	for range 100 {
		runtime.Gosched()
	}
	close(leave)
	if err := <-done; err != nil {
		t.Errorf("Retry: %v, want a renewal of its own", err)
	}
	wantState(t, a, Ready)
}

func TestManyRetriesEndWithAGoodToken(t *testing.T) {
	r := newRig(t)
	r.control("POST", "strict", map[string]bool{"on": true})
	a := r.account(r.config())
	r.wantToken(a)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := a.Retry(context.Background()); err != nil {
				t.Errorf("Retry: %v", err)
			}
		})
		wg.Go(func() {
			if _, _, err := a.Token(context.Background()); err != nil {
				t.Errorf("Token: %v", err)
			}
		})
	}
	wg.Wait()
	r.wantToken(a)
}

func TestTokenThatUpstreamAndProviderRefuseIsNotSentAgain(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, generation := r.wantToken(a)
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"invalid_grant"}`})
	_, _, err := a.Renew(context.Background(), generation, "")
	wantFailure(t, err, SigninRequired, "invalid_grant")
	_, _, err = a.Token(context.Background())
	wantFailure(t, err, SigninRequired, "invalid_grant")
	_, _, err = r.account(r.config()).Token(context.Background()) // after a restart as well
	wantFailure(t, err, SigninRequired, "invalid_grant")
}

// The API never refused this one: it serves to its end.
func TestTokenThatOnlyTheProviderRefusesIsSentToItsEnd(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	r.wantToken(a)
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"invalid_grant"}`})
	wantFailure(t, a.Retry(context.Background()), SigninRequired, "invalid_grant")
	r.wantToken(a)
	wantState(t, a, NeedsSignin)
}

func TestClaimsAreOwedUntilASigninBringsThem(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	r := newRig(t)
	a := r.account(r.config())
	_, generation := r.wantToken(a)
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"interaction_required","error_codes":[50076]}`})
	before := r.tokenRequests()
	for range 20 {
		_, _, err := a.Renew(context.Background(), generation, claims)
		f := wantFailure(t, err, SigninRequired, "AADSTS50076")
		if f.Claims != claims {
			t.Fatalf("got claims %q, want those of the challenge", f.Claims)
		}
	}
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests for one challenge, want 1", n)
	}
	restarted := r.account(r.config())
	wantState(t, restarted, NeedsSignin)
	if got := restarted.PendingClaims(); got != claims {
		t.Errorf("after a restart: got claims %q, want those of the challenge", got)
	}
	if err := restarted.Adopt(context.Background(), r.signedIn("t", "refresh"), true); err != nil {
		t.Fatal(err)
	}
	if got := restarted.PendingClaims(); got != "" {
		t.Errorf("after the sign-in the claims %q are still owed", got)
	}
}

func TestCallerWhoLeavesWhileTheLockIsHeldGetsTheirOwnEnd(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	a.held.writer <- struct{}{}
	defer func() { <-a.held.writer }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, _, err := a.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's end", err)
	}
	f := wantFailure(t, a.SignOut(ctx), Passing, "storage_lock")
	if f.Message == "" {
		t.Error("the failure has no text")
	}
}
