// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

var printedRedirectURI = regexp.MustCompile(`(?m)^  Redirect URI: (.*)$`)

// registered returns the redirect URIs that the command prints for an account.
func registered(t *testing.T, config, account string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Caddyfile")
	write(t, path, config)
	res := caddyOneNote(nil, "register", account, "--config", path)
	res.want(t, 0)
	var uris []string
	for _, found := range printedRedirectURI.FindAllStringSubmatch(res.out, -1) {
		uris = append(uris, found[1])
	}
	return uris
}

// sentRedirectURI returns the redirect URI of an authorization request.
func sentRedirectURI(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Query().Get("redirect_uri") == "" {
		t.Fatalf("authorization request: got %q, %v", address, err)
	}
	return u.Query().Get("redirect_uri")
}

// pressButton posts the form of the sign-in page at a base URL, whatever its
// host resolves to, and returns where the browser is sent.
func pressButton(t *testing.T, base, port, account string) (location string, ok bool) {
	t.Helper()
	client := http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+port)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Post(base+"/auth/"+account+"/signin", "", nil)
	if err != nil {
		return "", false // the certificate is made after the start
	}
	res.Body.Close()
	return res.Header.Get("Location"), true
}

func TestRegisterAdminAPIAndButtonAgreeOnTheRedirectURI(t *testing.T) {
	const tlsInternal = "tls internal\nbind 127.0.0.1\n"
	tests := []struct {
		name   string
		sites  string // PORT is the port of the site
		button string // the base URL at which the button is pressed
		want   []string
	}{
		{"TLS and an allowed host",
			"https://notes.example.com:PORT {\n" + tlsInternal + "onenote {\nallowed_hosts notes.example.com\n}\n}",
			"https://notes.example.com:PORT",
			[]string{"https://notes.example.com:PORT"}},
		{"TLS and several allowed hosts",
			"https://:PORT {\ntls internal {\non_demand\n}\nbind 127.0.0.1\nonenote {\nallowed_hosts notes 192.168.1.5 Notes.Example.com:443 notes.example.org\n}\n}",
			"https://notes.example.com:PORT",
			[]string{"https://notes.example.com:PORT", "https://notes.example.org:PORT"}},
		{"TLS and names that only this network knows",
			"https://localhost:PORT {\n" + tlsInternal + "onenote {\nallowed_hosts notes ::1\n}\n}",
			"https://localhost:PORT",
			[]string{"https://localhost:PORT"}},
		{"plain http on loopback",
			"http://:PORT {\nbind 127.0.0.1\nonenote\n}",
			"http://localhost:PORT",
			[]string{"http://localhost:PORT"}},
		{"plain http under another name",
			"http://:PORT {\nbind 127.0.0.1\nonenote {\nallowed_hosts notes.example.com\n}\n}",
			"http://notes.example.com:PORT",
			[]string{"http://localhost:PORT"}},
		{"a public URL with a path",
			"http://:PORT {\nbind 127.0.0.1\nonenote {\npublic_url https://notes.example.com/onenote/\nallowed_hosts other.example.com\n}\n}",
			"http://notes.example.com",
			[]string{"https://notes.example.com/onenote"}},
		{"a snippet",
			"(notes) {\nonenote {\nallowed_hosts notes.example.com\n}\n}\nhttps://notes.example.com:PORT {\n" + tlsInternal + "import notes\n}",
			"https://notes.example.com:PORT",
			[]string{"https://notes.example.com:PORT"}},
		{"a named route",
			"&(notes) {\nonenote {\nallowed_hosts notes.example.com\n}\n}\nhttps://notes.example.com:PORT {\n" + tlsInternal + "invoke notes\n}",
			"https://notes.example.com:PORT",
			[]string{"https://notes.example.com:PORT"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, s := startMicrosoft(t), newServer(t)
			atPort := func(text string) string { return strings.ReplaceAll(text, "PORT", s.port()) }
			global := s.config("client_id test\nauthority "+m.url, "", "skip_install_trust\nauto_https disable_redirects")
			global = global[:strings.Index(global, "http://:"+s.port())]
			config := atPort(global + tt.sites + "\n")

			var want []string
			for _, base := range tt.want {
				want = append(want, atPort(base)+"/auth/default/callback")
			}
			if diff := cmp.Diff(want, registered(t, config, "default")); diff != "" {
				t.Errorf("register (-want +got):\n%s", diff)
			}
			s.mustLoad(config)
			begun := s.adminDo("POST", "/onenote/accounts/default/signin", `{"flow":"code"}`)
			if got := sentRedirectURI(t, decodeAs[signin.Attempt](t, begun.body).URL); got != want[0] {
				t.Errorf("admin API: got %s, want %s", got, want[0])
			}
			var location string
			eventually(t, "the site responds", func() (ok bool) {
				location, ok = pressButton(t, atPort(tt.button), s.port(), "default")
				return ok
			})
			if got := sentRedirectURI(t, location); got != want[0] {
				t.Errorf("button: got %s, want %s", got, want[0])
			}
		})
	}
}

