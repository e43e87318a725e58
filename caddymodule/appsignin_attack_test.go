// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/base64"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

func basicOf(password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+password))
}

// A site that asks nobody for a key hands out keys to any program on the machine. They are
// no way around the client keys of another site of the same account.
func TestKeyOfASiteWithoutClientKeysDoesNotOpenOneThatHasThem(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	other := freePort(t)
	config := func(options string) string {
		return s.config(importedAccount(m), "onenote "+m.url+" {\napp_signin http://localhost/callback\n"+options+"\n}\n}\nhttp://:"+
			other+" {\nbind 127.0.0.1\nonenote "+m.url+" {\napp_signin http://localhost/callback\n}")
	}
	s.mustLoad(config("client_key a key-a\nclient_key a key-b"))
	open := *s
	open.url = "http://localhost:" + other

	got := v2App(&open).signIn()
	key, refresh := got["access_token"].(string), got["refresh_token"].(string)
	open.open(key).want(t, 200, "")
	s.open(key).want(t, 401, "signin_required")
	s.get(notebooks, "X-Onenote-Proxy-Key", key).want(t, 401, "signin_required")
	s.get(notebooks+"?access_token="+key, "Authorization", "Bearer key-a").want(t, 401, "signin_required")
	app := v2App(s)
	app.refresh(refresh).wantError(t, 400, "invalid_grant")
	app.redeem(v2App(&open).code()).wantError(t, 400, "invalid_grant")

	app.headers = []string{"Authorization", basicOf("key-a")}
	got = app.signIn()
	key, refresh = got["access_token"].(string), got["refresh_token"].(string)
	s.open(key).want(t, 200, "")
	open.open(key).want(t, 200, "")
	s.mustLoad(config("client_key a key-b\nclient_key c key-c")) // key-a was taken back
	s.open(key).want(t, 401, "signin_required")
	app.refresh(refresh).wantError(t, 400, "invalid_grant")
}

// A request may take its time after it was admitted. It is never sent with the token of
// somebody who has signed in meanwhile.
func TestSlowRequestWithAKeyNeverGetsTheNextPersonsToken(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("provider entra\ntenant consumers\nclient_id test\nauthority "+m.url+"\nscopes openid offline_access "+ofGraph,
		"onenote "+m.url+" {\nupstream_api graph\napp_signin http://localhost/callback\n}"))
	s.signIn(browser(), "default", "first@outlook.com")
	key := v2App(s).signIn()["access_token"].(string)
	s.open(key).want(t, 200, "")

	body := &bodyAfter{Reader: strings.NewReader("<html><head><title>left behind</title></head><body></body></html>"), first: func() {
		s.adminDo("DELETE", "/onenote/accounts/default", "")
		s.signIn(browser(), "default", "next@outlook.com")
		s.get(notebooks).want(t, 200, "")
	}}
	req, err := http.NewRequest("POST", s.url+"/api/v1.0/me/notes/pages", io.NopCloser(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "text/html")
	req.Header.Set("Expect", "100-continue")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: time.Minute}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body.first != nil {
		t.Fatal("the body was not read")
	}
	if res.StatusCode != 401 {
		t.Errorf("got %s, want 401", res.Status)
	}
	if got := s.get("/api/v1.0/me/notes/pages"); got.StatusCode != 200 || strings.Contains(got.body, "left behind") {
		t.Errorf("got %d %s, want the next person's pages as they were", got.StatusCode, got.body)
	}
}

// bodyAfter is a request body that is sent after something has happened.
type bodyAfter struct {
	io.Reader
	first func()
}

func (b *bodyAfter) Read(p []byte) (int, error) {
	if b.first != nil {
		b.first()
		b.first = nil
	}
	return b.Reader.Read(p)
}

