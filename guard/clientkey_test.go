// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func keyedGuard(t testing.TB) *guard.Guard {
	return newGuard(t, guard.Config{
		Account: "default",
		ClientKeys: []guard.ClientKey{
			{Name: "scanner", Key: "key-of-scanner", Account: "work"},
			{Name: "scanner", Key: "next-key-of-scanner", Account: "work"},
			{Name: "admin", Key: "key:of admin=", Account: ""},
			{Name: "home", Key: "key-of-home-ü", Account: "home"},
		},
	})
}

func TestRemoteClientWithKeyIsAdmitted(t *testing.T) {
	g := keyedGuard(t)
	tests := []struct {
		name            string
		header          http.Header
		client, account string
		bound           bool
	}{
		{"bearer", field("Authorization", "Bearer key-of-scanner"), "scanner", "work", true},
		{"bearer in lower case, as old apps write it", field("Authorization", "bearer key-of-scanner"), "scanner", "work", true},
		{"bearer with spaces", field("Authorization", "  Bearer   key-of-scanner "), "scanner", "work", true},
		{"basic", field("Authorization", basic("anybody", "key-of-scanner")), "scanner", "work", true},
		{"basic without a user", field("Authorization", basic("", "key-of-scanner")), "scanner", "work", true},
		{"basic in UTF-8", field("Authorization", basic("x", "key-of-home-ü")), "home", "home", true},
		{"basic with a colon in the key", field("Authorization", basic("x", "key:of admin=")), "admin", "default", false},
		{"field of its own", field("X-Onenote-Proxy-Key", "key-of-scanner"), "scanner", "work", true},
		{"field of its own beside the app's own token", field("X-Onenote-Proxy-Key", "key-of-scanner", "Authorization", "Bearer EwB4"), "scanner", "work", true},
		{"the next key of the same name", field("Authorization", "Bearer next-key-of-scanner"), "scanner", "work", true},
		{"a key for all accounts", field("Authorization", "Bearer key:of admin="), "admin", "default", false},
	}
	for _, from := range []string{remote, local, "@"} {
		for _, tt := range tests {
			t.Run(from+" "+tt.name, func(t *testing.T) {
				route := call{from: from, header: tt.header}.check(t, g)
				if route == nil {
					return
				}
				bound := tt.bound || from == remote // a remote client sees the configured account alone
				if route.KeyName != tt.client || route.Account != tt.account || route.Bound != bound || route.Remote != (from == remote) {
					t.Errorf("got %+v, want client %s, account %s, bound %t", route, tt.client, tt.account, bound)
				}
			})
		}
	}
}

func TestRemoteClientWithoutValidKeyIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		header http.Header
	}{
		{"none", nil},
		{"another", field("Authorization", "Bearer key-of-nobody")},
		{"empty", field("Authorization", "Bearer ")},
		{"scheme alone", field("Authorization", "Bearer")},
		{"empty field", field("Authorization", "")},
		{"key without a scheme", field("Authorization", "key-of-scanner")},
		{"another scheme", field("Authorization", "Token key-of-scanner")},
		{"longer", field("Authorization", "Bearer key-of-scanner1")},
		{"shorter", field("Authorization", "Bearer key-of-scanne")},
		{"in capitals", field("Authorization", "Bearer KEY-OF-SCANNER")},
		{"as the user name", field("Authorization", basic("key-of-scanner", ""))},
		{"basic that is no base64", field("Authorization", "Basic key-of-scanner")},
		{"basic without a colon", field("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("key-of-scanner")))},
		{"name for the key", field("Authorization", "Bearer scanner")},
		{"twice", field("Authorization", "Bearer key-of-scanner", "Authorization", "Bearer key-of-scanner")},
		{"in a list", field("Authorization", "Bearer key-of-scanner, Bearer x")},
		{"in the proxy's field", field("Proxy-Authorization", "Bearer key-of-scanner")},
		{"in an alias", field("X_Onenote_Proxy_Key", "key-of-scanner")},
		{"in a cookie", field("Cookie", "key=key-of-scanner")},
		{"field of its own, wrong", field("X-Onenote-Proxy-Key", "key-of-nobody")},
		{"field of its own, empty", field("X-Onenote-Proxy-Key", "")},
		{"field of its own, twice", field("X-Onenote-Proxy-Key", "key-of-scanner", "X-Onenote-Proxy-Key", "key-of-scanner")},
		{"field of its own wrong, the other right", field("X-Onenote-Proxy-Key", "x", "Authorization", "Bearer key-of-scanner")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			call{from: remote, header: tt.header, want: apierror.ForbiddenClient}.check(t, keyedGuard(t))
		})
	}
	t.Run("in the query", func(t *testing.T) {
		call{line: "GET " + notebooks + "?access_token=key-of-scanner&key=key-of-scanner", from: remote, want: apierror.ForbiddenClient}.check(t, keyedGuard(t))
	})
	t.Run("no keys configured", func(t *testing.T) {
		g := newGuard(t, guard.Config{})
		for range 30 { // there is no key to guess, so no client must wait
			call{from: remote, header: field("Authorization", "Bearer "), want: apierror.ForbiddenClient}.check(t, g)
		}
	})
}

