// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// responseTo signs in at the provider and returns the request that brings the
// response here, without sending it.
func (s *site) responseTo(b *browser, mode string) (method string, address *url.URL, form url.Values) {
	s.t.Helper()
	if mode != "form_post" {
		u, err := url.Parse(s.response(b))
		if err != nil {
			s.t.Fatal(err)
		}
		return http.MethodGet, u, nil
	}
	f := b.forms()[0]
	f.values.Set("decision", "accept")
	b.strict = true
	b.submit(f, nil)
	b.strict = false
	posted := b.forms()[0]
	return http.MethodPost, posted.action, posted.values
}

// TestRepeatedResponseRedeemsNothing: a reload, a second tab or a provider that
// redirects twice sends the response again, and the browser sees how the sign-in
// ended. The code is exchanged once.
func TestRepeatedResponseRedeemsNothing(t *testing.T) {
	for _, mode := range []string{"query", "form_post", "paste"} {
		t.Run(mode, func(t *testing.T) {
			s := newSite(t, entra(strings.TrimPrefix(mode, "paste")))
			b := newBrowser(t)
			s.begin(b, "default")
			method, address, form := s.responseTo(b, mode)
			if mode == "paste" {
				method, form = http.MethodPost, url.Values{"address": {address.String()}}
				address, _ = url.Parse(s.url("/auth/default/paste"))
				b.open(s.url("/"))
			}
			for range 3 {
				b.go_(method, address, form)
				if got, want := b.at.String(), s.url("/"); got != want || b.status != http.StatusOK {
					t.Errorf("got status %d at %s, want the status page at %s", b.status, got, want)
				}
				b.sees("Ready")
			}
			if n := s.providerRequests("/token"); n != 1 {
				t.Errorf("token requests: got %d, want 1", n)
			}
		})
	}
}

func TestRepeatedResponseShowsWhySignInFailed(t *testing.T) {
	s := newSite(t, entra())
	s.control("/_emulator/faults", `{"path":"*/token","status":400,"headers":{"Content-Type":"application/json"},"body":"{\"error\":\"invalid_grant\",\"error_codes\":[50173]}"}`)
	b := newBrowser(t)
	s.begin(b, "default")
	address := s.response(b)
	for range 3 {
		b.open(address)
		b.sees("Sign-in failed", "AADSTS50173")
		if strings.Contains(b.at.String(), "state") {
			t.Errorf("address: got %s, want a clean one", b.at)
		}
	}
	if n := s.providerRequests("/token"); n != 1 {
		t.Errorf("token requests: got %d, want 1", n)
	}
}

// slowExchange is a custom provider that is asked for tokens and does not respond
// until go on is called.
func slowExchange(t *testing.T, s *site) (config oauth.Config, asked <-chan struct{}, goOn func()) {
	t.Helper()
	reached, release := make(chan struct{}, 8), make(chan struct{})
	token := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached <- struct{}{}
		<-release
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"access_token":"a","refresh_token":"r","expires_in":3600}`))
	}))
	t.Cleanup(token.Close)
	return oauth.Config{
		Provider: oauth.Custom, AuthorizeURL: s.provider.URL + "/common/oauth2/v2.0/authorize", TokenURL: token.URL,
		Scopes: []string{"offline_access"},
	}, reached, func() { close(release) }
}

// TestRepeatedResponseWaitsForTheFirst: the second one arrives while the code of the
// first is exchanged.
func TestRepeatedResponseWaitsForTheFirst(t *testing.T) {
	s := newSite(t)
	config, asked, goOn := slowExchange(t, s)
	s.load(config)
	b := newBrowser(t)
	s.begin(b, "default")
	address, err := url.Parse(s.response(b))
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan int)
	go func() {
		res := b.send(http.MethodGet, address, nil, nil)
		res.Body.Close()
		first <- res.StatusCode
	}()
	<-asked
	second := newBrowser(t)
	second.jar = b.jar
	second.open(address.String())
	second.sees("Finishing the sign-in")
	if !strings.Contains(second.body, `http-equiv="refresh"`) {
		t.Error("the page does not notice the end of the sign-in")
	}
	stranger := newBrowser(t)
	stranger.open(address.String())
	stranger.sees("Already used")
	goOn()
	if status := <-first; status != http.StatusSeeOther {
		t.Errorf("first response: got %d, want 303", status)
	}
	second.open(second.at.String())
	second.sees("Ready")
	s.wantState("default", tokens.Ready)
}

// TestRepeatedResponseOpensNoDecisionToOtherBrowser: whoever has only the address of
// the response, as from a log, does not get the page that confirms another user.
func TestRepeatedResponseOpensNoDecisionToOtherBrowser(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "ada@example.com")
	s.begin(b, "default")
	f := b.forms()[0]
	f.values.Set("decision", "accept")
	f.values.Set("user", "eve@example.com")
	res := b.send(http.MethodPost, f.action, f.values, b.at)
	res.Body.Close()
	address := res.Header.Get("Location")
	b.open(address)
	b.sees("Replace the user of default?")

	stranger := newBrowser(t)
	stranger.open(address)
	stranger.sees("Already used")
	if strings.Contains(stranger.body, "eve") || strings.Contains(stranger.at.String(), "attempt") {
		t.Errorf("the other browser got %s at %s", stranger.body, stranger.at)
	}

	b.open(address)
	b.sees("Replace the user of default?")
	b.press("/auth/default/signin", nil, "confirm")
	s.wantUser("default", "eve@example.com")
	wantNoCookies(t, s, b)
}

// TestPrefetchRedeemsNothing: a browser may load the address of the callback before
// the user is sent there. The state is still good when they are.
func TestPrefetchRedeemsNothing(t *testing.T) {
	for _, header := range []http.Header{
		{"Sec-Purpose": {"prefetch"}},
		{"Sec-Purpose": {"prefetch;prerender"}},
		{"Sec-Purpose": {"prefetch;anonymous-client-ip"}},
		{"Purpose": {"prefetch"}},
		{"X-Moz": {"prefetch"}},
		{"X-Purpose": {"preview"}},
	} {
		s := newSite(t, entra())
		b := newBrowser(t)
		s.begin(b, "default")
		address := s.response(b)
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		for _, c := range b.jar.Cookies(req.URL) {
			req.AddCookie(c)
		}
		res, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		// Browsers throw away what they loaded in advance if it failed.
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v: got %s, Cache-Control %q; want 503, no-store", header, res.Status, res.Header.Get("Cache-Control"))
		}
		if n := s.providerRequests("/token"); n != 0 {
			t.Errorf("%v: got %d token requests, want none", header, n)
		}
		b.open(address)
		b.sees("Ready")
	}
}
