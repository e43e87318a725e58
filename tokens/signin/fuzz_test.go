// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// fuzzed is a site without servers: nothing that a fuzzer makes up may reach
// the provider.
func fuzzed(f *testing.F, redirectURI string) (pages *signin.Pages, sent *int) {
	f.Helper()
	sent = new(int)
	memory := tokens.NewCache()
	attempts := signin.NewAttempts()
	f.Cleanup(func() { attempts.Close(); memory.Close() })
	c := oauth.Config{Name: "default", ClientID: "app", RedirectURI: redirectURI}
	c.Complete()
	return &signin.Pages{
		Attempts: attempts,
		Clock:    newClock(),
		Accounts: []*tokens.Account{tokens.NewAccount(tokens.Options{
			Config: c, Cache: memory, Storage: newStorage(), Clock: newClock(),
			Keys:   tokens.FixedKeys{make([]byte, 32)},
			Client: oauth.NewHTTPClient(refusing{sent}),
		})},
	}, sent
}

// refusing is a network without anybody on it.
type refusing struct{ sent *int }

func (r refusing) RoundTrip(*http.Request) (*http.Response, error) {
	*r.sent++
	return nil, http.ErrServerClosed
}

// serve serves one request and checks the invariants of every response.
func serve(t *testing.T, pages *signin.Pages, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	pages.ServeHTTPFor(w, r, signin.Access{All: true, MaySignIn: true})
	if w.Header().Get("X-Frame-Options") != "DENY" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("the response can be framed: %v", w.Header())
	}
	if l := w.Header().Get("Location"); l != "" && !strings.HasPrefix(l, "../../") {
		t.Errorf("Location: got %q, want a relative one", l)
	}
	return w
}

// FuzzCallback: no response without the state of a sign-in that was begun does
// anything, whatever it looks like.
func FuzzCallback(f *testing.F) {
	for _, seed := range []string{
		"", "code=a&state=b", "error=access_denied", "state=%zz", "state=a&state=b", "access_token=x&state=y",
		"code=%00&state=%ff", "lc=1033", "code=a;state=b", "iss=https%3A%2F%2Fevil.example&code=a&state=b",
	} {
		f.Add(seed)
	}
	pages, sent := fuzzed(f, "")
	began, err := pages.Begin(f.Context(), "default", "", "http://localhost:8080/auth/default/callback")
	if err != nil {
		f.Fatal(err)
	}
	u, err := url.Parse(began.URL)
	if err != nil {
		f.Fatal(err)
	}
	state := u.Query().Get("state")
	f.Fuzz(func(t *testing.T, response string) {
		if strings.Contains(response, state) {
			return // the fuzzer does not know the state
		}
		get := httptest.NewRequest(http.MethodGet, "http://localhost:8080/auth/default/callback", nil)
		get.URL.RawQuery = response
		post := httptest.NewRequest(http.MethodPost, "http://localhost:8080/auth/default/callback", strings.NewReader(response))
		post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, r := range []*http.Request{get, post} {
			if pages.HasState(r) {
				t.Errorf("%s %q: has a state", r.Method, response)
			}
			if w := serve(t, pages, r); w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
				t.Errorf("%s %q: got %d, want 200 or 400", r.Method, response, w.Code)
			}
		}
		if *sent != 0 {
			t.Errorf("%q: led to a token request", response)
		}
		if a, ok := pages.Attempt("default", began.ID); !ok || a.State != signin.AttemptPending {
			t.Errorf("%q: ended the sign-in: %+v", response, a)
		}
	})
}

// plainAddress is an address without what may stand around and in it: the same for
// all spellings of one redirect URI.
func plainAddress(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }), "")
	text = strings.ToLower(strings.Trim(text, "\"'`<>“”„‘’«»"))
	text, _, _ = strings.Cut(strings.TrimPrefix(text, "url:"), "#")
	text, _, _ = strings.Cut(text, "?")
	return strings.Replace(strings.TrimPrefix(text, "https://"), ":443/", "/", 1)
}

// FuzzPaste: an address counts only if it is the redirect URI, also with the right
// state in it.
func FuzzPaste(f *testing.F) {
	const state = "STATE" // stands for the right one
	for _, seed := range []string{
		"", "https://login.live.com/oauth20_desktop.srf.evil?code=a&state=STATE", "https://evil.example/oauth20_desktop.srf?code=a&state=STATE",
		"//login.live.com/oauth20_desktop.srf?code=a&state=STATE", "https:login.live.com/oauth20_desktop.srf?state=STATE",
		"https://login.live.com@evil.example/oauth20_desktop.srf?code=a&state=STATE", "https://login.live.com/err.srf#code=a&state=STATE",
		"https://login.live.com/oauth20_desktop.srf/..;/x#state=STATE&code=a", "https://login.live.com/oauth20_desktop%2esrf?state=STATE&code=a",
		"login.live.com/oauth20_desktop.srf?code=a&state=STATE", "<https://login.live.com/oauth20_\r\ndesktop.srf?code=a&\r\n state=STATE>",
		"javascript:alert(1)", "https://login.live.com:443/oauth20_desktop.srf?code=a&state=STATE", "https://login.live.com\\@evil.example/?state=STATE",
	} {
		f.Add(seed)
	}
	pages, sent := fuzzed(f, oauth.DesktopRedirect)
	f.Fuzz(func(t *testing.T, address string) {
		began, err := pages.Begin(t.Context(), "default", "", "")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(began.URL)
		if err != nil {
			t.Fatal(err)
		}
		*sent = 0
		address = strings.ReplaceAll(address, state, u.Query().Get("state"))
		_, err = pages.Paste(t.Context(), "default", began.ID, address)
		plain := plainAddress(address)
		right := plain == plainAddress(oauth.DesktopRedirect)
		failure := plain == plainAddress(oauth.ErrorPage) && strings.Contains(address, "error")
		if err == nil && !right && !failure {
			t.Errorf("%q was accepted", address)
		}
		if *sent != 0 && !right {
			t.Errorf("%q led to a token request", address)
		}
	})
}
