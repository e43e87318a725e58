// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

const tenant = "5e1c7cf0-0000-4000-8000-000000000000"

// TestAdminConsentIsSaidToBeThat: it comes to the redirect URI without a code, with a
// state that is not ours or none.
func TestAdminConsentIsSaidToBeThat(t *testing.T) {
	for _, query := range []string{
		"admin_consent=True&tenant=" + tenant,
		"admin_consent=True&tenant=" + tenant + "&state=12345",
		"admin_consent=true&tenant=" + tenant + "&scope=https%3A%2F%2Fonenote.com%2FNotes.ReadWrite",
	} {
		for _, signedIn := range []bool{false, true} {
			s := newSite(t, entra())
			b := newBrowser(t)
			if signedIn {
				s.begin(b, "default")
				b.decide("accept", "ada@example.com")
			}
			before := s.status("default").State
			b.open(s.url("/auth/default/callback?" + query))
			if b.status != http.StatusOK {
				t.Errorf("%s: got %d, want 200", query, b.status)
			}
			b.sees("Permissions granted", "administrator has granted", "Nobody was signed in or out")
			if strings.Contains(b.body, "Signed out") || strings.Contains(b.body, "deleted") {
				t.Errorf("%s: got %s, want nothing about a sign-out", query, b.body)
			}
			if signedIn {
				b.sees("signed in as ada@example.com")
			}
			s.wantState("default", before)
		}
	}
}

// TestAdminConsentEndsNoSignIn, whatever state comes with it.
func TestAdminConsentEndsNoSignIn(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	s.begin(b, "default")
	address := s.response(b)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"admin_consent=True&state=" + u.Query().Get("state"),
		"admin_consent=True&error=access_denied&state=" + u.Query().Get("state"),
		"error=permission_denied&state=other",
	} {
		b.open(s.url("/auth/default/callback?" + query))
		b.sees("Nobody was signed in or out")
		s.wantState("default", tokens.SigningIn)
	}
	b.open(address)
	s.wantState("default", tokens.Ready)
}

func TestCancelledAdminConsentIsExplained(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	for _, query := range []string{
		"error=permission_denied&error_description=The+admin+canceled+the+request",
		"error=permission_denied&error_description=The+admin+canceled+the+request&state=12345",
		"error=permission_denied&error_description=The+admin+canceled+the+request&admin_consent=True&tenant=" + tenant,
	} {
		b.open(s.url("/auth/default/callback?" + query))
		b.sees("Permissions not granted", "the administrator cancelled the request", "Ask the administrator", "Nobody was signed in or out")
	}
}

// TestSignInWithAdminConsentSucceeds: the prompt admin_consent of v1 returns a code as
// well.
func TestSignInWithAdminConsentSucceeds(t *testing.T) {
	s := newSite(t, oauth.Config{Provider: oauth.AzureAD})
	b := newBrowser(t)
	s.begin(b, "default")
	b.open(s.response(b) + "&admin_consent=True")
	s.wantState("default", tokens.Ready)
}

// TestBareCallbackSaysWhatIsKnown: anybody can open it, and a provider's sign-out
// comes back to it.
func TestBareCallbackSaysWhatIsKnown(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	b.open(s.url("/auth/default/callback"))
	b.sees("Signed out", "Nobody is signed in here")

	s.begin(b, "default")
	b.open(s.url("/auth/default/callback"))
	b.sees("Nothing to finish", "Signing in")

	s.begin(b, "default")
	b.decide("accept", "ada@example.com")
	b.open(s.url("/auth/default/callback"))
	b.sees("Nothing to finish", "as it was: Ready, signed in as ada@example.com")
	for _, not := range []string{"Signed out", "deleted", "ended its session"} {
		if strings.Contains(b.body, not) {
			t.Errorf("page: got %s, want nothing of %q", b.body, not)
		}
	}
	s.wantState("default", tokens.Ready)
}