// Old apps send the token they once had, and the server around us may use
// Authorization for itself. Our own field is only meant for us, so a wrong key
// there is refused.
func TestUnknownAuthorizationIsIgnoredWhereNoKeyIsNeeded(t *testing.T) {
	keyed, keyless := keyedGuard(t), newGuard(t, guard.Config{Account: "default"})
	for _, tt := range []struct {
		g *guard.Guard
		c call
	}{
		{keyless, call{}}, {keyless, call{from: "@"}}, {keyless, call{from: remote, peer: guard.Peer{Authenticated: true}}},
		{keyed, call{peer: guard.Peer{Authenticated: true}}}, {keyed, call{from: remote, peer: guard.Peer{Authenticated: true}}},
	} {
		g, c := tt.g, tt.c
		for _, authorization := range []string{"Bearer EwB4Aq", basic("user", "password"), "Negotiate x", ""} {
			c.header, c.want = field("Authorization", authorization), ""
			if route := c.check(t, g); route != nil && (route.Account != "default" || route.Bound != route.Remote || route.KeyName != "") {
				t.Errorf("%s: got %+v, want the configured account", authorization, route)
			}
		}
		for range 30 { // it is always 403: these clients gain nothing by guessing
			c.header, c.want = field("X-Onenote-Proxy-Key", "key-of-nobody"), apierror.ForbiddenClient
			c.check(t, g)
		}
	}
}

// A challenge is for a person in a browser. An app cannot use it, and some apps
// take it for one of the service.
func TestOnlyPagesSendChallenge(t *testing.T) {
	g := keyedGuard(t)
	tests := []struct {
		line      string
		status    int
		challenge string
	}{
		{"GET " + notebooks, 403, ""},
		{"GET /", 401, `Basic realm="onenote", charset="UTF-8"`},
		{"GET /auth/status", 401, `Basic realm="onenote", charset="UTF-8"`},
		{"GET /auth/work/signin", 401, `Basic realm="onenote", charset="UTF-8"`},
		{"GET /auth/work/callback", 401, `Basic realm="onenote", charset="UTF-8"`},
	}
	for _, tt := range tests {
		for _, h := range []http.Header{nil, field("Authorization", basic("x", "wrong"))} {
			_, refusal := g.Admit(call{line: tt.line, from: remote, header: h}.request(t), guard.Peer{})
			if refusal == nil || refusal.Cause != apierror.ForbiddenClient || refusal.Status() != tt.status || refusal.Challenge != tt.challenge {
				t.Errorf("%s: got %+v, want %d with challenge %q", tt.line, refusal, tt.status, tt.challenge)
			}
		}
	}
	_, refusal := g.Admit(call{line: "GET /", from: remote, header: field("X-Onenote-Proxy-Key", "wrong")}.request(t), guard.Peer{})
	if refusal == nil || refusal.Status() != 403 {
		t.Errorf("our own field, wrong, on a page: got %v, want 403", refusal)
	}
}

// A key that is bound to one account must not reach the pages of another
// (mix-up of accounts), and the configured account must not widen it.
func TestBoundKeyReachesOnlyItsAccount(t *testing.T) {
	g := newGuard(t, guard.Config{
		Account:           "default",
		AllowRemoteSignin: true,
		ClientKeys:        []guard.ClientKey{{Name: "scanner", Key: "key-of-scanner", Account: "work"}, {Name: "admin", Key: "key-of-admin"}},
	})
	for _, from := range []string{remote, local} {
		bound, all := field("Authorization", "Bearer key-of-scanner"), field("Authorization", "Bearer key-of-admin")
		for line, want := range map[string]apierror.Cause{
			"GET /":                      "",
			"GET /auth/status":           "",
			"GET /auth/work/signin":      "",
			"POST /auth/work/signout":    "",
			"GET /auth/default/signin":   apierror.UnknownAccount,
			"POST /auth/default/signin":  apierror.UnknownAccount,
			"POST /auth/default/signout": apierror.UnknownAccount,
			"GET /auth/work2/signin":     apierror.UnknownAccount,
		} {
			endpoint := strings.Split(line, "/")
			route := call{line: line, from: from, header: bound, want: want, kind: guard.Page}.check(t, g)
			if route != nil && (route.Account != "work" || !route.Bound) {
				t.Errorf("%s: got %+v, want it bound to work", line, route)
			}
			if from == local {
				route = call{line: line, from: from, header: all, kind: guard.Page}.check(t, g)
				if route != nil && (route.Account != "" || route.Bound) {
					t.Errorf("%s: got %+v, want all accounts", line, route)
				}
				continue
			}
			want = ""
			if len(endpoint) == 4 && endpoint[2] != "default" {
				want = apierror.UnknownAccount
			}
			route = call{line: line, from: from, header: all, want: want, kind: guard.Page}.check(t, g)
			if route != nil && (route.Account != "default" || !route.Bound) {
				t.Errorf("%s: got %+v, want the configured account alone", line, route)
			}
		}
	}
}

