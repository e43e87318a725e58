// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
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

// eventually asks until the answer is yes. What it waits for is on its way
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

func deviceConfig(p tokens.Provider) tokens.Config {
	c := tokens.Config{Provider: p, Flow: tokens.FlowDevice}
	if p == tokens.Entra {
		c.Scopes = entra().Scopes
	}
	return c
}

func TestDeviceSignIn(t *testing.T) {
	for _, p := range []tokens.Provider{tokens.MicrosoftAccount, tokens.AzureAD, tokens.Entra} {
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

func TestDeviceSignInDeclined(t *testing.T) {
	s := newSite(t, deviceConfig(tokens.Entra))
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

func TestDeviceCodeRunsOut(t *testing.T) {
	s := newSite(t, deviceConfig(tokens.Entra))
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

// TestDeviceSignInSurvivesAReload: the next configuration goes on asking, once
// somebody looks at the page.
func TestDeviceSignInSurvivesAReload(t *testing.T) {
	s := newSite(t, deviceConfig(tokens.Entra))
	b := newBrowser(t)
	b.open(s.url("/"))
	b.press("/auth/default/signin", nil)
	page, code := b.at.String(), userCode(b)
	s.load(deviceConfig(tokens.Entra))
	s.enter(code, "accept", "")
	b.open(page)
	b.sees(code)
	s.nextPoll()
	s.await("default", tokens.Ready)
}

// TestDeviceCodeCannotBeHad: the provider is away, or refuses.
func TestDeviceCodeCannotBeHad(t *testing.T) {
	for _, tc := range []struct {
		name, fault string
		status      int
		says        string
	}{
		{"away", `{"path":"*/devicecode","status":503,"body":"busy"}`, http.StatusServiceUnavailable, "Sign-in failed"},
		{"refused", `{"path":"*/devicecode","status":400,"body":"{\"error\":\"unauthorized_client\",\"error_codes\":[700016]}"}`, http.StatusInternalServerError, "AADSTS700016"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, deviceConfig(tokens.Entra))
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

func TestDeviceSignInByAnotherUser(t *testing.T) {
	s := newSite(t, deviceConfig(tokens.Entra))
	b := newBrowser(t)
	for _, user := range []string{"ada@example.com", "eve@example.com"} {
		b.open(s.url("/"))
		b.press("/auth/default/signin", nil)
		s.enter(userCode(b), "accept", user)
		s.nextPoll()
		page := b.at.String()
		s.eventually("the provider's answer", func() bool {
			b.open(page)
			return userCode(b) == ""
		})
	}
	b.sees("Replace the user", "eve@example.com")
	s.wantUser("default", "ada@example.com")
	b.submit(b.forms()[0], nil)
	s.wantUser("default", "eve@example.com")
}

// TestDeviceCodeBesideTheCodeFlow: a browser that is blocked by a policy, or
// a machine without one, has another way.
func TestDeviceCodeBesideTheCodeFlow(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	b.open(s.url("/"))
	b.press("/auth/default/signin", nil, "flow")
	s.enter(userCode(b), "accept", "")
	s.nextPoll()
	s.await("default", tokens.Ready)
}

func TestOnlyOneAsksForADeviceCode(t *testing.T) {
	s := newSite(t, deviceConfig(tokens.Entra))
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
