// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

func decodeAs[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

func TestAdminAPIShowsAndRefreshesAccounts(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m)+"\naccount b\naccount a", "onenote "+m.url+" {\naccount a\n}"))
	list := decodeAs[accountList](t, s.adminDo("GET", "/onenote/accounts", "").body)
	if len(list.Accounts) != 2 || list.Accounts[0].Name != "a" || list.Accounts[1].Name != "b" {
		t.Fatalf("accounts: got %+v, want a and b", list.Accounts)
	}
	if got, want := *list.Accounts[0].SigninURL, s.url+"/auth/a/signin"; got != want {
		t.Errorf("signin_url: got %s, want %s", got, want)
	}
	res := s.adminDo("POST", "/onenote/accounts/a/refresh", "")
	if status := decodeAs[tokens.Status](t, res.body); res.StatusCode != 200 || status.AccessTokenExpiresAt == nil {
		t.Errorf("refresh: got %s %s", res.Status, res.body)
	}
	if status := decodeAs[tokens.Status](t, s.adminDo("GET", "/onenote/accounts/b", "").body); status.AccessTokenExpiresAt != nil {
		t.Errorf("refreshing a refreshed b too: %+v", status)
	}
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/onenote/accounts/nobody", 404},
		{"POST", "/onenote/accounts/nobody/refresh", 404},
		{"GET", "/onenote/accounts/a/signin/unknown", 404},
		{"GET", "/onenote/accounts/a/refresh", 405},
		{"PUT", "/onenote/accounts", 405},
	} {
		if res := s.adminDo(tt.method, tt.path, ""); res.StatusCode != tt.status {
			t.Errorf("%s %s: got %s, want %d", tt.method, tt.path, res.Status, tt.status)
		}
	}
	if res := s.adminDo("POST", "/onenote/accounts/a/signin", `{"flow":"token"}`); res.StatusCode != 400 {
		t.Errorf("a flow whose end cannot be polled: got %s", res.Status)
	}
	if res := s.adminDo("POST", "/onenote/accounts/a/signin", `{"user":"x"}`); res.StatusCode != 400 {
		t.Errorf("an unknown member: got %s", res.Status)
	}
}

func TestRenamedAdminPathSaysItsNewName(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	if res := s.adminDo("POST", "/onenote/accounts/default/renew", ""); res.StatusCode != 404 || !strings.Contains(res.body, "POST /onenote/accounts/{name}/refresh") {
		t.Errorf("got %s %s, want 404 and the new path", res.Status, res.body)
	}
}

func TestSignOutOverTheAdminAPIIsKeptOverAReload(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	if res := s.adminDo("DELETE", "/onenote/accounts/default", ""); res.StatusCode != http.StatusNoContent {
		t.Errorf("got %s %s", res.Status, res.body)
	}
	s.get(notebooks).want(t, 401, "signin_required")
	// The refresh token of the configuration was imported once already.
	s.mustLoad(s.plain(m, "links off"))
	s.get(notebooks).want(t, 401, "signin_required")
	if res := s.adminDo("POST", "/onenote/accounts/default/refresh", ""); res.StatusCode != http.StatusConflict {
		t.Errorf("refreshing a signed-out account: got %s %s, want 409", res.Status, res.body)
	}
}

// The sign-in belongs to the operator, so no cookie ties it to a browser.
func TestSignInFromAdminAPIEndsInAnyBrowser(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url))
	begin := func(flow string) signin.Attempt {
		t.Helper()
		res := s.adminDo("POST", "/onenote/accounts/default/signin", `{"flow":"`+flow+`"}`)
		a := decodeAs[signin.Attempt](t, res.body)
		if res.StatusCode != 200 || a.ID == "" || a.State != signin.AttemptPending {
			t.Fatalf("begin: got %s %s", res.Status, res.body)
		}
		return a
	}
	ask := func(a signin.Attempt) signin.Attempt {
		t.Helper()
		return decodeAs[signin.Attempt](t, s.adminDo("GET", "/onenote/accounts/default/signin/"+a.ID, "").body)
	}
	t.Run("code", func(t *testing.T) {
		a := begin("code")
		s.submit(browser(), a.URL, url.Values{"user": {"one@outlook.com"}, "decision": {"accept"}})
		if got := ask(a); got.State != signin.AttemptDone {
			t.Errorf("got %+v, want it done", got)
		}
		s.get(notebooks).want(t, 200, "")
	})
	t.Run("paste", func(t *testing.T) {
		s.adminDo("DELETE", "/onenote/accounts/default", "")
		a := begin("code")
		client := browser()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		ended := s.submit(client, a.URL, url.Values{"user": {"one@outlook.com"}, "decision": {"accept"}}).Header.Get("Location")
		path := "/onenote/accounts/default/signin/" + a.ID + "/paste"
		body, err := json.Marshal(map[string]string{"address": ended})
		if err != nil {
			t.Fatal(err)
		}
		if res := s.adminDo("POST", path, `{"address":"https://evil.example/?code=x"}`); res.StatusCode != 400 || !strings.Contains(res.body, "account default: ") {
			t.Errorf("a foreign address: got %s %s, want 400 and the account's name", res.Status, res.body)
		}
		if res := s.adminDo("POST", path, string(body)); res.StatusCode != 200 {
			t.Errorf("paste: got %s %s", res.Status, res.body)
		}
		s.get(notebooks).want(t, 200, "")
	})
	t.Run("device", func(t *testing.T) {
		if a := begin("device"); a.UserCode == "" || a.VerificationURI == "" {
			t.Errorf("got %+v, want a code and where to enter it", a)
		}
	})
}

func TestSignInIDWorksForItsAccountOnly(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url+"\naccount a\naccount b", "onenote "+m.url+" {\naccount a\n}"))
	id := decodeAs[signin.Attempt](t, s.adminDo("POST", "/onenote/accounts/a/signin", "").body).ID
	for _, tt := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/onenote/accounts/b/signin/" + id, "", 404},
		{"POST", "/onenote/accounts/b/signin/" + id + "/paste", `{"address":"` + s.url + `/auth/a/callback?code=x"}`, 404},
		{"GET", "/onenote/accounts/a/signin/" + id, "", 200},
	} {
		if res := s.adminDo(tt.method, tt.path, tt.body); res.StatusCode != tt.status {
			t.Errorf("%s %s: got %s %s, want %d", tt.method, tt.path, res.Status, res.body, tt.status)
		}
	}
}

func TestAdminAPIWithoutAccountsIsNotFound(t *testing.T) {
	s := newServer(t)
	s.mustLoad("{\nadmin " + s.admin + "\npersist_config off\n}\nhttp://:" + s.port() + " {\nbind 127.0.0.1\n}")
	res := s.adminDo("GET", "/onenote/accounts", "")
	if res.StatusCode != 404 || !strings.Contains(res.body, "no account is configured") {
		t.Errorf("got %s %s, want 404", res.Status, res.body)
	}
}
