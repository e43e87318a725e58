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

// entra is a configuration whose provider says who signed in.
func entra(mode ...string) oauth.Config {
	return oauth.Config{
		Provider:     oauth.Entra,
		Scopes:       []string{"https://onenote.com/Notes.ReadWrite", "offline_access", "openid", "profile"},
		ResponseMode: strings.Join(mode, ""),
	}
}

// TestSignInSucceeds drives each flow that ends in the browser, for each provider,
// from the button to the status page.
func TestSignInSucceeds(t *testing.T) {
	for _, tc := range []struct {
		name   string
		config oauth.Config
	}{
		{"microsoft account, code in the query", oauth.Config{}},
		{"microsoft account, token in the fragment", oauth.Config{Flow: oauth.FlowToken}},
		{"azure ad, code in the query", oauth.Config{Provider: oauth.AzureAD}},
		{"azure ad, code by form_post", oauth.Config{Provider: oauth.AzureAD, ResponseMode: "form_post"}},
		{"azure ad, token in the fragment", oauth.Config{Provider: oauth.AzureAD, Flow: oauth.FlowToken}},
		{"entra, code in the query", entra()},
		{"entra, code in the fragment", entra("fragment")},
		{"entra, code by form_post", entra("form_post")},
		{"entra, token by form_post", oauth.Config{Provider: oauth.Entra, Flow: oauth.FlowToken, ResponseMode: "form_post"}},
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

// TestSignInSucceedsWithoutScript: where script does not run there is a button to
// press instead.
func TestSignInSucceedsWithoutScript(t *testing.T) {
	s := newSite(t, entra("form_post"))
	b := newBrowser(t)
	b.strict = true
	s.begin(b, "default")
	b.decide("accept", "")
	b.submit(b.forms()[0], nil) // the provider's page that posts the response
	b.press("/auth/default/callback", nil)
	s.wantState("default", tokens.Ready)
}

func TestFragmentWithoutScriptSaysToPaste(t *testing.T) {
	s := newSite(t, oauth.Config{Flow: oauth.FlowToken})
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

func TestDeniedSignInIsExplained(t *testing.T) {
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

func TestDeniedSignInKeepsSignedInUser(t *testing.T) {
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

func TestFailedExchangeIsExplained(t *testing.T) {
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

func TestSignInSurvivesReload(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	s.load(oauth.Config{})
	b.decide("accept", "")
	s.wantState("default", tokens.Ready)
}

func TestSignInFailsWhenReloadChangesClient(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	s.load(oauth.Config{ClientID: "another-app"})
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

// TestTransientFailureOfSignInSaysWhatToDo: nothing tries a sign-in again by itself.
func TestTransientFailureOfSignInSaysWhatToDo(t *testing.T) {
	const again = "Start the sign-in again"
	fault := func(path, status, body string) string {
		return `{"path":"` + path + `","status":` + status + `,"headers":{"Content-Type":"text/html"},"body":"` + body + `"}`
	}
	for name, f := range map[string]string{
		"exchange, 503":  fault("*/token", "503", "busy"),
		"exchange, page": fault("*/token", "200", "<html>Welcome</html>"),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, entra())
			b := newBrowser(t)
			s.begin(b, "default")
			s.control("/_emulator/faults", f)
			b.decide("accept", "")
			b.sees("Sign-in failed", again)
			if strings.Contains(b.body, "by itself") {
				t.Errorf("page: got %s, want no promise that it is tried again", b.body)
			}
		})
	}
	for _, code := range []string{"server_error", "temporarily_unavailable"} {
		t.Run("callback, "+code, func(t *testing.T) {
			s := newSite(t, entra())
			b := newBrowser(t)
			s.begin(b, "default")
			u, err := url.Parse(s.response(b))
			if err != nil {
				t.Fatal(err)
			}
			u.RawQuery = url.Values{"error": {code}, "state": {u.Query().Get("state")}}.Encode()
			b.open(u.String())
			b.sees("Sign-in failed", again, code)
			if strings.Contains(b.body, "by itself") {
				t.Errorf("page: got %s, want no promise that it is tried again", b.body)
			}
		})
	}
	t.Run("device", func(t *testing.T) {
		s := newSite(t, entra())
		s.control("/_emulator/faults", fault("*/devicecode", "503", "busy"))
		b := newBrowser(t)
		b.open(s.url("/auth/default/signin"))
		b.press("/auth/default/signin", nil, "flow")
		b.sees("Sign-in failed", again)
		if b.status != http.StatusServiceUnavailable || strings.Contains(b.body, "by itself") {
			t.Errorf("got %d, %s; want 503 and no promise that it is tried again", b.status, b.body)
		}
	})
}
