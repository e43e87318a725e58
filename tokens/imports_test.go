// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"context"
	"testing"
	"time"
)

func TestKeyRotationTakesTheListOfImportsAlong(t *testing.T) {
	r := newRig(t)
	old, fresh := bytes.Repeat([]byte{1}, KeySize), bytes.Repeat([]byte{2}, KeySize)
	r.keys = FixedKeys{old}
	r.wantToken(r.account(r.config()))
	r.keys = FixedKeys{fresh, old}
	r.account(r.config()).learn(context.Background())
	r.keys = FixedKeys{fresh}
	a := r.account(r.config())
	wantState(t, a, Ready)
	r.clock.Advance(2 * time.Hour)
	r.wantToken(a)
}

func TestListOfImportsThatCannotBeReadStopsOnlyImports(t *testing.T) {
	r := newRig(t)
	r.keys = FixedKeys{bytes.Repeat([]byte{1}, KeySize)}
	r.wantToken(r.account(r.config()))
	r.keys = FixedKeys{bytes.Repeat([]byte{2}, KeySize)} // the first is lost
	a := r.account(r.config())
	wantState(t, a, NeedsOperator)
	// A sign-in heals it, whatever became of the list.
	now := r.clock.Now()
	g := &Grant{accessToken: "t", refreshToken: "emulator-refresh-token", obtained: now, expiry: now.Add(time.Hour)}
	if err := a.Adopt(context.Background(), g, false); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Ready)
	b := r.account(r.config())
	wantState(t, b, Ready)
	r.clock.Advance(2 * time.Hour)
	r.wantToken(b)
}

func TestWhatIsOwedIsSavedAtTheEnd(t *testing.T) {
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

func TestTokenThatUpstreamRefusedIsNotCalledServed(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, generation := r.wantToken(a)
	r.fault(fault{"path": "/oauth20_token.srf", "status": 503})
	_, _, err := a.Renew(context.Background(), generation, "")
	wantFailure(t, err, Passing, "http_503")
	wantState(t, a, Unavailable)
}
