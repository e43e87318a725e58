// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// An app that waits is where a sign-in leads, whichever way it goes.
func TestSignInLeadsBackToTheAppThatWaits(t *testing.T) {
	for name, tc := range map[string]struct {
		config oauth.Config
		finish func(s *site, b *browser)
	}{
		"in the browser": {oauth.Config{}, func(s *site, b *browser) {
			b.press("/auth/default/signin", nil)
			b.decide("accept", "ada@example.com")
		}},
		"by pasting": {oauth.Config{RedirectURI: oauth.DesktopRedirect}, func(s *site, b *browser) {
			page, tab := *b, newBrowser(b.t)
			tab.jar = b.jar
			tab.open(b.at.String())
			tab.press("/auth/default/signin", nil)
			tab.decide("accept", "")
			*b = page
			paste(b, "default", tab.at.String())
		}},
		"with a code": {deviceConfig(oauth.Entra), func(s *site, b *browser) {
			b.press("/auth/default/signin", nil)
			page := b.at.String()
			s.enter(userCode(b), "accept", "ada@example.com")
			s.nextPoll()
			s.eventually("the page leads on", func() bool {
				b.open(page)
				return b.at.String() != page
			})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, tc.config)
			s.pages.Resume = resumeOf("waits")
			b := newBrowser(t)
			b.open(s.url("/auth/default/signin?app=waits"))
			tc.finish(s, b)
			if got, want := b.at.String(), s.url("/oauth20_authorize.srf?x=1"); got != want {
				t.Errorf("after the sign-in: got %s, want %s:\n%s", got, want, b.body)
			}
			s.wantState("default", tokens.Ready)
		})
	}
}

func resumeOf(known string) func(string) (string, string) {
	return func(id string) (address, source string) {
		if id != known {
			return "", ""
		}
		return "oauth20_authorize.srf?x=1", "http://localhost:3000"
	}
}

// Whatever else is in the address leads nowhere.
func TestUnknownAppIsIgnored(t *testing.T) {
	s := newSite(t, oauth.Config{})
	s.pages.Resume = resumeOf("waits")
	for _, id := range []string{"", "other", "https://evil.example", "//evil.example"} {
		b := newBrowser(t)
		b.open(s.url("/auth/default/signin?app=" + id))
		b.press("/auth/default/signin", nil)
		b.decide("accept", "ada@example.com")
		if got, want := b.at.String(), s.url("/"); got != want {
			t.Errorf("%q: got %s, want %s", id, got, want)
		}
	}
}

// The window that an app has opened is not cut off from it, and its form may lead to the
// app at once. All other pages are.
func TestPageForAnAppAllowsWhatTheAppNeeds(t *testing.T) {
	s := newSite(t, oauth.Config{})
	s.pages.Resume = resumeOf("waits")
	for path, app := range map[string]bool{"/auth/default/signin?app=waits": true, "/auth/default/signin?app=other": false, "/auth/default/signin": false} {
		res, err := http.Get(s.other(path + "&moved=1"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		_, cut := res.Header["Cross-Origin-Opener-Policy"]
		allowed := strings.Contains(res.Header.Get("Content-Security-Policy"), "http://localhost:3000")
		if cut == app || allowed != app {
			t.Errorf("%s: got cut off %t, allowed %t, want %t and %t", path, cut, allowed, !app, app)
		}
	}
}
