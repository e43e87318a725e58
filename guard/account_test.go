// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

func TestClientSeesTheAccountChosenForItsRequestAlone(t *testing.T) {
	known := map[string]bool{"alice": true, "bob": true, "work": true}
	g := newGuard(t, guard.Config{
		Account:           "not used",
		AccountPerRequest: true,
		AllowRemoteSignin: true,
		Serves:            func(account string) bool { return known[account] },
		ClientKeys:        []guard.ClientKey{{Name: "scanner", Key: "key-of-scanner", Account: "work"}, {Name: "admin", Key: "key-of-admin"}},
		Callback:          func(r *http.Request) bool { return r.URL.Query().Get("state") == "live" },
	})
	alice := guard.Peer{Authenticated: true, Account: "alice"}
	admin := field("Authorization", "Bearer key-of-admin")
	for _, from := range []string{local, remote} {
		checkAll(t, g, []call{
			{name: "status", line: "GET /auth/status", from: from, peer: alice, kind: guard.Page},
			{name: "own sign-in", line: "POST /auth/alice/signin", from: from, peer: alice, kind: guard.Page},
			{name: "own callback", line: "GET /auth/alice/callback?state=live", from: from, peer: alice, kind: guard.Page},
			{name: "other's page", line: "GET /auth/bob/signin", from: from, peer: alice, want: apierror.UnknownAccount},
			{name: "other's sign-in", line: "POST /auth/bob/signin", from: from, peer: alice, want: apierror.UnknownAccount},
			{name: "other's paste", line: "POST /auth/bob/paste", from: from, peer: alice, want: apierror.UnknownAccount},
			{name: "other's sign-out", line: "POST /auth/bob/signout", from: from, peer: alice, want: apierror.UnknownAccount},
			{name: "other's callback", line: "GET /auth/bob/callback?state=live", from: from, peer: alice, want: apierror.UnknownAccount},
			{name: "other's callback with form", line: "POST /auth/bob/callback?state=live", from: from, peer: alice, want: apierror.UnknownAccount},
			{name: "nobody's account", from: from, peer: guard.Peer{Authenticated: true, Account: "carol"}, want: apierror.UnknownAccount},
			{name: "nobody's status", line: "GET /auth/status", from: from, peer: guard.Peer{Authenticated: true, Account: "carol"}, want: apierror.UnknownAccount},
			{name: "no account", line: "GET /", from: from, peer: guard.Peer{Authenticated: true}, want: apierror.UnknownAccount},
			{name: "no account, with a key for all", line: "GET /", from: from, header: admin, want: apierror.UnknownAccount},
		})
		if from == remote {
			// The account may be chosen by what shows nothing about the client.
			checkAll(t, g, []call{
				{name: "own callback, without a key", line: "GET /auth/alice/callback?state=live", from: from, peer: guard.Peer{Account: "alice"}, kind: guard.Page},
				{name: "other's callback, without a key", line: "GET /auth/bob/callback?state=live", from: from, peer: guard.Peer{Account: "alice"}, want: apierror.UnknownAccount},
			})
		}
		for _, line := range []string{"GET " + notebooks, "GET /", "GET /readyz"} {
			route, refusal := g.Admit(call{line: line, from: from}.request(t), alice)
			if refusal != nil || route.Account != "alice" || !route.Bound {
				t.Errorf("%s: got %+v, %v, want alice alone", line, route, refusal)
			}
			route, refusal = g.Admit(call{line: line, from: from, header: field("Authorization", "Bearer key-of-scanner")}.request(t), alice)
			if refusal != nil || route.Account != "work" || !route.Bound {
				t.Errorf("%s with a bound key: got %+v, %v, want work alone", line, route, refusal)
			}
		}
	}
}

