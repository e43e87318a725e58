// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

func TestCrossOriginReadIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{
		PublicURL:      mustURL(t, "https://notes.example/onenote"),
		ImageURL:       mustURL(t, "https://pictures.example"),
		AllowedOrigins: []string{"https://App.Example:443", "http://localhost:3000", "app://obsidian.md", "http://bücher.example:81"},
	})
	checkAll(t, g, []call{
		{name: "curl"},
		{name: "typed address", header: field("Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")},
		{name: "our own page", header: field("Sec-Fetch-Site", "same-origin")},
		{name: "our own page posts", line: "POST " + notebooks, header: field("Sec-Fetch-Site", "same-origin", "Origin", "http://localhost:8080")},
		{name: "our own page, old browser", line: "POST " + notebooks, header: field("Origin", "http://localhost:8080")},
		{name: "our own page, host in capitals", host: "LOCALHOST:8080", header: field("Origin", "http://localhost:8080")},
		{name: "our own page on port 80", host: "localhost:80", header: field("Origin", "http://localhost")},
		{name: "our own page behind TLS", header: field("Origin", "https://notes.example")},
		{name: "our own page that sends no referrer", line: "POST " + notebooks, header: field("Origin", "null", "Sec-Fetch-Site", "same-origin")},
		{name: "allowed", header: field("Origin", "https://app.example", "Sec-Fetch-Site", "cross-site")},
		{name: "allowed with a port", header: field("Origin", "http://localhost:3000", "Sec-Fetch-Site", "same-site")},
		{name: "allowed scheme of its own", header: field("Origin", "app://obsidian.md")},
		{name: "allowed name beyond ASCII", header: field("Origin", "http://xn--bcher-kva.example:81")},

		{name: "picture or script on another site", header: field("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"), want: apierror.ForbiddenOrigin},
		{name: "another port of this machine", header: field("Sec-Fetch-Site", "same-site"), want: apierror.ForbiddenOrigin},
		{name: "another site", header: field("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"), want: apierror.ForbiddenOrigin},
		{name: "another site, old browser", header: field("Origin", "https://evil.example"), want: apierror.ForbiddenOrigin},
		{name: "another site that says it is ours", header: field("Origin", "https://evil.example", "Sec-Fetch-Site", "same-origin"), want: apierror.ForbiddenOrigin},
		{name: "another site, HEAD", line: "HEAD " + notebooks, header: field("Origin", "https://evil.example"), want: apierror.ForbiddenOrigin},
		{name: "another site, OPTIONS", line: "OPTIONS " + notebooks, header: field("Origin", "https://evil.example"), want: apierror.ForbiddenOrigin},
		{name: "another port", header: field("Origin", "http://localhost:9999"), want: apierror.ForbiddenOrigin},
		{name: "another loopback name", header: field("Origin", "http://127.0.0.1:8080"), want: apierror.ForbiddenOrigin},
		{name: "another scheme", header: field("Origin", "https://localhost:8080"), want: apierror.ForbiddenOrigin},
		{name: "sandboxed document", header: field("Origin", "null"), want: apierror.ForbiddenOrigin},
		{name: "sandboxed document, newer browser", header: field("Origin", "null", "Sec-Fetch-Site", "cross-site"), want: apierror.ForbiddenOrigin},
		{name: "null with two sites", header: field("Origin", "null", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"), want: apierror.ForbiddenOrigin},
		{name: "empty origin", header: field("Origin", ""), want: apierror.ForbiddenOrigin},
		{name: "two origins", header: field("Origin", "https://app.example", "Origin", "https://evil.example"), want: apierror.ForbiddenOrigin},
		{name: "list of origins", header: field("Origin", "https://app.example https://evil.example"), want: apierror.ForbiddenOrigin},
		{name: "longer than allowed", header: field("Origin", "https://app.example.evil"), want: apierror.ForbiddenOrigin},
		{name: "below allowed", header: field("Origin", "https://x.app.example"), want: apierror.ForbiddenOrigin},
		{name: "allowed with a slash", header: field("Origin", "https://app.example/"), want: apierror.ForbiddenOrigin},
		{name: "allowed on http", header: field("Origin", "http://app.example"), want: apierror.ForbiddenOrigin},
		{name: "where pictures are", header: field("Origin", "https://pictures.example"), want: apierror.ForbiddenOrigin},
		{name: "two sites", header: field("Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"), want: apierror.ForbiddenOrigin},
		{name: "site that is none of the words", header: field("Sec-Fetch-Site", "Same-Origin"), want: apierror.ForbiddenOrigin},
		{name: "link to the API on another site", header: field("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"), want: apierror.ForbiddenOrigin},
	})
}

func TestCrossOriginWriteIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{})
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		for _, h := range [][]string{
			{"Origin", "https://evil.example"},
			{"Origin", "null"},
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
		} {
			t.Run(method+" "+strings.Join(h, " "), func(t *testing.T) {
				call{line: method + " " + notebooks, header: field(h...), want: apierror.ForbiddenOrigin}.check(t, g)
			})
		}
	}
}

