// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// someAppKeys are the keys app:<account>, granted with the client key "secret", and
// app:<account>@<client key>; app:dead opens nothing.
type someAppKeys struct{}

func (someAppKeys) Has(text string) bool { return strings.HasPrefix(text, "app:") }

func (someAppKeys) Check(_ context.Context, key string) (guard.AppGrant, *apierror.Error) {
	account, clientKey, given := strings.Cut(strings.TrimPrefix(key, "app:"), "@")
	if account == "dead" {
		return guard.AppGrant{}, &apierror.Error{Cause: apierror.SigninRequired, Message: "dead"}
	}
	if !given {
		clientKey = "secret"
	}
	return guard.AppGrant{Account: account, SignIn: "sign-in", ClientKey: idOf(clientKey)}, nil
}

// idOf is Route.ClientKey of a client key.
func idOf(key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

func appGuard(t testing.TB, edit ...func(*guard.Config)) *guard.Guard {
	t.Helper()
	c := guard.Config{
		Paths: []string{"/api/"}, Account: "notes", AppKeys: someAppKeys{},
		Serves: func(account string) bool { return account == "notes" || account == "other" },
	}
	for _, e := range edit {
		e(&c)
	}
	return newGuard(t, c)
}

func withKeys(c *guard.Config) {
	c.ClientKeys = []guard.ClientKey{{Name: "any", Key: "secret"}, {Name: "bound", Key: "bound-secret", Account: "other"}}
}

func TestAppKeyOpensTheAPIOfItsAccount(t *testing.T) {
	for _, tt := range []struct {
		call
		keyed   bool
		account string
	}{
		{call: call{name: "no key"}, account: "notes"},
		{call: call{name: "a token of Microsoft", header: http.Header{"Authorization": {"Bearer x"}}}, account: "notes"},
		{call: call{name: "bearer", header: http.Header{"Authorization": {"Bearer app:other"}}}, account: "other"},
		{call: call{name: "basic", header: http.Header{"Authorization": {"Basic dTphcHA6b3RoZXI="}}}, keyed: true, account: "other"},
		{call: call{name: "own field", header: http.Header{"X-Onenote-Proxy-Key": {"app:other"}}}, keyed: true, account: "other"},
		{call: call{name: "query", line: "GET " + notebooks + "?x&acc%65ss_token=app%3Aother"}, keyed: true, account: "other"},
		{call: call{name: "remote", from: remote, header: http.Header{"Authorization": {"Bearer app:notes"}}}, account: "notes"},
		{call: call{name: "beside a client key", header: http.Header{"Authorization": {"Bearer app:other"}, "X-Onenote-Proxy-Key": {"secret"}}}, keyed: true, account: "other"},
		{call: call{name: "beside a client key of another account", header: http.Header{"Authorization": {"Bearer app:notes"}, "X-Onenote-Proxy-Key": {"bound-secret"}}, want: apierror.UnknownAccount}, keyed: true},
		{call: call{name: "beside a wrong client key", header: http.Header{"Authorization": {"Bearer app:notes"}, "X-Onenote-Proxy-Key": {"wrong"}}, want: apierror.ForbiddenClient}, keyed: true},
		{call: call{name: "two of different accounts", line: "GET " + notebooks + "?access_token=app:other", header: http.Header{"Authorization": {"Bearer app:notes"}}, want: apierror.UnknownAccount}},
		{call: call{name: "of an account of another site", header: http.Header{"Authorization": {"Bearer app:foreign"}}, want: apierror.UnknownAccount}},
		{call: call{name: "dead", header: http.Header{"Authorization": {"Bearer app:dead"}}, want: apierror.SigninRequired}},
		{call: call{name: "dead, in the query", line: "GET " + notebooks + "?access_token=app:dead", want: apierror.SigninRequired}},
		{call: call{name: "dead, beside a client key", header: http.Header{"Authorization": {"Bearer app:dead"}, "X-Onenote-Proxy-Key": {"secret"}}, want: apierror.SigninRequired}, keyed: true},
		{call: call{name: "granted where nobody is asked", header: http.Header{"Authorization": {"Bearer app:notes@"}}, want: apierror.SigninRequired}, keyed: true},
		{call: call{name: "granted with a key that is gone", header: http.Header{"Authorization": {"Bearer app:notes@gone"}}, want: apierror.SigninRequired}, keyed: true},
		{call: call{name: "granted with a key of another account", header: http.Header{"Authorization": {"Bearer app:notes@bound-secret"}}, want: apierror.SigninRequired}, keyed: true},
		{call: call{name: "granted with a key of its account", header: http.Header{"Authorization": {"Bearer app:other@bound-secret"}}}, keyed: true, account: "other"},
		{call: call{name: "granted elsewhere, at a site without keys", header: http.Header{"Authorization": {"Bearer app:other@gone"}}}, account: "other"},
		{call: call{name: "granted elsewhere, beside a client key", header: http.Header{"Authorization": {"Bearer app:other@gone"}, "X-Onenote-Proxy-Key": {"secret"}}}, keyed: true, account: "other"},
		{call: call{name: "no key at a site with keys", want: apierror.ForbiddenClient}, keyed: true},
		{call: call{name: "page", line: "GET /", header: http.Header{"Authorization": {"Bearer app:notes"}}, want: apierror.ForbiddenClient, status: 401}, keyed: true},
		{call: call{name: "page, dead, without keys", line: "GET /", header: http.Header{"Authorization": {"Bearer app:dead"}}, kind: guard.Page}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var edits []func(*guard.Config)
			if tt.keyed {
				edits = append(edits, withKeys)
			}
			route := tt.check(t, appGuard(t, edits...))
			if route != nil && route.Kind == guard.API && route.Account != tt.account {
				t.Errorf("got account %q, want %q", route.Account, tt.account)
			}
			if route != nil && (route.SignIn != "") != (route.AppKey != "") {
				t.Errorf("got sign-in %q with key %q, want both or none", route.SignIn, route.AppKey)
			}
		})
	}
}

