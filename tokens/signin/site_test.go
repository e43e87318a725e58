// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// site is a server with the pages on it, and an emulated provider beside it.
type site struct {
	t        testing.TB
	clock    *clock
	storage  *storage
	provider *httptest.Server
	server   *httptest.Server
	attempts *signin.Attempts
	memories map[string]*tokens.Cache
	pages    *signin.Pages
	access   signin.Access
}

// newSite serves accounts with these configurations. Names default to
// "default", the provider is always the emulator.
func newSite(t testing.TB, configs ...oauth.Config) *site {
	t.Helper()
	s := &site{
		t:        t,
		clock:    newClock(),
		storage:  newStorage(),
		attempts: signin.NewAttempts(),
		memories: make(map[string]*tokens.Cache),
		access:   signin.Access{All: true, MaySignIn: true},
	}
	s.provider = httptest.NewServer(emulator.New(emulator.Options{Now: s.clock.Now}))
	t.Cleanup(s.provider.Close)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.pages.ServeHTTPFor(w, r, s.access)
	}))
	t.Cleanup(s.server.Close)
	t.Cleanup(func() {
		s.pages.Close()
		s.attempts.Close()
		for _, m := range s.memories {
			m.Close()
		}
	})
	s.load(configs...)
	return s
}

// load puts a configuration into use, as a reload does.
func (s *site) load(configs ...oauth.Config) {
	s.t.Helper()
	if s.pages != nil {
		s.pages.Close()
	}
	s.pages = &signin.Pages{Attempts: s.attempts, Clock: s.clock}
	transport := &http.Transport{}
	s.t.Cleanup(transport.CloseIdleConnections)
	for _, c := range configs {
		s.pages.Accounts = append(s.pages.Accounts, s.account(c, transport))
	}
}

func (s *site) account(c oauth.Config, rt http.RoundTripper) *tokens.Account {
	if c.Name == "" {
		c.Name = "default"
	}
	if c.ClientID == "" {
		c.ClientID = "app-" + c.Name
	}
	if c.Provider != oauth.Custom {
		c.Authority = s.provider.URL
	}
	c.Complete()
	if s.memories[c.Name] == nil {
		s.memories[c.Name] = tokens.NewCache()
	}
	return tokens.NewAccount(tokens.Options{
		Config:  c,
		Cache:   s.memories[c.Name],
		Storage: s.storage,
		Keys:    tokens.FixedKeys{make([]byte, 32)},
		Client:  oauth.NewHTTPClient(rt),
		Clock:   s.clock,
	})
}

// url is an address on the site as the redirect URIs spell it.
func (s *site) url(path string) string { return "http://localhost:" + s.port() + path }

// other is the same address in another spelling of loopback.
func (s *site) other(path string) string { return s.server.URL + path }

func (s *site) port() string {
	u, err := url.Parse(s.server.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Port()
}

// status returns what /auth/status says of an account.
func (s *site) status(name string) tokens.Status {
	s.t.Helper()
	for _, a := range s.pages.Accounts {
		if a.Name() == name {
			return a.Status(context.Background())
		}
	}
	s.t.Fatalf("no account %s", name)
	return tokens.Status{}
}

// wantState fails unless the account is in that state.
func (s *site) wantState(name string, want tokens.State) {
	s.t.Helper()
	if got := s.status(name).State; got != want {
		s.t.Errorf("state of %s: got %s, want %s", name, got, want)
	}
}

// wantUser fails unless that user is signed in.
func (s *site) wantUser(name, want string) {
	s.t.Helper()
	got := "nobody"
	if u := s.status(name).User; u != nil {
		got = *u
	}
	if !strings.Contains(got, want) {
		s.t.Errorf("user of %s: got %s, want %s", name, got, want)
	}
}

// providerRequests returns the requests that the provider got for a path.
func (s *site) providerRequests(path string) int {
	s.t.Helper()
	res, err := http.Get(s.provider.URL + "/_emulator/requests")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var requests []struct{ Path string }
	if err := json.NewDecoder(res.Body).Decode(&requests); err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, r := range requests {
		if strings.HasSuffix(r.Path, path) {
			n++
		}
	}
	return n
}

// control posts to the emulator's control surface.
func (s *site) control(path, body string) {
	s.t.Helper()
	res, err := http.Post(s.provider.URL+path, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode > 299 {
		s.t.Fatalf("POST %s: got %s", path, res.Status)
	}
}

// begin presses the button of an account and stops on the provider's page.
func (s *site) begin(b *browser, account string) {
	s.t.Helper()
	b.open(s.url("/"))
	b.press("/auth/"+account+"/signin", nil)
	if b.status != http.StatusOK || b.at.Hostname() != "127.0.0.1" {
		s.t.Fatalf("after the button: got status %d at %s, want the provider's page:\n%s", b.status, b.at, b.body)
	}
}

// response accepts on the provider's page and returns the address that the
// browser is sent to, without going there.
func (s *site) response(b *browser) string {
	s.t.Helper()
	f := b.forms()[0]
	f.values.Set("decision", "accept")
	res := b.send(http.MethodPost, f.action, f.values, b.at)
	res.Body.Close()
	location := res.Header.Get("Location")
	if location == "" {
		s.t.Fatalf("the provider responded %s without a Location", res.Status)
	}
	return location
}
