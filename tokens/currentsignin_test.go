// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func signInOf(t *testing.T, a *Account) CurrentSignIn {
	t.Helper()
	s, err := a.CurrentSignIn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSignInKeepsItsIDUntilTheNextOne(t *testing.T) {
	r := newRig(t)
	c := r.config()
	a := r.account(c)
	first := signInOf(t, a)
	if first.ID == "" || first.State != Ready {
		t.Fatalf("got %+v, want the imported sign-in", first)
	}
	if err := a.ForceRefresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	for what, account := range map[string]*Account{"after a refresh": a, "in a new process": r.account(c)} {
		if got := signInOf(t, account); got.ID != first.ID {
			t.Errorf("%s: got id %q, want %q", what, got.ID, first.ID)
		}
	}
	if err := a.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := signInOf(t, a); got.ID != "" || got.State != SignedOut {
		t.Errorf("after the sign-out: got %+v, want none", got)
	}
}

func TestSignInCannotBeKnownWhileItsRecordCannotBeOpened(t *testing.T) {
	r := newRig(t)
	c := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	storage := &downStorage{Storage: r.storage}
	r.storage = storage
	storage.down.Store(true)
	if got, err := r.account(c).CurrentSignIn(context.Background()); err == nil {
		t.Errorf("the storage is down: got %+v, want an error", got)
	}
	storage.down.Store(false)
	if got := signInOf(t, r.account(c)); got.ID != "" {
		t.Errorf("nobody is signed in: got %+v", got)
	}

	imported := r.config()
	signInOf(t, r.account(imported))
	r.keys = FixedKeys{make([]byte, KeySize)}
	if got, err := r.account(c).CurrentSignIn(context.Background()); err == nil {
		t.Errorf("sealed with another key: got %+v, want an error", got)
	}
}

func TestAppWithItsOwnCredentialsCountsAsSignedIn(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config(func(c *oauth.Config) {
		c.Provider, c.Tenant, c.Flow = oauth.Entra, "contoso.com", oauth.FlowClientCredentials
		c.ClientSecret, c.RefreshToken = clientSecret, nil
		c.Scopes = []string{"https://onenote.com/.default"}
	}))
	if got := signInOf(t, a); got.ID == "" {
		t.Errorf("got %+v, want an id", got)
	}
}

// A key may come to this node a moment after its user has signed in at another.
func TestSignInAtAnotherNodeIsFoundWhenItIsAskedFor(t *testing.T) {
	r := newRig(t)
	here, there := r.account(r.config()), r.account(r.config())
	before := signInOf(t, here)
	signInOf(t, there)
	if err := there.Adopt(context.Background(), r.signedIn("access", "refresh"), true); err != nil {
		t.Fatal(err)
	}
	if got := signInOf(t, here); got.ID != before.ID {
		t.Fatalf("got id %q, want %q: no request reads the storage", got.ID, before.ID)
	}
	r.clock.Advance(loadEvery)
	got, err := here.LatestSignIn(context.Background())
	if want := signInOf(t, there); err != nil || got.ID != want.ID || got.ID == before.ID {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestTokensOfASignInAreNotThoseOfTheNext(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	first := a.OfSignIn(signInOf(t, a).ID)
	_, generation, err := first.Token(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Adopt(context.Background(), r.signedIn("access", "refresh"), true); err != nil {
		t.Fatal(err)
	}
	for what, get := range map[string]func() (string, uint64, error){
		"Token":   func() (string, uint64, error) { return first.Token(context.Background()) },
		"Refresh": func() (string, uint64, error) { return first.Refresh(context.Background(), "api", generation, "") },
	} {
		token, _, err := get()
		if f := oauth.AsFailure(err); token != "" || f == nil || f.Status.Class != oauth.SigninRequired {
			t.Errorf("%s: got %q, %v, want that somebody has to sign in", what, token, err)
		}
	}
	next := a.OfSignIn(signInOf(t, a).ID)
	if token, _, err := next.Token(context.Background()); err != nil || token != "Bearer access" {
		t.Errorf("the next sign-in: got %q, %v", token, err)
	}
}
