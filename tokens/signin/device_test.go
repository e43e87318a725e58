// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// userCode returns the code on the page.
func userCode(b *browser) string { return strings.TrimSpace(b.text("output")) }

// enter types a code at the provider.
func (s *site) enter(code, decision, user string) {
	s.t.Helper()
	b := newBrowser(s.t)
	b.open(s.provider.URL + "/devicelogin")
	b.submit(b.forms()[0], url.Values{"user_code": {code}, "decision": {decision}, "user": {user}})
	if b.status != http.StatusOK {
		s.t.Fatalf("code %s: got %d: %s", code, b.status, b.body)
	}
}

// nextPoll lets the provider be asked once more.
func (s *site) nextPoll() {
	s.t.Helper()
	s.clock.awaitTimer()
	s.clock.advance(5 * time.Second)
}

// eventually repeats the condition until it is true. What it waits for is on its way
// over loopback; each question costs a request, so that it need not sleep.
func (s *site) eventually(what string, ask func() bool) {
	s.t.Helper()
	b := newBrowser(s.t)
	for range 10_000 {
		if ask() {
			return
		}
		b.open(s.url("/auth/status"))
	}
	s.t.Fatalf("never: %s", what)
}

// await returns when the account is in that state.
func (s *site) await(name string, want tokens.State) {
	s.t.Helper()
	s.eventually("state "+string(want), func() bool { return s.status(name).State == want })
}

func deviceConfig(p oauth.Provider) oauth.Config {
	c := oauth.Config{Provider: p, Flow: oauth.FlowDevice}
	if p == oauth.Entra {
		c.Scopes = entra().Scopes
	}
	return c
}

func TestDeviceSignInSucceeds(t *testing.T) {
	for _, p := range []oauth.Provider{oauth.MicrosoftAccount, oauth.AzureAD, oauth.Entra} {
		t.Run(string(p), func(t *testing.T) {
			s := newSite(t, deviceConfig(p))
			b := newBrowser(t)
			b.open(s.url("/"))
			b.press("/auth/default/signin", nil)
			b.sees("type this code", "Waiting for the sign-in")
			if !strings.Contains(b.body, `http-equiv="refresh"`) {
				t.Error("the page with the code does not refresh itself")
			}
			page := b.at.String()
			code := userCode(b)
			s.wantState("default", tokens.SigningIn)
			s.nextPoll()
			s.clock.awaitTimer()
			b.open(page)
			b.sees(code)

			s.enter(code, "accept", "ada@example.com")
			s.nextPoll()
			s.eventually("the page leads home", func() bool {
				b.open(page)
				return b.at.String() == s.url("/")
			})
			s.wantState("default", tokens.Ready)
		})
	}
}

func TestDeclinedDeviceSignInFails(t *testing.T) {
	s := newSite(t, deviceConfig(oauth.Entra))
	b := newBrowser(t)
	b.open(s.url("/"))
	b.press("/auth/default/signin", nil)
	page := b.at.String()
	s.enter(userCode(b), "deny", "")
	s.nextPoll()
	s.eventually("the page says so", func() bool {
		b.open(page)
		return userCode(b) == ""
	})
	b.sees("Sign-in failed", "declined")
	s.wantState("default", tokens.SignedOut)
}

func TestDeviceSignInFailsWhenCodeExpires(t *testing.T) {
	s := newSite(t, deviceConfig(oauth.Entra))
	b := newBrowser(t)
	b.open(s.url("/"))
	b.press("/auth/default/signin", nil)
	page := b.at.String()
	s.clock.awaitTimer()
	s.clock.advance(15 * time.Minute)
	s.eventually("the page says so", func() bool {
		b.open(page)
		return userCode(b) == ""
	})
	b.sees("Sign-in failed", "not used in time")
	s.wantState("default", tokens.SignedOut)
}

// TestDeviceSignInContinuesAfterReload: the next configuration goes on asking, once
// somebody looks at the page.
func TestDeviceSignInContinuesAfterReload(t *testing.T) {
	s := newSite(t, deviceConfig(oauth.Entra))
	b := newBrowser(t)
	b.open(s.url("/"))
	b.press("/auth/default/signin", nil)
	page, code := b.at.String(), userCode(b)
	s.load(deviceConfig(oauth.Entra))
	s.enter(code, "accept", "")
	b.open(page)
	b.sees(code)
	s.nextPoll()
	s.await("default", tokens.Ready)
}

