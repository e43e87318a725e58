// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// entra is a configuration whose provider says who signed in.
func entra(mode ...string) tokens.Config {
	return tokens.Config{
		Provider:     tokens.Entra,
		Scopes:       []string{"https://onenote.com/Notes.ReadWrite", "offline_access", "openid", "profile"},
		ResponseMode: strings.Join(mode, ""),
	}
}

// TestSignIn drives each flow that ends in the browser, for each provider,
// from the button to the status page.
func TestSignIn(t *testing.T) {
	for _, tc := range []struct {
		name   string
		config tokens.Config
	}{
		{"microsoft account, code in the query", tokens.Config{}},
		{"microsoft account, token in the fragment", tokens.Config{Flow: tokens.FlowToken}},
		{"azure ad, code in the query", tokens.Config{Provider: tokens.AzureAD}},
		{"azure ad, code by form_post", tokens.Config{Provider: tokens.AzureAD, ResponseMode: "form_post"}},
		{"azure ad, token in the fragment", tokens.Config{Provider: tokens.AzureAD, Flow: tokens.FlowToken}},
		{"entra, code in the query", entra()},
		{"entra, code in the fragment", entra("fragment")},
		{"entra, code by form_post", entra("form_post")},
		{"entra, token by form_post", tokens.Config{Provider: tokens.Entra, Flow: tokens.FlowToken, ResponseMode: "form_post"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, tc.config)
			s.wantState("default", tokens.SignedOut)
			b := newBrowser(t)
			s.begin(b, "default")
			s.wantState("default", tokens.SigningIn)
			b.decide("accept", "ada@example.com")
			if got, want := b.at.String(), s.url("/"); got != want {
				t.Fatalf("after the sign-in: got %s, want the status page at %s:\n%s", got, want, b.body)
			}
			b.sees("Ready", "Requests of apps are served.")
			s.wantState("default", tokens.Ready)
			if tc.config.Provider != "" && tc.config.Flow == "" {
				b.sees("Signed in as ada@example.com")
			}
			wantNoCookies(t, s, b)
		})
	}
}

// wantNoCookies fails if a browser still has a cookie of a finished sign-in.
func wantNoCookies(t *testing.T, s *site, b *browser) {
	t.Helper()
	b.open(s.url("/auth/default/signin"))
	if cookies := b.jar.Cookies(b.at); len(cookies) != 0 {
		t.Errorf("cookies after the sign-in: got %v, want none", cookies)
	}
}

// TestSignInWithoutScript: where script does not run there is a button to
// press instead.
func TestSignInWithoutScript(t *testing.T) {
	s := newSite(t, entra("form_post"))
	b := newBrowser(t)
	b.strict = true
	s.begin(b, "default")
	b.decide("accept", "")
	b.submit(b.forms()[0], nil) // the provider's page that posts the answer
	b.press("/auth/default/callback", nil)
	s.wantState("default", tokens.Ready)
}

func TestFragmentWithoutScriptSaysToPaste(t *testing.T) {
	s := newSite(t, tokens.Config{Flow: tokens.FlowToken})
	b := newBrowser(t)
	b.strict = true
	s.begin(b, "default")
	b.decide("accept", "")
	if !strings.Contains(b.body, "Copy the whole address and paste it") {
		t.Errorf("page without script: got %s", b.body)
	}
	address := b.at.String()
	b.open(s.url("/auth/default/signin"))
	b.press("/auth/default/paste", map[string][]string{"address": {address}})
	s.wantState("default", tokens.Ready)
}

func TestDenied(t *testing.T) {
	for _, mode := range []string{"query", "fragment", "form_post"} {
		t.Run(mode, func(t *testing.T) {
			s := newSite(t, entra(mode))
			b := newBrowser(t)
			s.begin(b, "default")
			b.decide("deny", "")
			b.sees("Sign-in failed", "access_denied", "refused or cancelled")
			if strings.Contains(b.at.String(), "state") || strings.Contains(b.at.String(), "error") {
				t.Errorf("address: got %s, want a clean one", b.at)
			}
			s.wantState("default", tokens.SignedOut)

			b.press("/auth/default/signin", nil)
			b.decide("accept", "")
			s.wantState("default", tokens.Ready)
		})
	}
}

func TestDeniedKeepsTheUserWhoIsSignedIn(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "ada@example.com")
	s.begin(b, "default")
	b.decide("deny", "")
	b.sees("Sign-in failed", "signed in as ada@example.com")
	s.wantState("default", tokens.Ready)
	s.wantUser("default", "ada@example.com")
}

func TestFailedExchangeEndsOnAPage(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	s.begin(b, "default")
	s.control("/_emulator/faults", `{"path":"*/token","times":1,"status":401,
		"headers":{"Content-Type":"application/json"},
		"body":"{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret provided for ada@example.com.\",\"error_codes\":[7000215]}"}`)
	b.decide("accept", "")
	b.sees("Sign-in failed", "AADSTS7000215")
	if strings.Contains(b.body, "ada@example.com") {
		t.Errorf("the provider's prose is on the page: %s", b.body)
	}
	if b.status != http.StatusOK {
		t.Errorf("status: got %d, want 200", b.status)
	}
	s.wantState("default", tokens.SignedOut)
}

func TestReloadDuringSignIn(t *testing.T) {
	s := newSite(t, tokens.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	s.load(tokens.Config{})
	b.decide("accept", "")
	s.wantState("default", tokens.Ready)
}

func TestReloadThatChangesTheClientDuringSignIn(t *testing.T) {
	s := newSite(t, tokens.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	s.load(tokens.Config{ClientID: "another-app"})
	b.decide("accept", "")
	b.sees("Configuration changed")
	if b.status != http.StatusBadRequest {
		t.Errorf("status: got %d, want 400", b.status)
	}
	s.wantState("default", tokens.SignedOut)
	if n := s.providerRequests("/oauth20_token.srf"); n != 0 {
		t.Errorf("token requests: got %d, want none", n)
	}
}
