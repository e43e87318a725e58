// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

func (s *site) beginAsOperator(flow oauth.Flow) *signin.Attempt {
	s.t.Helper()
	a, err := s.pages.Begin(context.Background(), "default", flow, s.url("/auth/default/callback"))
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *site) attempt(id string) *signin.Attempt {
	s.t.Helper()
	a, ok := s.pages.Attempt("default", id)
	if !ok {
		s.t.Fatalf("no attempt %s", id)
	}
	return a
}

// TestOperatorSignInSucceeds: the address works in any browser, also in one that
// never saw a page of ours.
func TestOperatorSignInSucceeds(t *testing.T) {
	s := newSite(t, entra())
	a := s.beginAsOperator("")
	if a.State != signin.AttemptPending || a.URL == "" || a.ID == "" || !a.ExpiresAt.Equal(s.clock.Now().Add(10*time.Minute)) {
		t.Fatalf("attempt: got %+v", a)
	}
	b := newBrowser(t)
	b.open(a.URL)
	b.decide("accept", "ada@example.com")
	b.sees("Ready")
	if got := s.attempt(a.ID); got.State != signin.AttemptDone || !strings.Contains(got.User, "ada@example.com") || got.URL != "" {
		t.Errorf("attempt: got %+v, want it done by ada", got)
	}
	s.clock.advance(10 * time.Minute)
	if _, ok := s.pages.Attempt("default", a.ID); ok {
		t.Error("the attempt is still known after ten minutes")
	}
}

func TestDeniedOperatorSignInFails(t *testing.T) {
	s := newSite(t, entra())
	a := s.beginAsOperator("")
	b := newBrowser(t)
	b.open(a.URL)
	b.decide("deny", "")
	b.sees("Sign-in failed")
	got := s.attempt(a.ID)
	if got.State != signin.AttemptFailed || got.Error == nil || got.Error.Code != "access_denied" {
		t.Errorf("attempt: got %+v, want it failed by access_denied", got)
	}
}

func TestOperatorSignInExpires(t *testing.T) {
	s := newSite(t, entra())
	a := s.beginAsOperator("")
	s.clock.advance(10 * time.Minute)
	got := s.attempt(a.ID)
	if got.State != signin.AttemptFailed || got.Error == nil || got.Error.Code != "expired" {
		t.Errorf("attempt: got %+v, want it failed because it expired", got)
	}
}

