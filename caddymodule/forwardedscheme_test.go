// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"strings"
	"testing"
)

// Reported for other modules (greenpau/caddy-auth-portal issue 62, caddy issue
// 6908): behind a forwarder that ends TLS, links begin with http and nothing says
// why.
func TestForwarderThatEndsTLSIsWarnedOfOnce(t *testing.T) {
	m := startMicrosoft(t)
	t.Setenv("APP_KEY", "key-of-the-app")
	const key = "client_key app {env.APP_KEY}"
	for _, tt := range []struct {
		name, options string
		headers       []string
		want          int
	}{
		{"X-Forwarded-Proto", key, []string{"X-Forwarded-Proto", "https"}, 1},
		{"the first of several", key, []string{"X-Forwarded-Proto", "HTTPS, http"}, 1},
		{"X-Forwarded-Scheme", key, []string{"X-Forwarded-Scheme", "https"}, 1},
		{"Forwarded", key, []string{"Forwarded", `for=192.0.2.7; Proto="https", for=127.0.0.1;proto=http`}, 1},
		{"X-Forwarded-Ssl", key, []string{"X-Forwarded-Ssl", "on"}, 1},
		{"Front-End-Https", key, []string{"Front-End-Https", "On", "X-Forwarded-For", "192.0.2.7"}, 1},
		{"http in front as well", key, []string{"X-Forwarded-Proto", "http"}, 0},
		{"https only between forwarders", key, []string{"X-Forwarded-Proto", "http, https"}, 0},
		{"another field", key, []string{"X-Forwarded-For", "https", "Forwarded", "by=https;proto=http"}, 0},
		{"public_url", key + "\npublic_url https://notes.example", []string{"X-Forwarded-Proto", "https"}, 0},
		{"no forwarder", key, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			s.mustLoad(s.config(importedAccount(m), "onenote "+m.url+" {\n"+tt.options+"\n}"))
			for range 2 {
				s.get(notebooks, append(tt.headers, "Authorization", "Bearer key-of-the-app")...).want(t, 200, "")
			}
			log := s.log()
			if got := strings.Count(log, "write public_url"); got != tt.want {
				t.Errorf("got %d warnings, want %d: %s", got, tt.want, log)
			}
			for _, want := range []string{"trusted_proxies", s.url} {
				if tt.want > 0 && !strings.Contains(lineWith(log, "write public_url"), want) {
					t.Errorf("got no warning with %q: %s", want, log)
				}
			}
		})
	}
}

// Only clients that may use the site can write into its log.
func TestRefusedClientCausesNoWarningOfForwarder(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks, "X-Forwarded-Proto", "https").want(t, 403, "forbidden_client")
	s.get("/healthz", "X-Forwarded-Proto", "https").want(t, 200, "")
	if strings.Contains(s.log(), "write public_url") {
		t.Errorf("got a warning: %s", s.log())
	}
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}