func TestRedirectURIIsOfASiteThatServesTheAccount(t *testing.T) {
	const config = `{
	onenote {
		account home
		account work
		account both
		account key
		account none
		account own {
			redirect_uri https://login.live.com/oauth20_desktop.srf
		}
	}
}
http://:8081 {
	onenote {
		account home
	}
}
http://:8082 {
	onenote {
		account work
		client_key phone {env.NOT_SET} key
	}
}
http://:8083 {
	onenote {
		account both
	}
}
https://notes.example.com:8443 {
	onenote {
		account both
		allowed_hosts notes.example.com
	}
}
`
	for account, want := range map[string][]string{
		"home": {"http://localhost:8081/auth/home/callback"},
		"work": {"http://localhost:8082/auth/work/callback"},
		"key":  {"http://localhost:8082/auth/key/callback"},
		"none": {"http://localhost:8081/auth/none/callback"},
		"own":  {"https://login.live.com/oauth20_desktop.srf"},
		"both": {"http://localhost:8083/auth/both/callback", "https://notes.example.com:8443/auth/both/callback"},
	} {
		t.Run(account, func(t *testing.T) {
			if diff := cmp.Diff(want, registered(t, config, account)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFirstSiteIsThatOfTheFirstServer(t *testing.T) {
	var config strings.Builder
	config.WriteString("{\nonenote {\n}\n}\n")
	for port := 8081; port < 8093; port++ {
		config.WriteString("http://:" + fmt.Sprint(port) + " {\nonenote\n}\n")
	}
	got := registered(t, config.String(), "default")
	if len(got) != 12 || got[0] != "http://localhost:8081/auth/default/callback" || got[2] != "http://localhost:8083/auth/default/callback" {
		t.Errorf("got %q, want the sites in the order of the file", got)
	}
}

func TestRegisterWithoutASiteSaysWhatIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Caddyfile")
	write(t, path, "{\nonenote {\n}\n}\n")
	caddyOneNote(nil, "register", "--config", path).
		want(t, exitFailed, "account default: its redirect URI is not known", "write public_url in a site, or redirect_uri in the account")
}

func TestRegisterNeedsNoSecretAndNoStorage(t *testing.T) {
	const config = `{
	storage file_system /dev/null/nowhere
	onenote {
		encryption_key {env.NOT_SET}
		storage file_system /dev/null/nowhere
		client_id {env.NOT_SET}
		client_secret {env.NOT_SET}
		refresh_token {file./nowhere}
	}
}
http://:8081 {
	onenote {
		client_key phone {env.NOT_SET}
	}
}
`
	before := heldMemories()
	if diff := cmp.Diff([]string{"http://localhost:8081/auth/default/callback"}, registered(t, config, "default")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := heldMemories(); got != before {
		t.Errorf("in the pool: got %d, want %d as before", got, before)
	}
}
