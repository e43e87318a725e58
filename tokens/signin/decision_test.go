// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// twoUsers signs ada in and then eve, up to the question.
func twoUsers(t *testing.T) (*site, *browser) {
	t.Helper()
	s := newSite(t, entra())
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "ada@example.com")
	s.begin(b, "default")
	b.decide("accept", "eve@example.com")
	b.sees("Replace the user of default?", "eve@example.com signed in", "in use by ada@example.com")
	s.wantUser("default", "ada@example.com")
	return s, b
}

func TestOtherUserIsAdoptedAfterConfirmation(t *testing.T) {
	s, b := twoUsers(t)
	f := b.forms()[0]
	if got := f.values.Get("confirm"); got != "yes" {
		t.Errorf("confirm: got %q, want yes", got)
	}
	b.submit(f, nil)
	if got, want := b.at.String(), s.url("/"); got != want {
		t.Errorf("after the confirmation: got %s, want %s", got, want)
	}
	s.wantUser("default", "eve@example.com")
	b.at, _ = url.Parse(s.url("/"))
	b.submit(f, nil)
	if b.status != http.StatusBadRequest {
		t.Errorf("second confirmation: got %d, want 400", b.status)
	}
}

func TestOtherUserIsDroppedWhenDeclined(t *testing.T) {
	s, b := twoUsers(t)
	yes, no := b.forms()[0], b.forms()[1]
	b.submit(no, nil)
	s.wantUser("default", "ada@example.com")
	s.wantState("default", tokens.Ready)
	b.submit(yes, nil)
	if b.status != http.StatusBadRequest {
		t.Errorf("confirmation after the refusal: got %d, want 400", b.status)
	}
	s.wantUser("default", "ada@example.com")
}

func TestDecisionExpires(t *testing.T) {
	s, b := twoUsers(t)
	f := b.forms()[0]
	s.clock.advance(10 * time.Minute)
	b.submit(f, nil)
	if b.status != http.StatusBadRequest {
		t.Errorf("status: got %d, want 400", b.status)
	}
	s.wantUser("default", "ada@example.com")
}

// TestSecondDecisionIsRefused: each question is about the user it names.
func TestSecondDecisionIsRefused(t *testing.T) {
	s, b := twoUsers(t)
	eve := b.forms()[0]
	s.begin(b, "default")
	b.decide("accept", "mallory@example.com")
	b.sees("mallory@example.com signed in")
	b.submit(eve, nil)
	s.wantUser("default", "eve@example.com")
}

// TestAttemptOfOtherAccountIsUnknown: the id of an attempt opens no other account's
// pages.
func TestAttemptOfOtherAccountIsUnknown(t *testing.T) {
	s := newSite(t, entra(), oauth.Config{Name: "other"})
	a := s.beginAsOperator("")
	b := newBrowser(t)
	b.open(s.url("/auth/other/signin?attempt=" + a.ID))
	if b.status != http.StatusBadRequest {
		t.Errorf("status: got %d, want 400", b.status)
	}
	b.open(s.url("/auth/default/signin?attempt=" + a.ID))
	b.sees("Sign in: default")
}

func TestDecisionFailsAfterClientChange(t *testing.T) {
	s, b := twoUsers(t)
	f := b.forms()[0]
	c := entra()
	c.ClientID = "another-app"
	s.load(c)
	b.submit(f, nil)
	b.sees("Sign-in failed", "configuration was changed")
	s.wantState("default", tokens.NeedsSignin)
}

func TestSameUserNeedsNoConfirmation(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	for range 2 {
		s.begin(b, "default")
		b.decide("accept", "ada@example.com")
		b.sees("Ready")
	}
	s.wantUser("default", "ada@example.com")
}

// TestUnexpectedUserIsNotStored: nothing of a user who is not the expected one is stored,
// and the page offers a way out of being signed in by the provider at once.
func TestUnexpectedUserIsNotStored(t *testing.T) {
	c := entra()
	c.ExpectedUser = "Ada@Example.com"
	s := newSite(t, c)
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "eve@example.com")
	b.sees("Sign-in failed", "unexpected_user", "expected_user")
	s.wantState("default", tokens.SignedOut)
	if n := len(s.storage.values); n != 0 {
		t.Errorf("records in the storage: got %d, want none", n)
	}

	// Live has no parameter for it; there the provider's sign-out helps.
	live := newSite(t, oauth.Config{ExpectedUser: "ada"})
	other := newBrowser(t)
	live.begin(other, "default")
	other.decide("accept", "eve@example.com")
	other.sees("Sign-in failed", "sign out at the provider first")

	b.press("/auth/default/signin", nil, "another")
	if got := b.at.Query().Get("prompt"); got != "select_account" {
		t.Errorf("prompt: got %q, want select_account", got)
	}
	b.decide("accept", "ada@example.com")
	s.wantUser("default", "ada@example.com")
}
