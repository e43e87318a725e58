// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// anApp is an app that insists on signing in by itself.
type anApp struct {
	s                *caddyServer
	authorize, token string // paths
	client, redirect string
	scope            string
	headers          []string // of what its browser sends
}

func liveApp(s *caddyServer) anApp {
	return anApp{s: s, authorize: "/oauth20_authorize.srf", token: "/oauth20_token.srf", client: "000000004C12AE6F",
		redirect: "http://localhost/callback", scope: "office.onenote_update wl.signin wl.offline_access"}
}

func v1App(s *caddyServer) anApp {
	return anApp{s: s, authorize: "/common/oauth2/authorize", token: "/common/oauth2/token", client: "an-app", redirect: "http://localhost/callback"}
}

func v2App(s *caddyServer) anApp {
	return anApp{s: s, authorize: "/common/oauth2/v2.0/authorize", token: "/common/oauth2/v2.0/token", client: "an-app",
		redirect: "http://localhost/callback", scope: "openid offline_access https://onenote.com/Notes.ReadWrite"}
}

// ask sends the browser to authorize and returns the response. Parameters are names and
// values; they replace the app's own.
func (a anApp) ask(params ...string) response {
	a.s.t.Helper()
	q := url.Values{"response_type": {"code"}, "client_id": {a.client}, "redirect_uri": {a.redirect}, "state": {"the state"}}
	if a.scope != "" {
		q.Set("scope", a.scope)
	}
	set(q, params)
	headers := append([]string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "cross-site", "Accept", "text/html"}, a.headers...)
	return a.s.get(a.authorize+"?"+q.Encode(), headers...)
}

func set(q url.Values, params []string) {
	for i := 0; i < len(params); i += 2 {
		q.Del(params[i])
		if params[i+1] != "" {
			q.Set(params[i], params[i+1])
		}
	}
}

// code returns a code.
func (a anApp) code(params ...string) string {
	a.s.t.Helper()
	res := a.ask(params...)
	code := parsed(a.s.t, res.Header.Get("Location")).Query().Get("code")
	if res.StatusCode != 302 || code == "" {
		a.s.t.Fatalf("got %d to %q, want a code: %s", res.StatusCode, res.Header.Get("Location"), res.body)
	}
	return code
}

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// post sends a token request.
func (a anApp) post(form url.Values, headers ...string) response {
	a.s.t.Helper()
	return a.s.do("POST", a.token, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// redeem redeems a code.
func (a anApp) redeem(code string, params ...string) response {
	a.s.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {a.client}, "client_secret": {"any"}, "redirect_uri": {a.redirect}}
	set(form, params)
	return a.post(form)
}

func (a anApp) refresh(token string, params ...string) response {
	a.s.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {a.client}, "client_secret": {"any"}, "redirect_uri": {a.redirect}}
	set(form, params)
	return a.post(form)
}

// signIn signs in, and returns what the token endpoint has responded.
func (a anApp) signIn(params ...string) map[string]any {
	a.s.t.Helper()
	return a.s.tokens(a.redeem(a.code(params...)))
}

// tokens returns the fields of a token response.
func (s *caddyServer) tokens(res response) map[string]any {
	s.t.Helper()
	fields := make(map[string]any)
	if err := json.Unmarshal([]byte(res.body), &fields); err != nil || res.StatusCode != 200 {
		s.t.Fatalf("got %d, want tokens: %s", res.StatusCode, res.body)
	}
	if res.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		s.t.Errorf("got %v, want JSON that is not stored", res.Header)
	}
	return fields
}

// wantError fails the test unless a token endpoint has refused with that error.
func (r response) wantError(t *testing.T, status int, code string) {
	t.Helper()
	var e struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal([]byte(r.body), &e)
	if r.StatusCode != status || e.Error != code || e.Description == "" {
		t.Errorf("got %d %s, want %d %s with a description", r.StatusCode, r.body, status, code)
	}
}

// open requests the notebooks with a key.
func (s *caddyServer) open(key string, headers ...string) response {
	s.t.Helper()
	return s.get(notebooks, append([]string{"Authorization", "Bearer " + key}, headers...)...)
}

// appSite is a site where apps sign in, in front of the emulator, with its everlasting
// refresh token.
func appSite(t *testing.T, options ...string) (*microsoft, *caddyServer) {
	t.Helper()
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m, append([]string{"app_signin http://localhost/callback https://app.example/cb?x=1 myapp://done"}, options...)...))
	return m, s
}

// restart loads a configuration as a new process does: nothing is left in memory.
func (s *caddyServer) restart(config string) {
	s.t.Helper()
	if err := caddy.Stop(); err != nil {
		s.t.Fatal(err)
	}
	s.mustLoad(config)
}
