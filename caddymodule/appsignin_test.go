// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAppsSignInAsAtMicrosoft(t *testing.T) {
	m, s := appSite(t)
	for name, app := range map[string]anApp{"Live": liveApp(s), "v1": v1App(s), "v2": v2App(s)} {
		t.Run(name, func(t *testing.T) {
			got := app.signIn()
			key, refresh := got["access_token"].(string), got["refresh_token"].(string)
			s.open(key).want(t, 200, "")
			again := s.tokens(app.refresh(refresh))
			s.open(again["access_token"].(string)).want(t, 200, "")
			s.open(key).want(t, 200, "") // a refresh ends no key
			s.tokens(app.refresh(refresh))
			wantShape(t, name, got)
			wantShape(t, name, again)
		})
	}
	for _, r := range m.requests("/") {
		if text, _ := json.Marshal(r); strings.Contains(string(text), "onpxkey1") {
			t.Errorf("a key has reached Microsoft: %s", text)
		}
	}
}

// wantShape fails the test unless a token response has the shape of its service.
func wantShape(t *testing.T, service string, got map[string]any) {
	t.Helper()
	want := map[string]map[string]any{
		"Live": {"token_type": "bearer", "expires_in": 3600.0, "scope": "office.onenote_update wl.signin wl.offline_access"},
		"v1":   {"token_type": "Bearer", "expires_in": "3600", "ext_expires_in": "3600", "resource": "https://onenote.com/"},
		"v2":   {"token_type": "Bearer", "expires_in": 3600.0, "ext_expires_in": 3600.0, "scope": "openid offline_access https://onenote.com/Notes.ReadWrite"},
	}[service]
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: got %v, want %v", name, got[name], value)
		}
	}
	present := map[string][]string{"Live": {"user_id"}, "v1": {"id_token", "expires_on", "not_before"}, "v2": {"id_token"}}[service]
	for _, name := range present {
		if text, ok := got[name].(string); !ok || text == "" {
			t.Errorf("%s: got %v, want a text", name, got[name])
		}
	}
}

func TestMetadataLeadsToEndpoints(t *testing.T) {
	_, s := appSite(t, "public_url http://localhost:1/below")
	for _, version := range []string{"", "/v2.0"} {
		got := s.tokens(s.get("/organizations" + version + "/.well-known/openid-configuration"))
		if got["issuer"] != "http://localhost:1/below/organizations"+version {
			t.Errorf("got the issuer %v", got["issuer"])
		}
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "device_authorization_endpoint", "end_session_endpoint", "userinfo_endpoint", "jwks_uri"} {
			address, _ := got[name].(string)
			path, ok := strings.CutPrefix(address, "http://localhost:1/below")
			if !ok {
				t.Errorf("%s: got %q, want it below the public URL", name, address)
			}
			if res := s.get(path); res.StatusCode == 404 {
				t.Errorf("%s: there is nothing at %s", name, path)
			}
		}
	}
}

func TestLiveProfileIsServed(t *testing.T) {
	_, s := appSite(t)
	app := liveApp(s)
	got := app.signIn()
	me := s.tokens(s.get("/v5.0/me?access_token=" + got["access_token"].(string)))
	if me["id"] != got["user_id"] || me["emails"] == nil || me["name"] == "" {
		t.Errorf("got %v, want the user %v", me, got["user_id"])
	}
	if res := s.get("/v5.0/me", "Authorization", "Bearer x"); res.StatusCode != 401 || !strings.Contains(res.body, "request_token_invalid") {
		t.Errorf("got %d %s, want Live's refusal", res.StatusCode, res.body)
	}
}

func TestAppSigninIsOffByDefault(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	for _, path := range []string{"/oauth20_authorize.srf", "/common/oauth2/token", "/common/v2.0/.well-known/openid-configuration", "/devicelogin", "/v5.0/me"} {
		s.get(path).want(t, 404, "not_found")
	}
}

func TestAppSigninRefusesAddressesThatCannotBeListed(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	for _, uri := range []string{"localhost", "/callback", "http://app.example/cb", "https://app.example/#x", "javascript:alert(1)", "https://*.example/", "https://u@app.example/", "https://", "http://localhost:99999/", "*"} {
		_, err := adapt(s.plain(m, "app_signin "+uri))
		if err == nil {
			err = s.load(s.plain(m, "app_signin "+uri))
		}
		if err == nil || !strings.Contains(err.Error(), "app_signin") {
			t.Errorf("%s: got %v, want an error about app_signin", uri, err)
		}
	}
}