// The requests of a batch pass the guard as if they had come alone, so they need the key
// with which the batch came; and no key goes upstream in any of them.
func TestRequestsOfABatchAreSentWithTheKeyOfTheBatch(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.translating(m, personal, ofGraph, "app_signin http://localhost/callback", "client_key a key-a"))
	app := v2App(s)
	app.headers = []string{"Authorization", basicOf("key-a")}
	key := app.signIn()["access_token"].(string)
	batch := "--b\r\nContent-Type: application/http\r\n\r\nGET " + notebooks + " HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n" +
		"--b\r\nContent-Type: application/http\r\n\r\nPOST /api/v1.0/me/notes/pages HTTP/1.1\r\nContent-Type: text/html\r\n\r\n<html><head><title>" + key + "</title></head></html>\r\n--b--\r\n"
	for name, way := range map[string][]string{
		"Bearer": {"", "Authorization", "Bearer " + key},
		"field":  {"", "X-Onenote-Proxy-Key", key},
		"query":  {"?access_token=" + key},
		"Basic":  {"", "Authorization", basicOf(key)},
	} {
		res := s.do("POST", "/api/v1.0/$batch"+way[0], batch, append(way[1:], "Content-Type", "multipart/mixed; boundary=b")...)
		if res.StatusCode != 200 || !strings.Contains(res.body, "HTTP/1.1 200 OK") || !strings.Contains(res.body, "HTTP/1.1 201 Created") {
			t.Errorf("%s: got %d %s, want both requests sent", name, res.StatusCode, res.body)
		}
	}
	if got := s.get("/api/v1.0/me/notes/pages", "Authorization", "Bearer key-a"); strings.Contains(got.body, "onpxkey1") {
		t.Errorf("got %s, want no key in a page", got.body)
	}
	wantKeysOnlyHere(t, m, s)
}

// A key in the path is overwritten in the line that stands in for the access log's, and
// what an app has asked its user for is not logged with the pages that follow.
func TestKeysInPathsAndWhatAppsAskForAreNotLogged(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "log\nonenote "+m.url+" {\napp_signin http://localhost/callback\n}"))
	key := v2App(s).signIn()["access_token"].(string)
	s.get(notebooks+"/"+key).want(t, 404, "")
	s.get("/x/"+key).want(t, 404, "not_found")
	s.get("/", "Referer", s.url+"/oauth20_logout.srf?id_token_hint=the-id-token").want(t, 200, "")
	s.get("/", "Referer", s.url+"/common/oauth2/authorize?login_hint=the-id-token", "Sec-Fetch-Site", "same-origin").want(t, 200, "")
	if log := s.log(); strings.Contains(log, key) || strings.Contains(log, "the-id-token") || !strings.Contains(log, notebooks+"/xxxxxxxx") {
		t.Errorf("got %s, want neither the key nor what apps ask for, and the paths", log)
	}
}

// A site without app_signin does not know the keys of the site beside it. An app that is
// sent there by mistake loses none.
func TestKeysOfOneSiteAreKeptAtAnotherWithoutAppSignin(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	other := freePort(t)
	s.mustLoad(s.config(importedAccount(m), "onenote "+m.url+" {\napp_signin http://localhost/callback\n}\n}\nhttp://:"+
		other+" {\nbind 127.0.0.1\nlog\nonenote "+m.url, "debug"))
	key := v2App(s).signIn()["access_token"].(string)
	plain := *s
	plain.url = "http://localhost:" + other
	plain.get(notebooks+"?token="+key).want(t, 200, "")
	plain.get(notebooks, "X-Token", key).want(t, 200, "")
	plain.get(notebooks+"/"+key).want(t, 404, "")
	plain.do("POST", "/api/v1.0/me/notes/pages", "<html><head><title>"+key+"</title></head></html>", "Content-Type", "text/html").want(t, 201, "")
	wantKeysOnlyHere(t, m, s)
	if !strings.Contains(s.log(), notebooks+"/xxxxxxxx") {
		t.Errorf("requests were not logged at all: %s", s.log())
	}
}

