// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/oidcprovider"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// TestSignInAtIndependentProviderSucceeds signs in on the pages at an authorization server that
// knows nothing of this project.
func TestSignInAtIndependentProviderSucceeds(t *testing.T) {
	issuer := oidcprovider.Start(t, "../../internal/oidcprovider")
	config := oauth.Config{
		Provider: oauth.Custom, ClientID: "app",
		AuthorizeURL: issuer + "/auth", TokenURL: issuer + "/token", DeviceURL: issuer + "/device/auth",
		Scopes:          []string{"openid", "offline_access"},
		AuthorizeParams: []oauth.Param{{Name: "prompt", Value: "consent"}},
		ExpectedUser:    "ALICE@example.com",
	}
	s := newSite(t)
	s.clock.advance(time.Since(s.clock.Now())) // the provider's clock cannot be moved
	s.load(config)

	b := newBrowser(t)
	b.open(s.url("/"))
	b.press("/auth/default/signin", nil)
	s.pressThrough(b, "mallory")
	b.sees("Sign-in failed", "unexpected_user")
	s.wantState("default", tokens.SignedOut)

	b = newBrowser(t)
	b.open(s.url("/"))
	b.press("/auth/default/signin", nil)
	s.pressThrough(b, "alice")
	b.sees("Ready", "Signed in as alice@example.com")

	b = newBrowser(t)
	b.open(s.url("/auth/default/signin"))
	b.press("/auth/default/signin", nil)
	b.open(issuerLink(t, b, "abort"))
	b.sees("Sign-in failed", "access_denied")
	s.wantState("default", tokens.Ready)
}

// pressThrough presses the button of every page of the provider.
func (s *site) pressThrough(b *browser, login string) {
	s.t.Helper()
	for range 10 {
		if b.at.Port() == s.port() {
			return
		}
		f := b.forms()[0]
		fill := url.Values{}
		for name, value := range map[string]string{"login": login, "password": "any"} {
			if f.values.Has(name) {
				fill.Set(name, value)
			}
		}
		b.submit(f, fill)
	}
	s.t.Fatalf("the sign-in goes on and on, at %s", b.at)
}

// issuerLink is where the link with that word on the page leads.
func issuerLink(t *testing.T, b *browser, word string) string {
	t.Helper()
	u, err := b.at.Parse(b.at.Path + "/" + word)
	if err != nil {
		t.Fatal(err)
	}
	return u.String()
}
