// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// TestBrowserIsRedirectedToLoopbackNameOfRedirectURI: the provider sends the browser to localhost,
// where the cookies of 127.0.0.1 do not go. One press of the button has to do
// all the same.
func TestBrowserIsRedirectedToLoopbackNameOfRedirectURI(t *testing.T) {
	for _, path := range []string{"/", "/auth/default/signin"} {
		t.Run(path, func(t *testing.T) {
			s := newSite(t, oauth.Config{})
			b := newBrowser(t)
			b.open(s.other(path))
			if got := b.at.Hostname(); got != "localhost" {
				t.Fatalf("page: got %s, want it at localhost", b.at)
			}
			b.press("/auth/default/signin", nil)
			b.decide("accept", "")
			s.wantState("default", tokens.Ready)
		})
	}
}

// TestConfiguredLoopbackNameIsKept: what counts is the redirect URI, not localhost.
func TestConfiguredLoopbackNameIsKept(t *testing.T) {
	s := newSite(t)
	s.load(oauth.Config{RedirectURI: s.other("/auth/default/callback")})
	b := newBrowser(t)
	b.open(s.url("/"))
	if got, want := b.at.Hostname(), "127.0.0.1"; got != want {
		t.Fatalf("page: got %s, want it at %s", b.at, want)
	}
	b.press("/auth/default/signin", nil)
	b.decide("accept", "")
	s.wantState("default", tokens.Ready)
}

