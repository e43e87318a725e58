// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeyEndsWithItsSignIn(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	config := s.config("client_id test\nauthority "+m.url, "onenote "+m.url+" {\napp_signin http://localhost/callback\n}")
	s.mustLoad(config)
	s.signIn(browser(), "default", "first@outlook.com")
	app := v2App(s)
	got := app.signIn()
	key, refresh := got["access_token"].(string), got["refresh_token"].(string)
	code := app.code()
	s.open(key).want(t, 200, "")
	s.adminDo("POST", "/onenote/accounts/default/refresh", "")
	s.open(key).want(t, 200, "") // a refresh of ours is the same sign-in
	s.restart(config)
	s.open(key).want(t, 200, "")
	s.tokens(app.refresh(refresh))

	s.adminDo("DELETE", "/onenote/accounts/default", "")
	s.open(key).want(t, 401, "signin_required")
	app.refresh(refresh).wantError(t, 400, "invalid_grant")
	app.redeem(code).wantError(t, 400, "invalid_grant")
	s.signIn(browser(), "default", "next@outlook.com")
	s.get(notebooks).want(t, 200, "")
	for _, dead := range []string{key, "onpxkey1a" + strings.Repeat("A", 80), "onpxkey1", key + "x", "onpxkey1r" + key[9:], refresh} {
		res := s.open(dead)
		res.want(t, 401, "signin_required")
		if !strings.Contains(res.body, `"code":"40001"`) || res.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("got %v %s, want OneNote's shape", res.Header, res.body)
		}
		s.get(notebooks+"?access_token="+dead).want(t, 401, "signin_required")
	}
	app.refresh(refresh).wantError(t, 400, "invalid_grant")
	app.refresh(key).wantError(t, 400, "invalid_grant")
}

func TestRemoteClientsCannotLetAppsSignIn(t *testing.T) {
	m, s := appSite(t, "client_key a a-client-key")
	app := v2App(s)
	app.headers = []string{"X-Onenote-Proxy-Key", "a-client-key"}
	key := app.signIn()["access_token"].(string)
	remote := []string{"X-Forwarded-For", "192.0.2.1", "X-Onenote-Proxy-Key", "a-client-key", "Content-Type", "application/x-www-form-urlencoded"}
	for _, path := range []string{app.authorize + "?client_id=x&response_type=code&redirect_uri=http://localhost/callback", "/oauth20_authorize.srf", "/devicelogin"} {
		s.get(path, remote...).want(t, 403, "forbidden_client")
	}
	for _, path := range []string{app.token, "/oauth20_token.srf", "/common/oauth2/devicecode", "/common/oauth2/v2.0/devicecode"} {
		s.do("POST", path, "client_id=x", remote...).want(t, 403, "forbidden_client")
	}
	s.open(key, "X-Forwarded-For", "192.0.2.1").want(t, 200, "") // as with a client key

	s.mustLoad(s.plain(m, "app_signin http://localhost/callback", "client_key a a-client-key", "allow_remote_signin"))
	app.headers = remote[:4]
	got := s.tokens(app.redeem(app.code()))
	s.open(got["access_token"].(string), "X-Forwarded-For", "192.0.2.1").want(t, 200, "")
	app.headers = remote[:2]
	if res := app.ask(); res.StatusCode != 401 || res.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("without a client key: got %d %v, want 401 and a challenge", res.StatusCode, res.Header)
	}
}