func TestOperatorPasteFinishesSignIn(t *testing.T) {
	s := newSite(t, oauth.Config{RedirectURI: oauth.DesktopRedirect})
	ctx := context.Background()
	a, err := s.pages.Begin(ctx, "default", "", "")
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	b.open(a.URL)
	address := s.response(b)
	for _, wrong := range []string{
		"", "x", "https://evil.example/?" + strings.SplitN(address, "?", 2)[1],
		oauth.DesktopRedirect + "?code=x&state=y", oauth.DesktopRedirect + "?error=access_denied",
	} {
		if _, err := s.pages.Paste(ctx, "default", a.ID, wrong); err == nil || !strings.HasPrefix(err.Error(), "account default: ") {
			t.Errorf("pasting %q: got %v, want an error of account default", wrong, err)
		}
	}
	got, err := s.pages.Paste(ctx, "default", a.ID, address)
	if err != nil || got.State != signin.AttemptDone {
		t.Errorf("pasting: got %+v, %v", got, err)
	}
	// As when the browser brought the response here while the user was copying it.
	if got, err := s.pages.Paste(ctx, "default", a.ID, address); err != nil || got.State != signin.AttemptDone {
		t.Errorf("pasting again: got %+v, %v, want the same result", got, err)
	}
	other, err := s.pages.Begin(ctx, "default", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.pages.Paste(ctx, "default", other.ID, address); err == nil || !strings.HasPrefix(err.Error(), "account default: ") {
		t.Errorf("pasting into another sign-in: got %v, want an error of account default", err)
	}
	if _, err := s.pages.Paste(ctx, "default", "nobody", address); !errors.Is(err, signin.ErrNoAttempt) {
		t.Errorf("pasting for no attempt: got %v, want %v", err, signin.ErrNoAttempt)
	}
}

// TestOperatorSignInBelongsToItsAccount: an id opens nothing under another
// account's name.
func TestOperatorSignInBelongsToItsAccount(t *testing.T) {
	other := oauth.Config{Name: "other", RedirectURI: oauth.DesktopRedirect}
	s := newSite(t, oauth.Config{RedirectURI: oauth.DesktopRedirect}, other)
	a := s.beginAsOperator("")
	b := newBrowser(t)
	b.open(a.URL)
	address := s.response(b)
	for _, account := range []string{"other", "nobody", ""} {
		if got, ok := s.pages.Attempt(account, a.ID); ok {
			t.Errorf("asked of %q: got %+v, want none", account, got)
		}
		if got, err := s.pages.Paste(t.Context(), account, a.ID, address); !errors.Is(err, signin.ErrNoAttempt) {
			t.Errorf("pasted to %q: got %+v, %v; want %v", account, got, err, signin.ErrNoAttempt)
		}
	}
	if got := s.attempt(a.ID); got.State != signin.AttemptPending {
		t.Errorf("attempt: got %+v, want it pending", got)
	}
}

// TestOperatorPasteOfOtherUserFails: a terminal shows no page that could ask.
func TestOperatorPasteOfOtherUserFails(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "ada@example.com")
	a := s.beginAsOperator("")
	b.open(a.URL)
	f := b.forms()[0]
	f.values.Set("decision", "accept")
	f.values.Set("user", "eve@example.com")
	res := b.send(http.MethodPost, f.action, f.values, b.at)
	res.Body.Close()
	got, err := s.pages.Paste(t.Context(), "default", a.ID, res.Header.Get("Location"))
	if err != nil || got.State != signin.AttemptFailed || got.Error.Code != "other_user" {
		t.Errorf("pasting: got %+v, %v; want it failed by other_user", got, err)
	}
	s.wantUser("default", "ada@example.com")
}

func TestOperatorPasteOfErrorPageFails(t *testing.T) {
	s := newSite(t, oauth.Config{RedirectURI: oauth.DesktopRedirect})
	first, second := s.beginAsOperator(""), s.beginAsOperator("")
	got, err := s.pages.Paste(context.Background(), "default", first.ID, oauth.ErrorPage+"?lc=1033#error=invalid_request")
	if err != nil || got.State != signin.AttemptFailed || got.Error.Code != "invalid_request" {
		t.Errorf("pasting: got %+v, %v", got, err)
	}
	if got := s.attempt(second.ID); got.State != signin.AttemptPending {
		t.Errorf("the other attempt: got %+v, want it pending", got)
	}
}

// TestOtherClientCannotEndOperatorSignIn: the error page names no state, so
// it counts for nobody's sign-in but one's own.
func TestOtherClientCannotEndOperatorSignIn(t *testing.T) {
	s := newSite(t, oauth.Config{RedirectURI: oauth.DesktopRedirect})
	a := s.beginAsOperator("")
	b := newBrowser(t)
	b.open(s.url("/"))
	paste(b, "default", oauth.ErrorPage+"#error=access_denied")
	b.sees("Sign-in failed")
	if got := s.attempt(a.ID); got.State != signin.AttemptPending {
		t.Errorf("attempt: got %+v, want it pending", got)
	}
}

