// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// TestStatusJSONListsAccounts pins the members that programs read: all of them are there in
// every state, and what is absent is null.
func TestStatusJSONListsAccounts(t *testing.T) {
	s := newSite(t, entra(), oauth.Config{Name: "app", Provider: oauth.Entra, Flow: oauth.FlowClientCredentials, Tenant: "contoso.example"})
	read := func() map[string]any {
		t.Helper()
		res, err := newBrowser(t).client.Get(s.url("/auth/status"))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if got := res.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("Content-Type: got %q, want application/json", got)
		}
		var response struct{ Accounts []map[string]any }
		if err := json.NewDecoder(res.Body).Decode(&response); err != nil {
			t.Fatal(err)
		}
		if len(response.Accounts) != 2 {
			t.Fatalf("accounts: got %v, want two", response.Accounts)
		}
		if got := response.Accounts[1]["signin_url"]; got != nil {
			t.Errorf("signin_url of client credentials: got %v, want null", got)
		}
		return response.Accounts[0]
	}
	members := []string{"name", "provider", "flow", "state", "user", "scopes", "access_token_expires_at", "refreshed_at", "refresh_token_obtained_at", "error", "signin_url"}

	before := read()
	for _, name := range members {
		if _, ok := before[name]; !ok {
			t.Errorf("signed out: %s is missing", name)
		}
	}
	if len(before) != len(members) {
		t.Errorf("members: got %v, want %v", before, members)
	}
	if before["state"] != "signed_out" || before["user"] != nil || before["access_token_expires_at"] != nil {
		t.Errorf("signed out: got %v", before)
	}
	if got, want := before["signin_url"], s.url("/auth/default/signin"); got != want {
		t.Errorf("signin_url: got %v, want %s", got, want)
	}

	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "ada@example.com")
	after := read()
	if after["state"] != "ready" || after["user"] != "ada@example.com" || after["access_token_expires_at"] != "2026-11-21T13:00:00Z" {
		t.Errorf("signed in: got %v", after)
	}
}

func TestStatusJSONWithoutAccountsIsEmptyList(t *testing.T) {
	s := newSite(t)
	res, err := newBrowser(t).client.Get(s.url("/auth/status"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var response struct{ Accounts []any }
	if err := json.NewDecoder(res.Body).Decode(&response); err != nil || response.Accounts == nil {
		t.Errorf("accounts: got %v, %v; want an empty list", response.Accounts, err)
	}
}

// TestStatusPageShowsAccounts: what a user looks for is there as text.
func TestStatusPageShowsAccounts(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	b.open(s.url("/"))
	b.sees("default", "Signed out", "Nobody is signed in", "Microsoft Entra ID", "code flow")
	if !strings.Contains(b.body, `value="`+s.url("")+`"`) {
		t.Errorf("page: got %s, want the base URL in a field", b.body)
	}
	if !strings.Contains(b.body, `http-equiv="refresh"`) {
		t.Error("the page does not refresh itself")
	}
	s.begin(b, "default")
	b.decide("accept", "ada@example.com")
	b.sees("Ready", "ada@example.com", "Access token ends in 60 minutes", "Refresh token from now", "Notes.ReadWrite", "Sign in again", "Sign out")
	s.clock.advance(50 * time.Minute)
	b.open(s.url("/"))
	b.sees("Access token ends in 10 minutes", "Refresh token from 50 minutes ago")
}

func TestStatusPageShowsFailure(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "ada@example.com")
	s.control("/_emulator/tokens/revoke", `{"kind":"all"}`)
	s.clock.advance(2 * time.Hour)
	if _, _, err := s.pages.Accounts[0].Token(t.Context()); err == nil {
		t.Fatal("a revoked token was refreshed")
	}
	b.open(s.url("/"))
	b.sees("Sign-in required", "AADSTS50173", "ada@example.com", "Sign in again")
	s.begin(b, "default")
	b.decide("accept", "ada@example.com")
	b.sees("Ready")
}

// TestClientCredentialsHaveNoSignInButton: there is nobody to sign in.
func TestClientCredentialsHaveNoSignInButton(t *testing.T) {
	s := newSite(t, oauth.Config{Provider: oauth.Entra, Flow: oauth.FlowClientCredentials, Tenant: "contoso.example"})
	b := newBrowser(t)
	for _, path := range []string{"/", "/auth/default/signin"} {
		b.open(s.url(path))
		if n := len(b.forms()); n != 0 {
			t.Errorf("%s: got %d forms, want none", path, n)
		}
	}
	b.sees("no user signs in")
	u, _ := url.Parse(s.url("/auth/default/signin"))
	b.go_(http.MethodPost, u, nil)
	b.sees("no user signs in")
	if b.status != http.StatusBadRequest {
		t.Errorf("POST: got %d, want 400", b.status)
	}
}

// TestConsentPageIsLinked: the real providers have a page for taking consent
// back.
func TestConsentPageIsLinked(t *testing.T) {
	s := newSite(t, oauth.Config{})
	s.pages.Accounts[0] = tokens.NewAccount(tokens.Options{
		Config: func() oauth.Config {
			c := oauth.Config{Name: "default", ClientID: "app"}
			c.Complete()
			return c
		}(),
		Cache: s.memories["default"], Storage: s.storage, Keys: tokens.FixedKeys{make([]byte, 32)}, Clock: s.clock,
	})
	b := newBrowser(t)
	b.open(s.url("/"))
	if !strings.Contains(b.body, `href="https://account.live.com/consent/Manage"`) {
		t.Errorf("page: got %s", b.body)
	}
}

// TestContentPolicyMatchesPage: the hashes are those of the style and script that the
// page has, and forms may lead where they lead. A browser is strict about both.
func TestContentPolicyMatchesPage(t *testing.T) {
	s := newSite(t, entra())
	b := newBrowser(t)
	b.strict = true
	pages := []string{"/", "/auth/default/signin", "/auth/default/callback", "/nothing"}
	for _, path := range pages {
		b.open(s.url(path))
		policy := b.header.Get("Content-Security-Policy")
		for _, element := range []string{"style", "script"} {
			text := b.text(element)
			if text == "" {
				continue
			}
			sum := sha256.Sum256([]byte(text))
			if want := element + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
				t.Errorf("%s: policy: got %s, want %s", path, policy, want)
			}
		}
		if b.text("script") == "" && strings.Contains(policy, "script-src") {
			t.Errorf("%s: policy: got %s, but the page has no script", path, policy)
		}
		for n := range b.page.Descendants() {
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s: <%s> has %s, which the policy forbids", path, n.Data, a.Key)
				}
			}
		}
	}
	b.open(s.url("/"))
	policy := b.header.Get("Content-Security-Policy")
	for _, origin := range []string{"'self'", s.provider.URL, s.url("")} {
		if !strings.Contains(policy, origin) {
			t.Errorf("policy: got %s, want forms to lead to %s", policy, origin)
		}
	}
}

