// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/chromium"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// What the pages of the site and of the provider are used by.
const (
	signinButton = "form[action$='/signin']:not(:has(input)) button"
	acceptButton = "button[name=decision][value=accept]"
	denyButton   = "button[name=decision][value=deny]"
	onStatusPage = "location.pathname === '/' && document.querySelector('.state') !== null"
)

// browsed is a configuration whose account is to sign in with a browser.
func (s *caddyServer) browsed(m *microsoft, account ...string) string {
	options := append([]string{"client_id test", "authority " + m.url}, account...)
	return s.config(strings.Join(options, "\n"), "onenote "+m.url)
}

// status returns what /auth/status tells of the only account.
func (s *caddyServer) status() tokens.Status {
	s.t.Helper()
	var answer struct{ Accounts []tokens.Status }
	res := s.get("/auth/status")
	if err := json.Unmarshal([]byte(res.body), &answer); err != nil || len(answer.Accounts) != 1 {
		s.t.Fatalf("/auth/status: got %s, %v", res.body, err)
	}
	return answer.Accounts[0]
}

// wantState fails the test unless the account is in that state, and requests
// get what then is due to them.
func (s *caddyServer) wantState(t *testing.T, want tokens.State) {
	t.Helper()
	if got := s.status().State; got != want {
		t.Errorf("state: got %s, want %s", got, want)
	}
	if want.Usable() {
		s.get(notebooks).want(t, 200, "")
		return
	}
	s.get(notebooks).want(t, 401, "signin_required")
}

// wantUser fails the test unless that user is signed in.
func (s *caddyServer) wantUser(t *testing.T, want string) {
	t.Helper()
	got := "nobody"
	if user := s.status().User; user != nil {
		got = *user
	}
	if got != want {
		t.Errorf("signed in: got %s, want %s", got, want)
	}
}

// consent gives consent at the provider, as somebody.
func consent(tab *chromium.Tab, user string) {
	tab.Fill("input[name=user]", user)
	tab.Follow(acceptButton)
}

// wantQuiet fails the test if the console of the tab holds anything but that
// the emulator has no icon.
func wantQuiet(t *testing.T, tab *chromium.Tab) {
	t.Helper()
	for _, c := range tab.Complaints() {
		if !strings.HasPrefix(c.URL, "http://127.0.0.1:") || !strings.HasSuffix(c.URL, "/favicon.ico") {
			t.Errorf("console: %s (%s)", c.Text, c.URL)
		}
	}
}

func TestABrowserSignsIn(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	s.mustLoad(s.browsed(m))
	for _, host := range []string{"localhost", "127.0.0.1"} {
		t.Run(host, func(t *testing.T) {
			s.get(notebooks).want(t, 401, "signin_required")
			tab := b.Stranger(t)
			tab.Open("http://" + host + ":" + s.port() + "/")
			tab.Follow(signinButton)
			consent(tab, "someone@outlook.com")
			tab.Until(onStatusPage)
			if got := tab.Text(".state"); !strings.Contains(got, "Ready") {
				t.Errorf("after: got %q, want Ready", got)
			}
			if got, want := tab.Address().String(), s.url+"/"; got != want {
				t.Errorf("the browser is at %s, want %s", got, want)
			}
			wantQuiet(t, tab)
			s.wantState(t, tokens.Ready)
			tab.Follow("form[action$='/signout'] button")
		})
	}
}