func TestOperatorDeviceSignInSucceeds(t *testing.T) {
	s := newSite(t, entra())
	a := s.beginAsOperator(oauth.FlowDevice)
	if a.UserCode == "" || a.VerificationURI != s.provider.URL+"/devicelogin" || a.URL != "" {
		t.Fatalf("attempt: got %+v", a)
	}
	s.enter(a.UserCode, "accept", "ada@example.com")
	s.nextPoll()
	s.await("default", tokens.Ready)

	// Nobody could be asked, so another user is an error.
	a = s.beginAsOperator(oauth.FlowDevice)
	s.enter(a.UserCode, "accept", "eve@example.com")
	s.nextPoll()
	s.eventually("the provider's response", func() bool { return s.attempt(a.ID).State != signin.AttemptPending })
	got := s.attempt(a.ID)
	if got.State != signin.AttemptFailed || got.Error.Code != "other_user" || !strings.Contains(got.Error.Hint, "Sign out first") {
		t.Errorf("attempt: got %+v, error %+v", got, got.Error)
	}
	s.wantUser("default", "ada@example.com")
}

func TestImpossibleSignInIsRefused(t *testing.T) {
	s := newSite(t, oauth.Config{}, oauth.Config{Name: "app", Provider: oauth.Entra, Flow: oauth.FlowClientCredentials, Tenant: "contoso.example"})
	for _, tc := range []struct {
		account string
		flow    oauth.Flow
		says    string
	}{
		{"nobody", "", "no account"},
		{"app", "", "no user signs in"},
		{"default", "token", "cannot sign in that way"},
		{"default", "", "redirect_uri"}, // no site has a base URL yet
	} {
		_, err := s.pages.Begin(context.Background(), tc.account, tc.flow, "")
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s, %q: got %v, want %s", tc.account, tc.flow, err, tc.says)
		}
	}
}

// TestPublicAttemptHasNoSecret: what the operator gets as JSON has the members
// that the admin API documents, and no code, verifier or device code.
func TestPublicAttemptHasNoSecret(t *testing.T) {
	s := newSite(t, entra())
	for flow, want := range map[oauth.Flow][]string{
		oauth.FlowCode:   {"id", "url", "expires_at", "state"},
		oauth.FlowDevice: {"id", "user_code", "verification_uri", "expires_at", "state"},
	} {
		b, err := json.Marshal(s.beginAsOperator(flow))
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Errorf("%s: got %s, want only %v", flow, b, want)
		}
		for _, name := range want {
			if got[name] == nil {
				t.Errorf("%s: got %s, want %s in it", flow, b, name)
			}
		}
	}
}

// TestHasStateOnlyForPendingSignIn: the guard may ask about any request, as often as it likes.
func TestHasStateOnlyForPendingSignIn(t *testing.T) {
	s := newSite(t, oauth.Config{}, oauth.Config{Name: "other"})
	b := newBrowser(t)
	s.begin(b, "default")
	state := b.at.Query().Get("state")
	form := url.Values{"state": {state}, "code": {"x"}}.Encode()
	for _, tc := range []struct {
		name         string
		method, path string
		body         string
		want         bool
	}{
		{"query", "GET", "/auth/default/callback?state=" + state, "", true},
		{"form", "POST", "/auth/default/callback", form, true},
		{"another account", "GET", "/auth/other/callback?state=" + state, "", false},
		{"another path", "GET", "/auth/default/signin?state=" + state, "", false},
		{"another method", "PUT", "/auth/default/callback?state=" + state, "", false},
		{"unknown", "GET", "/auth/default/callback?state=x", "", false},
		{"none", "GET", "/auth/default/callback", "", false},
		{"query of a form", "POST", "/auth/default/callback?state=" + state, "code=x", false},
		{"too large", "POST", "/auth/default/callback", form + "&x=" + strings.Repeat("x", 65<<10), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req, err := http.NewRequest(tc.method, "http://localhost"+tc.path, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if tc.method == http.MethodPost {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			for range 2 {
				if got := s.pages.HasState(req); got != tc.want {
					t.Errorf("got %t, want %t", got, tc.want)
				}
			}
			var rest bytes.Buffer
			if _, err := rest.ReadFrom(req.Body); err != nil || rest.String() != tc.body {
				t.Errorf("body afterwards: got %d bytes, %v; want all %d", rest.Len(), err, len(tc.body))
			}
		})
	}
	b.open(s.response(b))
	s.wantState("default", tokens.Ready)
}