func TestKeyedSiteAsksForKeysOnlyWhereAPersonComes(t *testing.T) {
	_, s := appSite(t, "client_key a a-client-key")
	app := v2App(s)
	if res := app.ask(); res.StatusCode != 401 || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic") {
		t.Errorf("authorize: got %d, want 401 and a challenge", res.StatusCode)
	}
	if res := s.get("/devicelogin"); res.StatusCode != 401 {
		t.Errorf("device page: got %d, want 401", res.StatusCode)
	}
	s.get("/common/v2.0/.well-known/openid-configuration").want(t, 200, "")
	s.get("/common/discovery/v2.0/keys").want(t, 200, "")
	s.do("POST", "/common/oauth2/v2.0/devicecode", "client_id=x", "Content-Type", "application/x-www-form-urlencoded").want(t, 200, "")
	app.redeem("x").wantError(t, 400, "invalid_grant")
	s.get(notebooks).want(t, 403, "forbidden_client")

	app.headers = []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("me:a-client-key"))}
	key := app.signIn()["access_token"].(string)
	s.open(key).want(t, 200, "")
	s.get(notebooks+"?access_token="+key).want(t, 200, "")
	s.get(notebooks, "X-Onenote-Proxy-Key", key).want(t, 200, "")
	s.get(notebooks, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("me:"+key))).want(t, 200, "")
	s.open(key, "X-Onenote-Proxy-Key", "wrong").want(t, 403, "forbidden_client")
	for range 30 { // keys of apps are no guesses
		s.get("/", "Authorization", "Bearer "+key).want(t, 401, "forbidden_client")
		s.open(key+"x").want(t, 401, "signin_required")
	}
	s.do("POST", "/auth/default/signout", "", "Authorization", "Bearer "+key).want(t, 401, "forbidden_client")
	s.get(notebooks, "Authorization", "Bearer a-client-key").want(t, 200, "")
}

func TestSiteWithoutKeysStillAsksForNone(t *testing.T) {
	_, s := appSite(t)
	liveApp(s).signIn()
	s.get(notebooks).want(t, 200, "")
	s.get(notebooks, "Authorization", "Bearer of Microsoft").want(t, 200, "")
}

func TestKeyOpensItsOwnAccountOnly(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	other := freePort(t)
	accounts := "client_id test\nauthority " + m.url + "\naccount one {\nrefresh_token emulator-refresh-token\n}\naccount two {\nrefresh_token emulator-refresh-token\n}"
	s.mustLoad(s.config(accounts, "onenote "+m.url+" {\naccount one\napp_signin http://localhost/callback\nclient_key two key-of-two two\n}\n}\nhttp://:"+other+" {\nbind 127.0.0.1\nonenote "+m.url+" {\naccount two\napp_signin http://localhost/callback\n}"))
	app := v2App(s)
	app.headers = []string{"X-Onenote-Proxy-Key", "key-of-two"}
	two := app.signIn()["access_token"].(string)
	second := *s
	second.url = "http://localhost:" + other
	app2 := v2App(&second)
	fromSecond := app2.signIn()["access_token"].(string)
	s.open(two).want(t, 200, "")
	s.open(fromSecond).want(t, 401, "signin_required") // the second asks nobody for a client key
	second.open(two).want(t, 200, "")

	s.mustLoad(s.config(accounts, "onenote "+m.url+" {\naccount one\napp_signin http://localhost/callback\n}"))
	app.headers = nil
	one := app.signIn()["access_token"].(string)
	s.open(one).want(t, 200, "")
	s.open(two).want(t, 403, "unknown_account")
	s.open(one, "X-Onenote-Proxy-Key", two).want(t, 403, "unknown_account")
}

// An app may put its key anywhere: nothing of it goes upstream.
func TestKeysNeverGoUpstream(t *testing.T) {
	m, s := appSite(t)
	got := v2App(s).signIn()
	for _, secret := range []string{got["access_token"].(string), got["refresh_token"].(string)} {
		key := got["access_token"].(string)
		html := "<html><head><title>" + secret + "</title></head><body>" + strings.Repeat("text ", 9000) + secret + "</body></html>"
		s.do("POST", "/api/v1.0/me/notes/pages?access_token="+key, html, "Content-Type", "text/html").want(t, 201, "")
		s.get(notebooks+"?$top=1&token="+secret, "Authorization", "Bearer "+key, "X-Auth", "Bearer "+secret, "Cookie", "k="+secret).want(t, 200, "")
		s.get("/api/v1.0/me/notes/pages/"+secret, "Authorization", "Bearer "+key)
	}
	all := string(m.control("GET", "requests", ""))
	if strings.Contains(all, "onpxkey1") || !strings.Contains(all, "xxxxxxxx") {
		t.Errorf("upstream has seen a key, or nothing was overwritten: %s", all)
	}
	pages := s.get("/api/v1.0/me/notes/pages?$top=100").body
	if strings.Contains(pages, "onpxkey1") || !strings.Contains(pages, strings.Repeat("x", 60)) {
		t.Errorf("a key is in a page that was created: %s", pages)
	}
}

