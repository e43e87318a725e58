// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
)

func TestConfigErrorSaysWhatToWrite(t *testing.T) {
	tests := []struct {
		name   string
		config guard.Config
		want   string
	}{
		{"path without slash", guard.Config{Paths: []string{"/api"}}, `proxied path "/api": write it as /api/`},
		{"everything", guard.Config{Paths: []string{"/"}}, "write it as /api/"},
		{"path that climbs", guard.Config{Paths: []string{"/api/../"}}, "write it as /api/"},
		{"our own pages", guard.Config{Paths: []string{"/auth/x/"}}, "the pages of the proxy itself are there"},
		{"host that is an address", guard.Config{AllowedHosts: []string{"http://notes.example"}}, `allowed_hosts "http://notes.example": not a host; write the name alone`},
		{"any host", guard.Config{AllowedHosts: []string{"*"}}, `allowed_hosts "*"`},
		{"no host", guard.Config{AllowedHosts: []string{""}}, `allowed_hosts ""`},
		{"host with a zone", guard.Config{AllowedHosts: []string{"fe80::1%eth0"}}, `allowed_hosts "fe80::1%eth0"`},
		{"host beyond IDNA", guard.Config{AllowedHosts: []string{"ü\ufffd.example"}}, "allowed_hosts"},
		{"any origin", guard.Config{AllowedOrigins: []string{"*"}}, `allowed_origins "*": every page on the web`},
		{"origin with a path", guard.Config{AllowedOrigins: []string{"https://app.example/"}}, `allowed_origins "https://app.example/": not an origin; write scheme, host and port alone`},
		{"origin with a query", guard.Config{AllowedOrigins: []string{"https://app.example?"}}, "not an origin"},
		{"origin with a fragment", guard.Config{AllowedOrigins: []string{"https://app.example#"}}, "not an origin"},
		{"origin with a user", guard.Config{AllowedOrigins: []string{"https://u@app.example"}}, "not an origin"},
		{"host for an origin", guard.Config{AllowedOrigins: []string{"app.example"}}, "not an origin"},
		{"origin beyond IDNA", guard.Config{AllowedOrigins: []string{"https://ü\ufffd.example"}}, "allowed_origins"},
		{"key without a name", guard.Config{ClientKeys: []guard.ClientKey{{Key: "k"}}}, "client_key: key 1 has no name"},
		{"empty key", guard.Config{ClientKeys: []guard.ClientKey{{Name: "app"}}}, `client_key "app": the key is empty`},
		{"key with a line break", guard.Config{ClientKeys: []guard.ClientKey{{Name: "app", Key: "secret\n"}}}, `client_key "app": the key begins or ends with a space, or holds a line break`},
		{"one key twice", guard.Config{ClientKeys: []guard.ClientKey{{Name: "a", Key: "canary-1"}, {Name: "b", Key: "canary-1"}}}, `client_key "b": the same key is given to "a"`},
		{"one name, two accounts", guard.Config{ClientKeys: []guard.ClientKey{{Name: "a", Key: "canary-1", Account: "x"}, {Name: "a", Key: "canary-2", Account: "y"}}}, `client_key "a": its keys are bound to different accounts ("x" and "y")`},
		{"no network", guard.Config{TrustedPeers: []netip.Prefix{{}}}, "trusted_peers"},
		{"public_url without scheme", guard.Config{PublicURL: &url.URL{Host: "notes.example"}}, "public_url"},
		{"public_url with a query", guard.Config{PublicURL: &url.URL{Scheme: "https", Host: "notes.example", RawQuery: "a=b"}}, "has no user, query or fragment"},
		{"image_url of another scheme", guard.Config{ImageURL: &url.URL{Scheme: "ftp", Host: "notes.example"}}, "image_url"},
		{"image_url with a host that is none", guard.Config{ImageURL: &url.URL{Scheme: "http", Host: "a b"}}, "is not a host"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.config.Paths == nil {
				tt.config.Paths = []string{"/api/"}
			}
			_, err := guard.New(tt.config)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want an error with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "secret") {
				t.Errorf("the error holds a key: %v", err)
			}
		})
	}
}

func TestConfigErrorsAreReportedTogether(t *testing.T) {
	_, err := guard.New(guard.Config{Paths: []string{"/api/"}, AllowedHosts: []string{"*"}, AllowedOrigins: []string{"*"}})
	for _, want := range []string{"allowed_hosts", "allowed_origins"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
}