func TestOtherRequestsAreNotRedirected(t *testing.T) {
	s := newSite(t, oauth.Config{})
	for _, tc := range []struct {
		name   string
		host   string
		header http.Header
		remote bool
	}{
		{"a program", "127.0.0.1:8080", http.Header{"Accept": {"*/*"}}, false},
		{"a script on a page", "127.0.0.1:8080", http.Header{"Accept": {"text/html"}, "Sec-Fetch-Mode": {"cors"}}, false},
		{"a remote client", "127.0.0.1:8080", http.Header{"Sec-Fetch-Mode": {"navigate"}}, true},
		{"another name", "notes.example:8080", http.Header{"Sec-Fetch-Mode": {"navigate"}}, false},
		{"the right name", "localhost:8080", http.Header{"Sec-Fetch-Mode": {"navigate"}}, false},
		{"the right name in capitals", "LocalHost:8080", http.Header{"Sec-Fetch-Mode": {"navigate"}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.access.Remote = tc.remote
			for _, path := range []string{"/", "/auth/default/signin"} {
				req, err := http.NewRequest(http.MethodGet, s.url(path), nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Host, req.Header = tc.host, tc.header
				res, err := newBrowser(t).client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if res.StatusCode != http.StatusOK {
					t.Errorf("%s: got %s, want 200", path, res.Status)
				}
			}
		})
	}
}

// TestServerThatRewritesHostCausesNoRedirectLoop: behind nginx, which writes its own idea
// of our name into Host, a browser at localhost looks as if it were at
// 127.0.0.1. It must not be redirected in a loop.
func TestServerThatRewritesHostCausesNoRedirectLoop(t *testing.T) {
	s := newSite(t, oauth.Config{})
	public, _ := url.Parse("http://localhost:9000")
	s.pages.PublicURL, s.access.Base = public, public
	b := newBrowser(t)

	get := func(address string, header http.Header) *http.Response {
		t.Helper()
		u, _ := url.Parse(address)
		req, _ := http.NewRequest(http.MethodGet, s.other(u.RequestURI()), nil)
		req.Header = header
		res, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	res := get("http://localhost:9000/", http.Header{"Sec-Fetch-Mode": {"navigate"}})
	if res.StatusCode == http.StatusSeeOther {
		res = get(res.Header.Get("Location"), http.Header{"Sec-Fetch-Mode": {"navigate"}})
	}
	if res.StatusCode != http.StatusOK {
		t.Errorf("page: got %s, want it after one redirect at most", res.Status)
	}

	post := func(origin string) *http.Response {
		t.Helper()
		req, _ := http.NewRequest(http.MethodPost, s.other("/auth/default/signin"), nil)
		req.Header.Set("Origin", origin)
		res, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	res = post("http://localhost:9000")
	if u, err := res.Location(); err != nil || u.Path != "/oauth20_authorize.srf" {
		t.Errorf("button: got %s to %s, want the provider", res.Status, u)
	}
	res = post("http://127.0.0.1:9000")
	if got, want := res.Header.Get("Location"), "http://localhost:9000/auth/default/signin?moved=1"; got != want {
		t.Errorf("button at the other spelling: got %s, want %s", got, want)
	}
}

// TestPostAtOtherHostLeadsToPageAtRightHost: a page that was loaded at another host than the
// redirect URI's leads to the page at the right one.
func TestPostAtOtherHostLeadsToPageAtRightHost(t *testing.T) {
	for _, tc := range []struct {
		name, origin, public, want string
	}{
		{"public URL, page at localhost", "http://localhost:8080", "https://notes.example/x", "https://notes.example/x/auth/default/signin?moved=1"},
		{"public URL, page there", "https://notes.example", "https://notes.example/x", ""},
		{"no public URL, page on another machine", "http://notes.lan:8080", "", ""},
		{"sandboxed page", "null", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, oauth.Config{})
			if tc.public != "" {
				u, _ := url.Parse(tc.public)
				s.pages.PublicURL, s.access.Base = u, u
			}
			req, _ := http.NewRequest(http.MethodPost, s.url("/auth/default/signin"), nil)
			req.Header.Set("Origin", tc.origin)
			res, err := newBrowser(t).client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if tc.want == "" {
				if u, err := res.Location(); err != nil || u.Path != "/oauth20_authorize.srf" {
					t.Errorf("got %s to %v, want the provider", res.Status, u)
				}
				return
			}
			if got := res.Header.Get("Location"); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// TestProgramIsAskedToRepeatPostAtRightHost: a program posts once and follows redirects;
// its cookie ends up where the callback is.
func TestProgramIsAskedToRepeatPostAtRightHost(t *testing.T) {
	s := newSite(t, oauth.Config{})
	b := newBrowser(t)
	u, _ := url.Parse(s.other("/auth/default/signin"))
	res := b.send(http.MethodPost, u, nil, nil)
	res.Body.Close()
	if got, want := res.Header.Get("Location"), s.url("/auth/default/signin?moved=1"); res.StatusCode != http.StatusTemporaryRedirect || got != want {
		t.Errorf("got %s to %s, want 307 to %s", res.Status, got, want)
	}
	b.at = nil
	b.go_(http.MethodPost, u, nil)
	b.decide("accept", "")
	s.wantState("default", tokens.Ready)
}

// TestPagesWorkBelowAPath: behind a server that serves us below a path of its own, all
// links and redirects stay below it.
func TestPagesWorkBelowAPath(t *testing.T) {
	s := newSite(t, oauth.Config{})
	public, _ := url.Parse("http://localhost:" + s.port() + "/notes")
	s.pages.PublicURL, s.access.Base = public, public
	front := http.StripPrefix("/notes", s.server.Config.Handler)
	s.server.Config.Handler = front
	b := newBrowser(t)
	b.open(s.url("/notes/"))
	b.press("/notes/auth/default/signin", nil)
	if got, want := b.at.Query().Get("redirect_uri"), s.url("/notes/auth/default/callback"); got != want {
		t.Errorf("redirect_uri: got %s, want %s", got, want)
	}
	b.decide("accept", "")
	if got, want := b.at.String(), s.url("/notes/"); got != want {
		t.Errorf("after the sign-in: got %s, want %s", got, want)
	}
	s.wantState("default", tokens.Ready)
	b.press("/notes/auth/default/signout", nil)
	if got, want := b.at.String(), s.url("/notes/auth/default/callback"); got != want {
		t.Errorf("after the sign-out: got %s, want %s", got, want)
	}
	s.wantState("default", tokens.SignedOut)
}
