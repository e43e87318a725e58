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
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// fuzzed is a site without servers: nothing that a fuzzer makes up may reach
// the provider.
func fuzzed(f *testing.F, redirectURI string) (pages *signin.Pages, sent *int) {
	f.Helper()
	sent = new(int)
	memory := tokens.NewMemory()
	attempts := signin.NewAttempts()
	f.Cleanup(func() { attempts.Close(); memory.Close() })
	c := tokens.Config{Name: "default", ClientID: "app", RedirectURI: redirectURI}
	c.Complete()
	return &signin.Pages{
		Attempts: attempts,
		Clock:    newClock(),
		Accounts: []*tokens.Account{tokens.NewAccount(tokens.Options{
			Config: c, Memory: memory, Storage: newStorage(), Clock: newClock(),
			Keys:   tokens.FixedKeys{make([]byte, 32)},
			Client: tokens.NewClient(refusing{sent}),
		})},
	}, sent
}

// refusing is a network without anybody on it.
type refusing struct{ sent *int }

func (r refusing) RoundTrip(*http.Request) (*http.Response, error) {
	*r.sent++
	return nil, http.ErrServerClosed
}

// serve answers one request and checks what holds for every answer.
func serve(t *testing.T, pages *signin.Pages, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	pages.ServeHTTPFor(w, r, signin.Visitor{MaySignIn: true})
	if w.Header().Get("X-Frame-Options") != "DENY" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("the answer can be framed: %v", w.Header())
	}
	if l := w.Header().Get("Location"); l != "" && !strings.HasPrefix(l, "../../") {
		t.Errorf("Location: got %q, want a relative one", l)
	}
	return w
}

// FuzzCallback: no answer without the state of a sign-in that was begun does
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
	f.Fuzz(func(t *testing.T, answer string) {
		if strings.Contains(answer, state) {
			return // the fuzzer does not know the state
		}
		get := httptest.NewRequest(http.MethodGet, "http://localhost:8080/auth/default/callback", nil)
		get.URL.RawQuery = answer
		post := httptest.NewRequest(http.MethodPost, "http://localhost:8080/auth/default/callback", strings.NewReader(answer))
		post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, r := range []*http.Request{get, post} {
			if pages.HasState(r) {
				t.Errorf("%s %q: has a state", r.Method, answer)
			}
			if w := serve(t, pages, r); w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
				t.Errorf("%s %q: got %d, want 200 or 400", r.Method, answer, w.Code)
			}
		}
		if *sent != 0 {
			t.Errorf("%q: led to a token request", answer)
		}
		if a, ok := pages.Attempt("default", began.ID); !ok || a.State != signin.AttemptPending {
			t.Errorf("%q: ended the sign-in: %+v", answer, a)
		}
	})
}

// FuzzPaste: an address counts only if it is the redirect URI to the letter,
// also with the right state in it.
func FuzzPaste(f *testing.F) {
	const state = "STATE" // stands for the right one
	for _, seed := range []string{
		"", "https://login.live.com/oauth20_desktop.srf.evil?code=a&state=STATE", "https://evil.example/oauth20_desktop.srf?code=a&state=STATE",
		"//login.live.com/oauth20_desktop.srf?code=a&state=STATE", "https:login.live.com/oauth20_desktop.srf?state=STATE",
		"https://login.live.com@evil.example/oauth20_desktop.srf?code=a&state=STATE", "https://login.live.com/err.srf#code=a&state=STATE",
		"https://login.live.com/oauth20_desktop.srf/..;/x#state=STATE&code=a", "https://login.live.com/oauth20_desktop%2esrf?state=STATE&code=a",
		"javascript:alert(1)", "https://login.live.com:443/oauth20_desktop.srf?code=a&state=STATE", "https://login.live.com\\@evil.example/?state=STATE",
	} {
		f.Add(seed)
	}
	pages, sent := fuzzed(f, tokens.DesktopRedirect)
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
		trimmed := strings.TrimSpace(address)
		plain, _, _ := strings.Cut(trimmed, "#")
		plain, _, _ = strings.Cut(plain, "?")
		right := strings.EqualFold(plain, tokens.DesktopRedirect)
		failure := strings.EqualFold(plain, tokens.ErrorPage) && strings.Contains(address, "error")
		if err == nil && !right && !failure {
			t.Errorf("%q was accepted", address)
		}
		if *sent != 0 && !right {
			t.Errorf("%q led to a token request", address)
		}
	})
}