// TestPagesAreAccessible: a language, a title, one main heading, a label for
// each field, and buttons with words on them.
func TestPagesAreAccessible(t *testing.T) {
	s := newSite(t, oauth.Config{RedirectURI: oauth.DesktopRedirect}, oauth.Config{Name: "device", Flow: oauth.FlowDevice})
	b := newBrowser(t)
	b.strict = true
	check := func(what string) {
		t.Helper()
		var headings, titles int
		var labelled, ids, fields, described []string
		for n := range b.page.Descendants() {
			switch {
			case n.Type != html.ElementNode:
			case n.Data == "html" && attr(n, "lang") == "":
				t.Errorf("%s: no language", what)
			case n.Data == "h1":
				headings++
			case n.Data == "title":
				titles++
			case n.Data == "label":
				labelled = append(labelled, attr(n, "for"))
			case n.Data == "input" && attr(n, "type") != "hidden":
				fields = append(fields, attr(n, "id"))
			case n.Data == "button" && (n.FirstChild == nil || strings.TrimSpace(n.FirstChild.Data) == ""):
				t.Errorf("%s: a button without words", what)
			}
			if id := attr(n, "id"); id != "" {
				if slices.Contains(ids, id) {
					t.Errorf("%s: id %s twice", what, id)
				}
				ids = append(ids, id)
			}
			for _, name := range []string{"aria-describedby", "aria-labelledby"} {
				if id := attr(n, name); id != "" {
					described = append(described, id)
				}
			}
		}
		if headings != 1 || titles != 1 {
			t.Errorf("%s: got %d headings and %d titles, want one of each", what, headings, titles)
		}
		for _, f := range fields {
			if f == "" || !slices.Contains(labelled, f) {
				t.Errorf("%s: field %q has no label", what, f)
			}
		}
		for _, id := range described {
			if !slices.Contains(ids, id) {
				t.Errorf("%s: %s is described by nothing", what, id)
			}
		}
	}
	for _, path := range []string{"/", "/auth/default/signin", "/auth/nobody/signin", "/auth/default/callback?state=x"} {
		b.open(s.url(path))
		check(path)
	}
	paste := func(address string) {
		b.open(s.url("/"))
		b.press("/auth/default/paste", url.Values{"address": {address}})
	}
	paste(oauth.ErrorPage + "#error=access_denied")
	check("failure")
	b.open(s.url("/"))
	b.press("/auth/device/signin", nil)
	check("device code")
}
