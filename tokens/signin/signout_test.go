// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func TestSignOutDeletesTokensAndLeadsToProvider(t *testing.T) {
	for _, tc := range []struct {
		name   string
		config oauth.Config
		logout string // the address that the browser is sent to
	}{
		{"microsoft account", oauth.Config{}, "/oauth20_logout.srf?client_id=app-default&redirect_uri="},
		{"azure ad", oauth.Config{Provider: oauth.AzureAD}, "/common/oauth2/logout?post_logout_redirect_uri="},
		{"entra", entra(), "/common/oauth2/v2.0/logout?post_logout_redirect_uri="},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, tc.config)
			b := newBrowser(t)
			s.begin(b, "default")
			b.decide("accept", "")
			u, _ := url.Parse(s.url("/auth/default/signout"))
			res := b.send(http.MethodPost, u, nil, b.at)
			res.Body.Close()
			want := s.provider.URL + tc.logout + url.QueryEscape(s.url("/auth/default/callback"))
			if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != want {
				t.Errorf("sign-out: got %s to %s, want 303 to %s", res.Status, got, want)
			}
			b.open(want)
			if got, want := b.at.String(), s.url("/auth/default/callback"); got != want {
				t.Errorf("after the sign-out: got %s, want %s", got, want)
			}
			b.sees("Signed out", "are deleted")
			s.wantState("default", tokens.SignedOut)
			for key, value := range s.storage.values {
				if bytes.Contains(value, []byte("sealed")) {
					t.Errorf("the storage still has %s, want nothing that is sealed", key)
				}
			}
		})
	}
}

func TestSignOutWithoutProviderPageEndsHere(t *testing.T) {
	s := newSite(t, oauth.Config{})
	c := oauth.Config{
		Provider: oauth.Custom, AuthorizeURL: s.provider.URL + "/oauth20_authorize.srf", TokenURL: s.provider.URL + "/oauth20_token.srf",
		Scopes: []string{"office.onenote", "wl.offline_access"},
	}
	s.load(c)
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "")
	s.wantState("default", tokens.Ready)
	b.press("/auth/default/signout", nil)
	b.sees("Signed out")
	s.wantState("default", tokens.SignedOut)
}

// TestSignOutEndsPendingSignIns: a sign-in that was begun, or that waits for a
// decision, does not bring the user back.
func TestSignOutEndsPendingSignIns(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "ada@example.com")
	s.begin(b, "default")
	b.decide("accept", "eve@example.com")
	decision := b.at.String()
	s.begin(b, "default")
	pending := s.response(b)

	b.open(s.url("/"))
	b.press("/auth/default/signout", nil)
	b.open(pending)
	b.sees("not known here")
	b.open(decision)
	b.sees("not known here")
	s.wantState("default", tokens.SignedOut)
}

func TestFailedSignOutIsExplained(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "")
	s.storage.fail(true)
	b.press("/auth/default/signout", nil)
	b.sees("Not signed out", "could not be deleted")
	if b.status != http.StatusServiceUnavailable {
		t.Errorf("status: got %d, want 503", b.status)
	}
	s.wantState("default", tokens.Ready)
	s.storage.fail(false)
	b.open(s.url("/"))
	b.press("/auth/default/signout", nil)
	s.wantState("default", tokens.SignedOut)
}

// TestCallbackWithoutParametersIsSignedOut: the page never says that tokens are gone which
// are not.
func TestCallbackWithoutParametersIsSignedOut(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	b.open(s.url("/auth/default/callback"))
	b.sees("Signed out", "are deleted")
	s.begin(b, "default")
	b.decide("accept", "")
	b.open(s.url("/auth/default/callback?lc=1033"))
	b.sees("Nothing to finish", "as it was: Ready")
	if strings.Contains(b.body, "are deleted") {
		t.Errorf("page: got %s", b.body)
	}
}

func TestSignOutReturnsToRedirectURIOfSignIn(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "")
	s.wantState("default", tokens.Ready)
	// From here on the site has another name, which the registration need not
	// list for those who signed in before.
	s.pages.PublicURL, _ = url.Parse("https://notes.example/one")
	s.access.Base = s.pages.PublicURL
	b.open(s.url("/"))
	if got := b.header.Get("Content-Security-Policy"); !strings.Contains(got, "http://localhost:"+s.port()) {
		t.Errorf("the page's policy keeps the browser from returning: %s", got)
	}
	u, _ := url.Parse(s.url("/auth/default/signout"))
	res := b.send(http.MethodPost, u, nil, b.at)
	res.Body.Close()
	want := s.provider.URL + "/oauth20_logout.srf?client_id=app-default&redirect_uri=" + url.QueryEscape(s.url("/auth/default/callback"))
	if got := res.Header.Get("Location"); got != want {
		t.Errorf("sign-out: got %s, want %s", got, want)
	}
}
