// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
)

func TestLoopbackURIWithoutPortStandsForAnyPort(t *testing.T) {
	for _, tt := range []struct {
		listed, asked string
		want          bool
	}{
		{"http://localhost", "http://localhost", true},
		{"http://localhost", "http://localhost/", true},
		{"http://localhost/", "http://localhost:1", true},
		{"http://localhost", "http://localhost:65535/", true},
		{"http://localhost", "http://localhost/x", false},
		{"http://localhost", "http://localhost?x", false},
		{"http://localhost", "http://127.0.0.1", false},
		{"http://localhost:3000", "http://localhost:3000/", true},
		{"http://localhost:3000", "http://localhost:3001", false},
		{"http://localhost:3000", "http://localhost", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:8/cb", true},
		{"http://127.0.0.1/cb", "http://127.0.0.2:8/cb", false},
		{"http://[::1]/cb", "http://[::1]:8/cb", true},
		{"http://[::1]/cb", "http://::1:8/cb", false},
		{"http://localhost/cb?x=1", "http://localhost:8/cb?x=1", true},
		{"http://localhost/cb?x=1", "http://localhost:8/cb?x=1&y", false},
		{"https://app.example", "https://app.example/", false},
		{"https://app.example/cb", "https://app.example:8443/cb", false},
		{"urn:ietf:wg:oauth:2.0:oob", "urn:ietf:wg:oauth:2.0:oob", true},
		{"https://login.live.com/oauth20_desktop.srf", "https://login.live.com/oauth20_desktop.srf", true},
		{"https://login.live.com/oauth20_desktop.srf", "https://login.live.com/oauth20_desktop.srf?x", false},
	} {
		list, err := newRedirectList([]string{tt.listed})
		if err != nil {
			t.Errorf("%s: %v", tt.listed, err)
		}
		if got := list.has(tt.asked); got != tt.want {
			t.Errorf("listed %s, asked %s: got %t, want %t", tt.listed, tt.asked, got, tt.want)
		}
	}
}

// Whatever is asked for: an address that counts as listed leads to the host that was
// listed, by another parser's word.
func FuzzRedirectURI(f *testing.F) {
	for _, seed := range []string{"http://localhost:3000/callback", "http://localhost@evil.example/callback", `http://localhost\@evil.example/callback`, "http://localhost:80#@evil/callback", "https://app.example/cb"} {
		f.Add(seed)
	}
	list, err := newRedirectList([]string{"http://localhost/callback", "https://app.example/cb"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if !list.has(address) {
			return
		}
		u, err := url.Parse(address)
		if err != nil || u.User != nil || u.Fragment != "" || strings.ContainsAny(address, "\\ \r\n") {
			t.Fatalf("%q counts as listed: %v", address, err)
		}
		app := u.Scheme == "https" && u.Host == "app.example" && u.Path == "/cb"
		here := u.Scheme == "http" && loopback.Host(u.Hostname()) && u.Path == "/callback"
		if !app && !here {
			t.Fatalf("%q counts as listed", address)
		}
	})
}

// What can be listed can stand in a header and in a policy.
func FuzzCheckRedirectURI(f *testing.F) {
	for _, seed := range []string{"https://app.example/cb", "myapp://x", "javascript:x", "https://a;b/", "http://[::1]:8/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if CheckRedirectURI(text) != nil {
			return
		}
		if source := formSource(text); strings.ContainsAny(source, "; ,'\"\r\n") || source == "" {
			t.Fatalf("%q is the source %q", text, source)
		}
		if strings.ContainsAny(text, "\r\n#\"<>") {
			t.Fatalf("%q can be listed", text)
		}
	})
}

func TestSchemeInCapitalsIsNoWayToListAnAddressOnTheWeb(t *testing.T) {
	for _, uri := range []string{"HTTP://app.example/cb", "Http://localhost/cb", "HTTPS://app.example/cb"} {
		if err := CheckRedirectURI(uri); err == nil {
			t.Errorf("%s: got no error", uri)
		}
	}
	if err := CheckRedirectURI("MyApp://done"); err != nil {
		t.Error(err)
	}
}

// A Content-Security-Policy has no word for an IPv6 address (CSP Level 3 §2.3.1): a source
// with one would keep the page from posting its form.
func TestFormSourceIsOneThatPoliciesKnow(t *testing.T) {
	for address, want := range map[string]string{
		"http://localhost:8/cb":      "http://localhost:8",
		"https://app.example/cb?x=1": "https://app.example",
		"http://[::1]:8/cb":          "http:",
		"myapp://done":               "myapp:",
	} {
		if got := formSource(address); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}
