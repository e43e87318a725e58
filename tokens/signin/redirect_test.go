// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/url"
	"slices"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func TestSigninURLUsesPublicURLOrLocalhost(t *testing.T) {
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

func TestRedirectURIUsesConfigurationOrCallback(t *testing.T) {
	base, _ := url.Parse("https://notes.example/x")
	for _, tc := range []struct {
		configured string
		base       *url.URL
		want       string
	}{
		{"", base, "https://notes.example/x/auth/a/callback"},
		{"", nil, ""},
		{oauth.DesktopRedirect, base, oauth.DesktopRedirect},
		{"https://legacy.example/cb", base, "https://legacy.example/cb"},
	} {
		if got := RedirectURI(oauth.Config{Name: "a", RedirectURI: tc.configured}, tc.base); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.configured, got, tc.want)
		}
	}
}

// TestRedirectURILeadsHereOrElsewhere decides whether the address has to be pasted.
func TestRedirectURILeadsHereOrElsewhere(t *testing.T) {
	for _, tc := range []struct {
		redirectURI, base, public string
		sites                     []string
		want                      bool
	}{
		{"", "http://localhost:8080", "", nil, false},
		{"http://localhost:8080/auth/a/callback", "http://localhost:8080", "", nil, true},
		{"http://127.0.0.1:8080/auth/a/callback", "http://localhost:8080", "", nil, true},
		{"http://localhost:8080/auth/a/callback", "http://192.168.1.5:8080", "", nil, true},
		{"http://localhost:8080/auth/a/callback", "", "", nil, true}, // nothing is known
		{"http://localhost:8080/auth/a/callback", "", "", []string{"http://localhost:8080"}, true},
		{"http://localhost:8081/auth/a/callback", "http://localhost:8080", "", []string{"http://localhost:8080", "http://localhost:8081"}, true},
		{"http://localhost/auth/a/callback", "http://localhost", "", nil, true},
		{"http://localhost:80/auth/a/callback", "http://localhost", "", nil, true},
		{"http://localhost:3000/auth/a/callback", "http://127.0.0.1:8080", "http://localhost:3000", nil, true}, // a port that is mapped
		{"https://other.example/auth/a/callback", "https://notes.example/x", "", nil, true},                    // a server in front of us
		{"http://localhost:3000/auth/a/callback", "http://localhost:8080", "", nil, false},
		{"http://localhost/auth/a/callback", "http://localhost:8080", "", nil, false},
		{"http://localhost:3000/auth/a/callback", "", "", []string{"http://localhost:8080"}, false},
		{"http://localhost", "http://localhost:8080", "", nil, false},
		{"http://localhost:3000/cb", "http://localhost:3000", "", nil, false},
		{"https://legacy.example.com/oauth/callback", "https://notes.example", "", nil, false},
		{"https://notes.example/auth/b/callback", "https://notes.example", "", nil, false},
		{"urn:ietf:wg:oauth:2.0:oob", "http://localhost:8080", "", nil, false},
		{"myapp://x/auth/a/callback", "http://localhost:8080", "", nil, false},
		{oauth.DesktopRedirect, "http://localhost:8080", "", nil, false},
		{oauth.NativeRedirect, "http://localhost:8080", "", nil, false},
	} {
		p := new(Pages)
		parse := func(s string) *url.URL {
			if s == "" {
				return nil
			}
			u, err := url.Parse(s)
			if err != nil {
				t.Fatal(err)
			}
			return u
		}
		p.PublicURL = parse(tc.public)
		p.Bases = func() (bases []*url.URL) {
			for _, s := range tc.sites {
				bases = append(bases, parse(s))
			}
			return bases
		}
		if got := p.leadsHere(tc.redirectURI, "a", parse(tc.base)); got != tc.want {
			t.Errorf("%q at %q, public URL %q, sites %q: got %t, want %t", tc.redirectURI, tc.base, tc.public, tc.sites, got, tc.want)
		}
	}
}

// TestFormOriginsNameProviderAndRedirectURI: Chromium holds form-action against each redirect after a
// form, and an https provider may send the user on to their company's own.
func TestFormOriginsNameProviderAndRedirectURI(t *testing.T) {
	got := formOrigins("http://localhost:8080/auth/a/callback", "https://login.live.com/oauth20_logout.srf?x", "", "https://login.live.com/oauth20_authorize.srf")
	want := []string{"http://localhost:8080", "https://login.live.com", "https:"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