func TestRemoteSigninIsRefusedUnlessAllowed(t *testing.T) {
	live := func(r *http.Request) bool { return r.URL.Query().Get("state") == "live" }
	keys := []guard.ClientKey{{Name: "admin", Key: "key-of-admin"}}
	closed := newGuard(t, guard.Config{ClientKeys: keys, Callback: live})
	open := newGuard(t, guard.Config{ClientKeys: keys, Callback: live, AllowRemoteSignin: true})
	key := field("Authorization", "Bearer key-of-admin")
	tests := []struct {
		name, line   string
		header       http.Header
		closed, open apierror.Cause
		closedStatus int
	}{
		{"page with key", "GET /auth/a/signin", key, "", "", 0},
		{"start with key", "POST /auth/a/signin", key, apierror.ForbiddenClient, "", 403},
		{"start without key", "POST /auth/a/signin", nil, apierror.ForbiddenClient, apierror.ForbiddenClient, 403},
		{"paste with key", "POST /auth/a/paste", key, apierror.ForbiddenClient, "", 403},
		{"sign out with key", "POST /auth/a/signout", key, apierror.ForbiddenClient, "", 403},
		{"callback with live state", "GET /auth/a/callback?state=live", nil, "", "", 0},
		{"form_post with live state", "POST /auth/a/callback?state=live", nil, "", "", 0},
		{"callback with another state", "GET /auth/a/callback?state=dead", nil, apierror.ForbiddenClient, apierror.ForbiddenClient, 401},
		{"callback with another state and key", "GET /auth/a/callback?state=dead", key, "", "", 0},
		{"form_post with another state", "POST /auth/a/callback?state=dead", key, apierror.ForbiddenClient, "", 403},
		{"live state elsewhere", "GET /auth/a/signin?state=live", nil, apierror.ForbiddenClient, apierror.ForbiddenClient, 401},
		{"live state at the API", "GET " + notebooks + "?state=live", nil, apierror.ForbiddenClient, apierror.ForbiddenClient, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := call{line: tt.line, header: tt.header, from: remote, kind: guard.Page}
			c.want, c.status = tt.closed, tt.closedStatus
			c.check(t, closed)
			c.want, c.status = tt.open, 0
			if strings.HasPrefix(tt.line, "GET /auth") || strings.HasPrefix(tt.line, "POST /auth") {
				c.status = 401
			}
			c.check(t, open)
		})
	}
	t.Run("local", func(t *testing.T) {
		for _, line := range []string{"POST /auth/a/signin", "POST /auth/a/signout", "POST /auth/a/paste", "GET /auth/a/callback"} {
			call{line: line, header: key, kind: guard.Page}.check(t, closed)
			call{line: line, want: apierror.ForbiddenClient, status: 401}.check(t, closed)
			call{line: line, kind: guard.Page}.check(t, newGuard(t, guard.Config{}))
		}
		call{line: "GET /auth/a/callback?state=live", kind: guard.Page}.check(t, closed)
	})
	t.Run("no Callback configured", func(t *testing.T) {
		call{line: "GET /auth/a/callback?state=live", from: remote, want: apierror.ForbiddenClient, status: 401}.check(t, newGuard(t, guard.Config{}))
	})
}

func TestKeyAtASiteWithoutKeysIsToldSo(t *testing.T) {
	_, refusal := newGuard(t, guard.Config{}).Admit(call{header: field("X-Onenote-Proxy-Key", "canary")}.request(t), guard.Peer{})
	if refusal == nil || !strings.Contains(refusal.Message, "this site has no client_key") || strings.Contains(refusal.Message, "canary") {
		t.Errorf("got %v", refusal)
	}
}

// The message must help the right person and not the wrong one.
func TestRefusedClientIsToldWhichOptionToSet(t *testing.T) {
	g := keyedGuard(t)
	for _, tt := range []struct {
		call call
		want string
	}{
		{call{from: remote}, "does not come from this machine"},
		{call{from: remote}, "the option client_key and send it as Authorization: Bearer"},
		{call{from: remote}, "the option trusted_peers"},
		{call{header: field("Via", "1.1 x")}, "came through another proxy"},
		{call{}, "this site has client keys, and with them every client needs one, also on this machine"},
		{call{line: "POST /auth/a/signin", from: remote}, "set the option allow_remote_signin"},
		{call{header: field("X-Onenote-Proxy-Key", "canary")}, "X-Onenote-Proxy-Key is none of the keys that the option client_key holds"},
	} {
		_, refusal := g.Admit(tt.call.request(t), guard.Peer{})
		if refusal == nil || !strings.Contains(refusal.Message, tt.want) {
			t.Errorf("got %v, want a message with %q", refusal, tt.want)
		}
		if refusal != nil && (strings.Contains(refusal.Message, "canary") || strings.Contains(refusal.Message, "key-of")) {
			t.Errorf("the message holds a key: %s", refusal.Message)
		}
	}
}