func TestNullOriginIsAdmittedWhenAllowed(t *testing.T) {
	g := newGuard(t, guard.Config{AllowedOrigins: []string{"null"}})
	call{header: field("Origin", "null", "Sec-Fetch-Site", "cross-site")}.check(t, g)
}

func TestOwnOriginIsHTTPSOverTLS(t *testing.T) {
	g := newGuard(t, guard.Config{})
	for origin, want := range map[string]apierror.Cause{
		"https://localhost": "",
		"http://localhost":  apierror.ForbiddenOrigin,
	} {
		r := call{host: "localhost:443", header: field("Origin", origin)}.request(t)
		r.TLS = &tls.ConnectionState{}
		if _, refusal := g.Admit(r, guard.Peer{}); causeOf(refusal) != want {
			t.Errorf("%s: got %v, want %q", origin, refusal, want)
		}
	}
}

// Some requests of a sign-in come from other sites by design: the provider
// redirects or posts to the callback, and people follow links and bookmarks.
func TestLoginCSRFIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{})
	document := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	frame := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}
	fetch := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}
	foreign := []string{"Origin", "https://login.live.com"}
	checkAll(t, g, []call{
		{name: "redirect to the callback", line: "GET /auth/a/callback?code=c&state=s", header: field(document...), kind: guard.Page},
		{name: "form_post to the callback", line: "POST /auth/a/callback", header: field(append(foreign, document...)...), kind: guard.Page},
		{name: "form_post with a null origin", line: "POST /auth/a/callback", header: field("Origin", "null"), kind: guard.Page},
		{name: "link to the status page", line: "GET /", header: field(document...), kind: guard.Page},
		{name: "link to the sign-in page", line: "GET /auth/a/signin", header: field(document...), kind: guard.Page},
		{name: "link to the sign-in page, HEAD", line: "HEAD /auth/a/signin", header: field(document...), kind: guard.Page},
		{name: "our own button", line: "POST /auth/a/signin", header: field("Origin", "http://localhost:8080", "Sec-Fetch-Site", "same-origin"), kind: guard.Page},
		{name: "curl starts a sign-in", line: "POST /auth/a/signin", kind: guard.Page},

		{name: "sign-in started by another site", line: "POST /auth/a/signin", header: field(append(foreign, document...)...), want: apierror.ForbiddenOrigin},
		{name: "sign-in started by another site, old browser", line: "POST /auth/a/signin", header: field(foreign...), want: apierror.ForbiddenOrigin},
		{name: "sign-out by another site", line: "POST /auth/a/signout", header: field(append(foreign, document...)...), want: apierror.ForbiddenOrigin},
		{name: "address pasted by another site", line: "POST /auth/a/paste", header: field(append(foreign, document...)...), want: apierror.ForbiddenOrigin},
		{name: "sign-in page in a frame", line: "GET /auth/a/signin", header: field(frame...), want: apierror.ForbiddenOrigin},
		{name: "status page in a frame", line: "GET /", header: field(frame...), want: apierror.ForbiddenOrigin},
		{name: "status page read by script", line: "GET /", header: field(fetch...), want: apierror.ForbiddenOrigin},
		{name: "status read by script", line: "GET /auth/status", header: field(fetch...), want: apierror.ForbiddenOrigin},
		{name: "link to the status", line: "GET /auth/status", header: field(document...), want: apierror.ForbiddenOrigin},
		{name: "below the callback", line: "GET /auth/a/callback/x", header: field(document...), want: apierror.ForbiddenOrigin},
	})
}

func TestRefusedOriginIsToldHowToBeAllowed(t *testing.T) {
	g := newGuard(t, guard.Config{})
	tests := []struct{ origin, want, not string }{
		{"https://app.example:8443", "add https://app.example:8443 to the option allowed_origins", ""},
		{"http://[::1]:3000", "add http://[::1]:3000 to the option allowed_origins", ""},
		{"null", "add null to the option allowed_origins", ""},
		{"https://app.example/<b>", "allowed_origins", "<b>"},
		{"{$SECRET}", "allowed_origins", "SECRET"},
		{"https://" + strings.Repeat("a", 300), "allowed_origins", "aaaa"},
		{"", "allowed_origins", ""},
	}
	for _, tt := range tests {
		_, refusal := g.Admit(call{header: field("Origin", tt.origin)}.request(t), guard.Peer{})
		if refusal == nil || !strings.Contains(refusal.Message, tt.want) || tt.not != "" && strings.Contains(refusal.Message, tt.not) {
			t.Errorf("%q: got %v, want a message with %s and without %q", tt.origin, refusal, tt.want, tt.not)
		}
	}
}
