// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"crypto/tls"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
)

func TestBaseURLIsPublicURLOrRequestHost(t *testing.T) {
	tests := []struct {
		name, public, image, host string
		tls                       bool
		base, imageBase           string
	}{
		{name: "of the request", host: "127.0.0.1:8080", base: "http://127.0.0.1:8080", imageBase: "http://127.0.0.1:8080"},
		{name: "of the request, IPv6", host: "[::1]:8080", base: "http://[::1]:8080", imageBase: "http://[::1]:8080"},
		{name: "of the request, upper case", host: "LocalHost:8080", base: "http://localhost:8080", imageBase: "http://localhost:8080"},
		{name: "of the request, TLS", host: "localhost", tls: true, base: "https://localhost", imageBase: "https://localhost"},
		{name: "public_url", public: "https://notes.example/onenote/", host: "localhost", base: "https://notes.example/onenote", imageBase: "https://notes.example/onenote"},
		{name: "public_url, encoded", public: "https://notes.example/a%2fb//", host: "localhost", base: "https://notes.example/a%2fb", imageBase: "https://notes.example/a%2fb"},
		{name: "image_url", image: "https://pictures.example/", host: "localhost:1", base: "http://localhost:1", imageBase: "https://pictures.example"},
		{name: "both", public: "https://notes.example", image: "https://pictures.example:444/p", host: "localhost", base: "https://notes.example", imageBase: "https://pictures.example:444/p"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c guard.Config
			if tt.public != "" {
				c.PublicURL = mustURL(t, tt.public)
			}
			if tt.image != "" {
				c.ImageURL = mustURL(t, tt.image)
			}
			g := newGuard(t, c)
			r := call{host: tt.host}.request(t)
			if tt.tls {
				r.TLS = new(tls.ConnectionState)
			}
			route, refusal := g.Admit(r, guard.Peer{})
			if refusal != nil {
				t.Fatal(refusal)
			}
			if got := route.Base.String(); got != tt.base {
				t.Errorf("base: got %s, want %s", got, tt.base)
			}
			if got := route.ImageBase.String(); got != tt.imageBase {
				t.Errorf("image base: got %s, want %s", got, tt.imageBase)
			}
		})
	}
}

// If a client could choose the host of links, it could send the app and its key
// to another server (SSRF and cache poisoning by X-Forwarded-Host).
func TestForwardedHostDoesNotChangeBaseURL(t *testing.T) {
	g := newGuard(t, guard.Config{})
	r := call{header: field("X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "Forwarded", "host=evil.example;proto=https", "X-Original-URL", "/x", "X-Rewrite-URL", "/x", "X-HTTP-Method-Override", "TRACE")}.request(t)
	route, refusal := g.Admit(r, guard.Peer{Authenticated: true})
	if refusal != nil {
		t.Fatal(refusal)
	}
	if got, want := route.Base.String(), "http://localhost:8080"; got != want {
		t.Errorf("base: got %s, want %s", got, want)
	}
}
