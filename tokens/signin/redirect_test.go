// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/url"
	"slices"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

func TestSigninURL(t *testing.T) {
	for _, tc := range []struct{ public, base, want string }{
		{"", "http://localhost:8080", "http://localhost:8080/auth/a/signin"},
		{"", "http://127.0.0.1:8080", "http://localhost:8080/auth/a/signin"},
		{"", "http://[::1]:8080", "http://localhost:8080/auth/a/signin"},
		{"", "http://localhost", "http://localhost/auth/a/signin"},
		{"", "http://onenote-proxy:8080", "http://localhost:8080/auth/a/signin"}, // a container's name
		{"", "https://notes.example", "https://notes.example/auth/a/signin"},
		{"", "https://127.0.0.1:8443", "https://localhost:8443/auth/a/signin"},
		{"http://intranet/notes/", "http://127.0.0.1:8080", "http://intranet/notes/auth/a/signin"},
		{"", "", ""},
	} {
		p := new(Pages)
		var base *url.URL
		if tc.public != "" {
			p.PublicURL, _ = url.Parse(tc.public)
		}
		if tc.base != "" {
			base, _ = url.Parse(tc.base)
		}
		if got := p.SigninURL(base, "a"); got != tc.want {
			t.Errorf("public %q, base %q: got %q, want %q", tc.public, tc.base, got, tc.want)
		}
	}
}

func TestRedirectURI(t *testing.T) {
	base, _ := url.Parse("https://notes.example/x")
	for _, tc := range []struct {
		configured string
		base       *url.URL
		want       string
		ours       bool
	}{
		{"", base, "https://notes.example/x/auth/a/callback", true},
		{"", nil, "", false},
		{tokens.DesktopRedirect, base, tokens.DesktopRedirect, false},
		{tokens.NativeRedirect, base, tokens.NativeRedirect, false},
		{"https://other.example/auth/a/callback", base, "https://other.example/auth/a/callback", true},
		{"https://other.example/auth/b/callback", base, "https://other.example/auth/b/callback", false},
	} {
		got := RedirectURI(tokens.Config{Name: "a", RedirectURI: tc.configured}, tc.base)
		if got != tc.want || isOurs(got, "a") != tc.ours {
			t.Errorf("%q: got %q, ours %t; want %q, %t", tc.configured, got, isOurs(got, "a"), tc.want, tc.ours)
		}
	}
}

// TestFormOrigins: Chromium holds form-action against each redirect after a
// form, and an https provider may send the user on to their company's own.
func TestFormOrigins(t *testing.T) {
	got := formOrigins("http://localhost:8080/auth/a/callback", "https://login.live.com/oauth20_logout.srf?x", "", "https://login.live.com/oauth20_authorize.srf")
	want := []string{"http://localhost:8080", "https://login.live.com", "https:"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
