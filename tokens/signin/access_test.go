// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// fetched is a whole response.
type fetched struct {
	status int
	header http.Header
	body   string
}

func fetch(b *browser, method, address string, form url.Values) fetched {
	b.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	res := b.send(method, u, form, nil)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	res.Header.Del("Date")
	return fetched{res.StatusCode, res.Header, string(body)}
}

func (f fetched) is(g fetched) bool {
	return f.status == g.status && f.body == g.body && maps.EqualFunc(f.header, g.header, func(a, b []string) bool {
		return strings.Join(a, "\n") == strings.Join(b, "\n")
	})
}

// visits are all ways to reach an account, with what a client may know of it: the
// ids of its attempts, and the response to a sign-in.
func visits(attempt, device string, response url.Values) map[string]func(b *browser, base string) fetched {
	get := func(action string) func(*browser, string) fetched {
		return func(b *browser, base string) fetched { return fetch(b, http.MethodGet, base+action, nil) }
	}
	post := func(action string, form url.Values) func(*browser, string) fetched {
		return func(b *browser, base string) fetched { return fetch(b, http.MethodPost, base+action, form) }
	}
	return map[string]func(*browser, string) fetched{
		"sign-in page":       get("signin"),
		"page of an attempt": get("signin?attempt=" + attempt),
		"device page":        get("signin?attempt=" + device),
		"callback":           get("callback?" + response.Encode()),
		"bare callback":      get("callback"),
		"HEAD":               func(b *browser, base string) fetched { return fetch(b, http.MethodHead, base+"signin", nil) },
		"unknown action":     get("other"),
		"unknown method":     func(b *browser, base string) fetched { return fetch(b, http.MethodPut, base+"signin", nil) },
		"begin":              post("signin", nil),
		"begin a device":     post("signin", url.Values{"flow": {"device"}}),
		"confirm by id":      post("signin", url.Values{"confirm": {"yes"}, "attempt": {attempt}}),
		"confirm by cookie":  post("signin", url.Values{"confirm": {"yes"}}),
		"decline":            post("signin", url.Values{"confirm": {"no"}, "attempt": {attempt}}),
		"callback by form":   post("callback", response),
		"paste":              post("paste", url.Values{"address": {"http://localhost/auth/theirs/callback?" + response.Encode()}}),
		"sign out":           post("signout", nil),
	}
}

// TestUnseenAccountIsLikeOneThatDoesNotExist: a client that sees one account, or
// none, gets for all others exactly what it gets for a name that nobody configured,
// even with a browser that has the cookies of the other user and knows all ids.
func TestUnseenAccountIsLikeOneThatDoesNotExist(t *testing.T) {
	theirs := entra()
	theirs.Name = "theirs"
	for name, access := range map[string]signin.Access{
		"bound to one":                       {Account: "mine", MaySignIn: true},
		"bound to a name that is unknown":    {Account: "nobody", MaySignIn: true},
		"bound to a name that came up empty": {MaySignIn: true},
		"bound to a wildcard":                {Account: "*", MaySignIn: true},
		"bound to another case":              {Account: "THEIRS", MaySignIn: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, oauth.Config{Name: "mine"}, theirs)
			b := newBrowser(t)
			s.begin(b, "theirs")
			b.decide("accept", "bob@example.com")
			s.begin(b, "theirs")
			b.decide("accept", "alice@example.com")
			decision := b.at.Query().Get("attempt")
			b.open(s.url("/auth/theirs/signin"))
			b.press("/auth/theirs/signin", nil, "flow")
			device := b.at.Query().Get("attempt")
			s.begin(b, "theirs")
			waiting, err := url.Parse(s.response(b))
			if err != nil {
				t.Fatal(err)
			}

			s.access = access
			for _, attempt := range []string{decision, "unknown"} {
				for what, visit := range visits(attempt, device, waiting.Query()) {
					got, want := visit(b, s.url("/auth/theirs/")), visit(b, s.url("/auth/missing/"))
					if got.status != http.StatusNotFound || !got.is(want) {
						t.Errorf("%s: got %+v, want what an unknown account gets: %+v", what, got, want)
					}
				}
			}
			for _, path := range []string{"/", "/auth/status"} {
				if got := fetch(b, http.MethodGet, s.url(path), nil).body; strings.Contains(got, "theirs") || strings.Contains(got, "bob") {
					t.Errorf("%s: got %s, want nothing of the other account", path, got)
				}
			}
			s.wantState("theirs", tokens.Ready)
			s.wantUser("theirs", "bob@example.com")

			// All that was tried has ended none of the other user's sign-ins.
			s.access = signin.Access{All: true, MaySignIn: true}
			b.open(s.url("/auth/theirs/signin?attempt=" + decision))
			b.sees("Replace the user of theirs?")
			b.open(waiting.String())
			s.wantUser("theirs", "bob@example.com")
		})
	}
}

// TestIdsOfOtherAccountOpenNothingUnderOwnAccount: ids and states of another account
// are unknown below the client's own.
func TestIdsOfOtherAccountOpenNothingUnderOwnAccount(t *testing.T) {
	theirs := entra()
	theirs.Name = "theirs"
	s := newSite(t, oauth.Config{Name: "mine"}, theirs)
	b := newBrowser(t)
	s.begin(b, "theirs")
	b.decide("accept", "bob@example.com")
	s.begin(b, "theirs")
	b.decide("accept", "alice@example.com")
	decision := b.at.Query().Get("attempt")
	b.open(s.url("/auth/theirs/signin"))
	b.press("/auth/theirs/signin", nil, "flow")
	device := b.at.Query().Get("attempt")
	s.begin(b, "theirs")
	waiting, err := url.Parse(s.response(b))
	if err != nil {
		t.Fatal(err)
	}
	forged := url.Values{"code": {"x"}, "state": {strings.Repeat("A", 43)}}

	s.access = signin.Access{Account: "mine", MaySignIn: true}
	theirVisits, unknown := visits(decision, device, waiting.Query()), visits("unknown", "unknown", forged)
	for _, what := range []string{"page of an attempt", "device page", "callback", "callback by form", "confirm by id", "decline", "paste"} {
		got, want := theirVisits[what](b, s.url("/auth/mine/")), unknown[what](b, s.url("/auth/mine/"))
		if got.status != http.StatusBadRequest || !got.is(want) {
			t.Errorf("%s: got %+v, want what an unknown id gets: %+v", what, got, want)
		}
	}
	s.wantState("mine", tokens.SignedOut)
	s.wantUser("theirs", "bob@example.com")
}

// TestOperatorReachesEveryAccount: the admin API is not bound by the access of a
// site.
func TestOperatorReachesEveryAccount(t *testing.T) {
	s := newSite(t, oauth.Config{Name: "mine"}, oauth.Config{Name: "theirs"})
	s.access = signin.Access{}
	for _, name := range []string{"mine", "theirs"} {
		if _, err := s.pages.Begin(context.Background(), name, "", s.url("/auth/"+name+"/callback")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