func TestNothingOfAnAppsSignInIsLogged(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "log\nonenote "+m.url+" {\napp_signin http://localhost/callback\n}", "debug\nservers {\nlog_credentials\n}"))
	app := v2App(s)
	code := app.code("state", "canary-state")
	got := s.tokens(app.redeem(code, "client_secret", "canary-secret"))
	key, refresh := got["access_token"].(string), got["refresh_token"].(string)
	implicit := app.ask("response_type", "token").Header.Get("Location")
	s.open(key).want(t, 200, "")
	s.get(notebooks+"?access_token="+key).want(t, 200, "")
	s.get(notebooks, "X-Token", key).want(t, 200, "")
	s.get(notebooks, "Cookie", "token="+key).want(t, 200, "")
	s.get(notebooks, "Referer", s.url+"/oauth20_desktop.srf?code="+code).want(t, 200, "")
	s.get("/v5.0/me?access_token="+key).want(t, 200, "")
	s.get("/api/v1.0/me/notes/pages/"+key).want(t, 404, "")
	s.open(key+"x").want(t, 401, "signin_required")
	app.refresh(refresh)
	app.redeem(code)
	app.refresh("canary-token-of-microsoft")
	text := s.log() + readAll(t, filepath.Join(s.dir, "storage"))
	for _, secret := range []string{"onpxkey1", "canary-", parsed(t, implicit).Fragment} {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%q is in the log: …%s…", secret, text[max(0, i-200):min(len(text), i+100)])
		}
	}
	if strings.Count(text, "kept out of the access log") < 9 {
		t.Errorf("requests were not logged at all: %s", text)
	}
}

// Each request of a batch passes the guard again, with the key of the app.
func TestBatchInFrontOfGraphTakesKeysOfApps(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	_, refresh := m.issue("a@example.com", ofGraph)
	s.mustLoad(s.config("provider entra\ntenant consumers\nclient_id test\nauthority "+m.url+"\nscopes "+ofGraph+"\nrefresh_token "+refresh,
		"onenote "+m.url+" {\nupstream_api graph\nclient_key a a-client-key\napp_signin http://localhost/callback\n}"))
	app := v2App(s)
	app.headers = []string{"X-Onenote-Proxy-Key", "a-client-key"}
	key := app.signIn()["access_token"].(string)
	const body = "--b\r\nContent-Type: application/http\r\n\r\nGET /api/v1.0/me/notes/notebooks HTTP/1.1\r\n\r\n\r\n" +
		"--b\r\nContent-Type: application/http\r\n\r\nGET /api/v1.0/me/notes/sections HTTP/1.1\r\n\r\n\r\n--b--\r\n"
	for range 8 { // and none counts as a wrong client key
		res := s.do("POST", "/api/beta/$batch", body, "Content-Type", "multipart/mixed; boundary=b", "Authorization", "Bearer "+key)
		if res.StatusCode != 200 || strings.Count(res.body, "HTTP/1.1 200 OK") != 2 {
			t.Fatalf("got %d, want two responses: %s", res.StatusCode, res.body)
		}
	}
	if strings.Contains(string(m.control("GET", "requests", "")), "onpxkey1") {
		t.Error("a key has reached Microsoft")
	}
}