// TestFailedDeviceRequestIsShown: the provider is away, or refuses.
func TestFailedDeviceRequestIsShown(t *testing.T) {
	for _, tc := range []struct {
		name, fault string
		status      int
		says        string
	}{
		{"away", `{"path":"*/devicecode","status":503,"body":"busy"}`, http.StatusServiceUnavailable, "Sign-in failed"},
		{"refused", `{"path":"*/devicecode","status":400,"body":"{\"error\":\"unauthorized_client\",\"error_codes\":[700016]}"}`, http.StatusInternalServerError, "AADSTS700016"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, deviceConfig(oauth.Entra))
			s.control("/_emulator/faults", tc.fault)
			b := newBrowser(t)
			b.open(s.url("/"))
			b.press("/auth/default/signin", nil)
			if b.status != tc.status {
				t.Errorf("status: got %d, want %d", b.status, tc.status)
			}
			b.sees(tc.says)
			s.wantState("default", tokens.SignedOut)
		})
	}
}

func TestDeviceSignInByOtherUserNeedsConfirmation(t *testing.T) {
	s := newSite(t, deviceConfig(oauth.Entra))
	b := newBrowser(t)
	for _, user := range []string{"ada@example.com", "eve@example.com"} {
		b.open(s.url("/"))
		b.press("/auth/default/signin", nil)
		s.enter(userCode(b), "accept", user)
		s.nextPoll()
		page := b.at.String()
		s.eventually("the provider's response", func() bool {
			b.open(page)
			return userCode(b) == ""
		})
	}
	b.sees("Replace the user", "eve@example.com")
	s.wantUser("default", "ada@example.com")
	b.submit(b.forms()[0], nil)
	s.wantUser("default", "eve@example.com")
}

// TestDeviceFlowIsOfferedBesideCodeFlow: a browser that is blocked by a policy, or
// a machine without one, has another way.
func TestDeviceFlowIsOfferedBesideCodeFlow(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	b.open(s.url("/"))
	b.press("/auth/default/signin", nil, "flow")
	s.enter(userCode(b), "accept", "")
	s.nextPoll()
	s.await("default", tokens.Ready)
}

func TestOnlyOnePollsForADeviceCode(t *testing.T) {
	s := newSite(t, deviceConfig(oauth.Entra))
	b := newBrowser(t)
	b.open(s.url("/"))
	b.press("/auth/default/signin", nil)
	for range 5 {
		b.open(b.at.String())
	}
	s.nextPoll()
	s.clock.awaitTimer()
	if n := s.providerRequests("/token"); n != 1 {
		t.Errorf("polls: got %d, want 1", n)
	}
	if _, err := s.pages.Begin(context.Background(), "default", "", ""); err != nil {
		t.Error(err)
	}
}

// TestDevicePollCarriesPendingClaims: the API asked for something that only a new
// sign-in can prove.
func TestDevicePollCarriesPendingClaims(t *testing.T) {
	const claims = `{"access_token":{}}`
	polled := make(chan string, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /device", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"device_code":"d","user_code":"ABC","verification_uri":"https://id.example/device","expires_in":900}`)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.PostFormValue("grant_type") == "refresh_token" {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":"interaction_required"}`)
			return
		}
		polled <- r.PostFormValue("claims")
		io.WriteString(w, `{"access_token":"t","expires_in":3600,"refresh_token":"r"}`)
	})
	provider := httptest.NewServer(mux)
	defer provider.Close()
	s := newSite(t, oauth.Config{
		Provider: oauth.Custom, Flow: oauth.FlowDevice, DeviceURL: provider.URL + "/device", TokenURL: provider.URL + "/token",
		RefreshToken: func() (oauth.Secret, error) { return "imported", nil },
	})
	if _, _, err := s.pages.Accounts[0].Refresh(context.Background(), "www.onenote.com", 0, claims); oauth.AsFailure(err) == nil {
		t.Fatalf("got %v, want a failure", err)
	}
	b := newBrowser(t)
	b.open(s.url("/"))
	b.press("/auth/default/signin", nil)
	s.nextPoll()
	if got := <-polled; got != claims {
		t.Errorf("the poll carries claims %q, want %q", got, claims)
	}
	s.await("default", tokens.Ready)
}