// What a stranger may not see at a page, a probe must not tell.
func TestProbeKnowsStrangersFromClients(t *testing.T) {
	config := guard.Config{
		Account:        "home",
		AllowedOrigins: []string{"https://app.example"},
		ClientKeys:     []guard.ClientKey{{Name: "scanner", Key: "key-of-scanner", Account: "work"}, {Name: "admin", Key: "key-of-admin"}},
	}
	keyed := newGuard(t, config)
	config.ClientKeys = nil
	keyless := newGuard(t, config)
	bound, admin := field("Authorization", "Bearer key-of-scanner"), field("Authorization", "Bearer key-of-admin")
	tests := []struct {
		name     string
		g        *guard.Guard
		call     call
		stranger bool
		account  string
	}{
		{"local", keyless, call{}, false, ""},
		{"remote", keyless, call{from: remote}, true, ""},
		{"forwarded", keyless, call{header: field("Via", "1.1 x")}, true, ""},
		{"rebound host", keyless, call{host: "evil.example"}, true, ""},
		{"page of another site", keyless, call{header: field("Sec-Fetch-Site", "cross-site")}, true, ""},
		{"page of an allowed origin", keyless, call{header: field("Origin", "https://app.example")}, false, ""},
		{"authenticated", keyless, call{from: remote, peer: guard.Peer{Authenticated: true}}, false, "home"},
		{"local without a key", keyed, call{}, true, ""},
		{"remote without a key", keyed, call{from: remote}, true, ""},
		{"local with a bound key", keyed, call{header: bound}, false, "work"},
		{"remote with a bound key", keyed, call{from: remote, header: bound}, false, "work"},
		{"local with a key for all", keyed, call{header: admin}, false, ""},
		{"remote with a key for all", keyed, call{from: remote, header: admin}, false, "home"},
		{"keys cannot be read", keyed.ProbesOnly(&apierror.Error{Cause: apierror.Misconfigured}), call{header: bound}, true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.call.line, tt.call.kind = "GET /readyz?account=work&wait=60s", guard.Probe
			route := tt.call.check(t, tt.g)
			if route == nil {
				return
			}
			if route.Stranger != tt.stranger || !tt.stranger && (route.Account != tt.account || route.Bound != (tt.account != "")) {
				t.Errorf("got %+v, want stranger %t, account %q", route, tt.stranger, tt.account)
			}
		})
	}
}

// A probe must not be a place to guess keys at any speed.
func TestGuessesAtProbesAreLimited(t *testing.T) {
	g, _ := slowGuard(t)
	ask := func(key string) bool {
		route, refusal := g.Admit(call{line: "GET /readyz", from: remote, header: field("Authorization", "Bearer "+key)}.request(t), guard.Peer{})
		if refusal != nil {
			t.Fatal(refusal)
		}
		return !route.Stranger
	}
	for i := range 10 {
		if ask(string(rune('a' + i))) {
			t.Fatalf("wrong key %d is taken for a right one", i+1)
		}
	}
	if ask("key-of-app") {
		t.Error("a right guess while the address waits is told from a wrong one")
	}
}

func TestPictureOfAccountThatSiteDoesNotServeIsRefused(t *testing.T) {
	c := &clock{time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)}
	s, err := picture.New(c.now, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	site := func(change func(*guard.Config)) *guard.Guard {
		config := guard.Config{Upstream: pictureUpstream, Pictures: s, Now: c.now}
		change(&config)
		return newGuard(t, config)
	}
	work := site(func(c *guard.Config) { c.Account = "work" })
	keyed := site(func(c *guard.Config) {
		c.Account, c.ClientKeys = "work", []guard.ClientKey{{Name: "a", Key: "b", Account: "home"}}
	})
	perRequest := site(func(c *guard.Config) {
		c.AccountPerRequest, c.Serves = true, func(account string) bool { return account == "home" }
	})
	for _, tt := range []struct {
		name    string
		g       *guard.Guard
		account string
		want    apierror.Cause
	}{
		{"the configured account", work, "work", ""},
		{"account of another site", work, "home", apierror.ForbiddenClient},
		{"account of a key", keyed, "home", ""},
		{"account of neither", keyed, "other", apierror.ForbiddenClient},
		{"no account", work, "", apierror.ForbiddenClient},
		{"account that a request may choose", perRequest, "home", ""},
		{"account that no request may choose", perRequest, "gone", apierror.ForbiddenClient},
	} {
		t.Run(tt.name, func(t *testing.T) {
			query := s.AppendQuery(nil, picture.Picture{Account: tt.account, Upstream: pictureUpstream, Path: picturePath, Expires: c.Add(time.Hour)})
			call{line: "GET " + picturePath + "?" + string(query), from: remote, want: tt.want, kind: guard.Picture}.check(t, tt.g)
		})
	}
}

func TestResponseVariesByWhatShowsTheClient(t *testing.T) {
	keys := []guard.ClientKey{{Name: "app", Key: "key-of-app"}}
	header := field("Authorization", "Bearer key-of-app")
	served := func(string) bool { return true }
	for _, tt := range []struct {
		name   string
		config guard.Config
		call   call
		want   string
	}{
		{"local, no keys", guard.Config{Account: "a"}, call{}, ""},
		{"remote, no keys", guard.Config{Account: "a"}, call{from: remote, peer: guard.Peer{Authenticated: true}}, "Authorization"},
		{"keys", guard.Config{Account: "a", ClientKeys: keys}, call{header: header}, "Authorization, X-Onenote-Proxy-Key"},
		{"account per request", guard.Config{AccountPerRequest: true, Serves: served}, call{peer: guard.Peer{Account: "a"}}, "*"},
		{"account per request and keys", guard.Config{AccountPerRequest: true, Serves: served, ClientKeys: keys}, call{header: header}, "*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if route := tt.call.check(t, newGuard(t, tt.config)); route != nil && route.Vary != tt.want {
				t.Errorf("got %q, want %q", route.Vary, tt.want)
			}
		})
	}
}