func TestAppKeysAreNoGuessesAtClientKeys(t *testing.T) {
	g := appGuard(t, withKeys)
	for range 50 {
		call{line: "GET /", header: http.Header{"Authorization": {"Bearer app:notes"}}, want: apierror.ForbiddenClient, status: 401}.check(t, g)
		call{header: http.Header{"Authorization": {"Bearer app:dead"}}, want: apierror.SigninRequired}.check(t, g)
	}
	call{header: http.Header{"Authorization": {"Bearer secret"}}}.check(t, g)
}

func TestPathsOfAppsAreAdmittedWithAppSigninOnly(t *testing.T) {
	for line, keyless := range map[string]bool{
		"GET /oauth20_authorize.srf?x":                      false,
		"GET /common/oauth2/authorize":                      false,
		"GET /devicelogin":                                  false,
		"POST /devicelogin":                                 false,
		"POST /oauth20_token.srf":                           true,
		"POST /common/oauth2/v2.0/devicecode":               true,
		"GET /common/v2.0/.well-known/openid-configuration": true,
		"GET /common/discovery/keys":                        true,
		"GET /oauth20_logout.srf":                           true,
		"GET /v5.0/me":                                      true,
	} {
		call{line: line, want: apierror.NotFound}.check(t, newGuard(t, guard.Config{Paths: []string{"/api/"}, Account: "notes"}))
		route := call{line: line, kind: guard.AppSignin}.check(t, appGuard(t))
		if route != nil && route.Account != "notes" {
			t.Errorf("%s: got account %q, want notes", line, route.Account)
		}
		basic := http.Header{"Authorization": {"Basic eDp5"}}
		if keyless {
			call{line: line, header: basic, kind: guard.AppSignin}.check(t, appGuard(t, withKeys))
		} else {
			call{line: line, header: basic, want: apierror.ForbiddenClient, status: 401}.check(t, appGuard(t, withKeys))
		}
		call{line: line, from: remote, header: http.Header{"X-Onenote-Proxy-Key": {"secret"}}, want: apierror.ForbiddenClient, status: 403}.check(t, appGuard(t, withKeys))
		call{line: line, header: http.Header{"Origin": {"https://evil.example"}}, want: apierror.ForbiddenOrigin}.check(t, appGuard(t))
	}
	call{line: "GET /oauth20_token.srf", want: apierror.MethodNotAllowed}.check(t, appGuard(t))
}

// What apps ask for is shared out among clients by this.
func TestRouteOfAnAppHasTheNetworkOfTheClient(t *testing.T) {
	g := appGuard(t, func(c *guard.Config) { c.AllowRemoteSignin = true })
	for address, want := range map[string]string{
		"192.0.2.7":        "192.0.2.7/32",
		"::ffff:192.0.2.7": "192.0.2.7/32",
		"2001:db8::1:2":    "2001:db8::/64",
		"2001:db8::3%eth0": "2001:db8::/64",
	} {
		route := call{line: "POST /oauth20_token.srf", peer: guard.Peer{ClientIP: netip.MustParseAddr(address)}, kind: guard.AppSignin}.check(t, g)
		if route != nil && (route.Client.String() != want || !route.Remote) {
			t.Errorf("%s: got %v, want %s", address, route.Client, want)
		}
	}
}
