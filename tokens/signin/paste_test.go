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

func paste(b *browser, account, address string) {
	b.t.Helper()
	b.press("/auth/"+account+"/paste", url.Values{"address": {address}})
}

// TestPasteFinishesSignIn: redirect URIs that no listener of ours receives.
func TestPasteFinishesSignIn(t *testing.T) {
	for _, tc := range []struct {
		name   string
		config oauth.Config
	}{
		{"desktop", oauth.Config{RedirectURI: oauth.DesktopRedirect}},
		{"desktop, token flow", oauth.Config{RedirectURI: oauth.DesktopRedirect, Flow: oauth.FlowToken}},
		{"native client, v1", oauth.Config{Provider: oauth.AzureAD, RedirectURI: oauth.NativeRedirect}},
		{"native client, v2.0", oauth.Config{Provider: oauth.Entra, RedirectURI: oauth.NativeRedirect}},
		{"native client, fragment", oauth.Config{Provider: oauth.Entra, RedirectURI: oauth.NativeRedirect, ResponseMode: "fragment"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, tc.config)
			b := newBrowser(t)
			b.open(s.url("/"))
			if got := b.forms()[0].target; got != "_blank" {
				t.Errorf("target of the button: got %q, want a new tab, or the paste box goes away", got)
			}
			if strings.Contains(b.body, `http-equiv="refresh"`) {
				t.Error("the page refreshes itself while something is pasted into it")
			}
			tab := newBrowser(t)
			tab.jar = b.jar
			s.begin(tab, "default")
			tab.decide("accept", "")
			if tab.status != 0 {
				t.Fatalf("after the sign-in: got %s, want the redirect URI %s", tab.at, tc.config.RedirectURI)
			}
			paste(b, "default", "  "+tab.at.String()+"\n")
			if got, want := b.at.String(), s.url("/"); got != want {
				t.Errorf("after pasting: got %s, want %s:\n%s", got, want, b.body)
			}
			s.wantState("default", tokens.Ready)
		})
	}
}

// TestPasteOfOwnCallbackFinishesSignIn: a browser on another machine cannot reach the
// callback, and its user pastes the address of the error it got.
func TestPasteOfOwnCallbackFinishesSignIn(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	s.begin(b, "default")
	address := s.response(b)
	b.open(s.url("/"))
	paste(b, "default", address)
	s.wantState("default", tokens.Ready)
}

func TestPasteOfOtherAddressIsRefused(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*url.URL)
		says   string
	}{
		{"another host", func(u *url.URL) { u.Host = "login.live.com.evil.example" }, "not the address"},
		{"another scheme", func(u *url.URL) { u.Scheme = "http" }, "not the address"},
		{"another path", func(u *url.URL) { u.Path += "x" }, "not the address"},
		{"a path that is cleaned to the same", func(u *url.URL) { u.Path = "/x/.." + u.Path }, "not the address"},
		{"user information", func(u *url.URL) { u.User = url.User("login.live.com") }, "not the address"},
		{"a port", func(u *url.URL) { u.Host += ":8443" }, "not the address"},
		{"our own callback, which was not used", func(u *url.URL) {
			u.Scheme, u.Host, u.Path = "http", "localhost", "/auth/default/callback"
		}, "not the address"},
		{"forged state", func(u *url.URL) { u.RawQuery = "code=x&state=y" }, "not known here"},
		{"no state", func(u *url.URL) { u.RawQuery = "code=x" }, "has no state"},
		{"no response", func(u *url.URL) { u.RawQuery = "" }, "no response"},
		{"error without state", func(u *url.URL) { u.RawQuery = "error=access_denied" }, "has no state"},
		{"query and fragment disagree", func(u *url.URL) { u.Fragment = "code=other" }, "parameter twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, oauth.Config{RedirectURI: oauth.DesktopRedirect})
			b := newBrowser(t)
			s.begin(b, "default")
			right := s.response(b)
			u, err := url.Parse(right)
			if err != nil {
				t.Fatal(err)
			}
			tc.change(u)
			b.open(s.url("/"))
			paste(b, "default", u.String())
			if b.status != http.StatusBadRequest {
				t.Errorf("status: got %d, want 400", b.status)
			}
			b.sees(tc.says)
			s.wantState("default", tokens.SigningIn)

			b.open(s.url("/"))
			paste(b, "default", right)
			s.wantState("default", tokens.Ready)
		})
	}
}

func TestPasteInOtherBrowserIsRefused(t *testing.T) {
	s := newSite(t, oauth.Config{RedirectURI: oauth.DesktopRedirect})
	attacker, victim := newBrowser(t), newBrowser(t)
	s.begin(attacker, "default")
	address := s.response(attacker)
	victim.open(s.url("/"))
	paste(victim, "default", address)
	victim.sees("Another browser")
	s.wantState("default", tokens.SigningIn)
}

// TestPasteOfErrorPageIsExplained: where live does not trust the redirect URI it stops on a
// page of its own, whose address says why but holds no state.
func TestPasteOfErrorPageIsExplained(t *testing.T) {
	const address = oauth.ErrorPage + "?lc=1033#error=unauthorized_client&error_description=The%20client%20does%20not%20exist"
	s := newSite(t, oauth.Config{RedirectURI: oauth.DesktopRedirect})
	b := newBrowser(t)
	s.begin(b, "default")
	right := s.response(b)

	stranger := newBrowser(t)
	stranger.open(s.url("/"))
	paste(stranger, "default", address)
	stranger.sees("Sign-in failed", "unauthorized_client", "client_id")
	s.wantState("default", tokens.SigningIn)

	b.open(s.url("/"))
	paste(b, "default", address)
	b.sees("Sign-in failed", "unauthorized_client", "client_id")
	s.wantState("default", tokens.SignedOut)

	b.open(s.url("/"))
	paste(b, "default", right)
	b.sees("Sign-in failed", "unauthorized_client")
	s.wantState("default", tokens.SignedOut)
}

// TestErrorPageWithCodeIsRefused: what stands on the error page can end a sign-in,
// never finish one.
func TestErrorPageWithCodeIsRefused(t *testing.T) {
	s := newSite(t, oauth.Config{RedirectURI: oauth.DesktopRedirect})
	b := newBrowser(t)
	s.begin(b, "default")
	u, _ := url.Parse(s.response(b))
	b.open(s.url("/"))
	paste(b, "default", oauth.ErrorPage+"?"+u.RawQuery)
	b.sees("no response")
	s.wantState("default", tokens.SigningIn)
}