// A page of an allowed origin may use the API. It cannot decide for a person whether a
// device gets a key, with a client key that the browser has kept.
func TestPagesOfAllowedOriginsDoNotDecideAboutDevices(t *testing.T) {
	_, s := appSite(t, "allowed_origins https://trusted.example", "client_key a key-a")
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	asked := s.do("POST", "/common/oauth2/v2.0/devicecode", "client_id=x", append(form, "Origin", "https://trusted.example")...)
	code := regexp.MustCompile(`"user_code":"(\w+)"`).FindStringSubmatch(asked.body)[1]
	decide := append(form, "Authorization", basicOf("key-a"))
	s.do("POST", "/devicelogin", "decision=allow&code="+code, append(decide, "Origin", "https://trusted.example")...).want(t, 403, "forbidden_origin")
	res := s.do("POST", "/devicelogin", "decision=allow&code="+code, append(decide, "Origin", s.url)...)
	if res.StatusCode != 200 || !strings.Contains(res.body, "has its key") {
		t.Errorf("on our page: got %d %s, want the device allowed", res.StatusCode, res.body)
	}
}

// A refresh token that is handed out can be used, also with as many scopes as fit.
func TestRefreshTokenThatIsHandedOutCanBeUsed(t *testing.T) {
	_, s := appSite(t)
	app := v2App(s)
	for _, n := range []int{100, 1000} {
		app.scope = "offline_access" + strings.Repeat(" <a&b>", n)
		res := app.redeem(app.code())
		if res.StatusCode != 200 {
			res.wantError(t, 400, "invalid_scope")
			continue
		}
		app.refresh(s.tokens(res)["refresh_token"].(string)).want(t, 200, "")
	}
}

// Anybody who may ask for a device code makes the proxy keep what was asked for.
func TestParametersOfTokenRequestsAreBounded(t *testing.T) {
	_, s := appSite(t)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	long := strings.Repeat("x", 9000)
	s.do("POST", "/common/oauth2/v2.0/devicecode", "client_id=x&scope="+long, form...).wantError(t, 400, "invalid_request")
	s.do("POST", "/common/oauth2/v2.0/devicecode", "client_id="+long, form...).wantError(t, 400, "invalid_request")
	v2App(s).refresh(long).wantError(t, 400, "invalid_request")
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(long+":secret"))
	s.do("POST", "/common/oauth2/v2.0/devicecode", "scope=x", append(form, "Authorization", basic)...).wantError(t, 400, "invalid_request")
}

// One address gets a share of the device codes that there are, and no more.
func TestClientsElsewhereDoNotTakeAllDeviceCodes(t *testing.T) {
	_, s := appSite(t, "client_key a key-a", "allow_remote_signin")
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	ask := func(headers ...string) response {
		return s.do("POST", "/common/oauth2/v2.0/devicecode", "client_id=x", append(headers, form...)...)
	}
	for range 64 {
		ask("X-Forwarded-For", "192.0.2.1").want(t, 200, "")
	}
	res := ask("X-Forwarded-For", "192.0.2.1")
	if res.wantError(t, 429, "temporarily_unavailable"); res.Header.Get("Retry-After") == "" {
		t.Error("there is no Retry-After")
	}
	ask().want(t, 200, "")
}

// Options of reverse_proxy may copy what the client has sent.
func TestKeysThatHeaderUpCopiesDoNotGoUpstream(t *testing.T) {
	m, s := appSite(t, "header_up X-Original-Uri {http.request.uri}", "header_up X-Original-Authorization {http.request.header.Authorization}")
	key := v2App(s).signIn()["access_token"].(string)
	s.open(key).want(t, 200, "")
	s.get(notebooks+"?access_token="+key).want(t, 200, "")
	if seen := string(m.control("GET", "requests", "")); strings.Contains(seen, "onpxkey1") || !strings.Contains(seen, "Bearer xxxxxxxx") || !strings.Contains(seen, "access_token=xxxxxxxx") {
		t.Errorf("got %s, want what header_up has copied, without keys", seen)
	}
}
