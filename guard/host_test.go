// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// If the attacker's name now resolves to 127.0.0.1, a page of the attacker is
// same-origin with the proxy. Only the host that the browser sends still tells
// them apart.
func TestDNSRebindingIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{
		PublicURL:    mustURL(t, "https://Notes.Example:8443/onenote/"),
		ImageURL:     mustURL(t, "https://pictures.example"),
		AllowedHosts: []string{"Onenote", "one_note.internal", "bücher.example", "10.1.2.3", "2001:DB8::5", "named.example:8080"},
	})
	var calls []call
	for _, host := range []string{
		"localhost", "localhost:8080", "LOCALHOST:8080", "localhost.", "localhost.:8080", "localhost:",
		"127.0.0.1", "127.0.0.1:8080", "127.0.0.1.", "127.8.9.10:1", "[::1]", "[::1]:8080", "[0:0::0:1]:8080", "[::ffff:127.0.0.1]:8080",
		"notes.example", "NOTES.example:1", "pictures.example", "onenote:8080", "one_note.internal",
		"xn--bcher-kva.example", "10.1.2.3:80", "[2001:db8:0::5]:80", "named.example", "named.example:9090",
	} {
		calls = append(calls, call{host: host})
	}
	for _, host := range []string{
		"evil.example", "evil.example:8080",
		"localhost.evil.example", "evil.localhost", "localhost.localdomain", "localhost..", "xlocalhost", "localhost:8080.evil.example",
		"127.0.0.1.evil.example", "127.0.0.1.nip.io", "127.1", "0x7f.0.0.1", "2130706433", "0.0.0.0", "0", "128.0.0.1",
		"[::]", "[::2]", "[::1", "::1", "[::1]x", "[::1].", "[::1.]", "[127.0.0.1]", "[localhost]", "[fe80::1%25lo]", "[::1%25lo]",
		"evil.notes.example", "notes.example.evil", "bücher.example", "10.1.2.4", "localhost:x", "localhost:80:80", ":8080", "user@localhost",
		"localhost,evil.example", "localhost evil.example",
	} {
		calls = append(calls, call{host: host, want: apierror.ForbiddenHost})
	}
	checkAll(t, g, calls)
}

func TestRequestWithoutHostIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{})
	r := call{}.request(t)
	r.Host = ""
	_, refusal := g.Admit(r, guard.Peer{})
	if refusal == nil || refusal.Cause != apierror.ForbiddenHost {
		t.Fatalf("got %v, want %s", refusal, apierror.ForbiddenHost)
	}
	if strings.Contains(refusal.Message, "allowed_hosts") || !strings.Contains(refusal.Message, "Host: localhost") {
		t.Errorf("got advice that cannot help: %s", refusal.Message)
	}
}

// In absolute form the Host field does not count (RFC 9112 §3.2.2): the check
// must see what the request line says.
func TestHostOfAbsoluteFormCounts(t *testing.T) {
	g := newGuard(t, guard.Config{})
	checkAll(t, g, []call{
		{line: "GET http://evil.example" + notebooks, want: apierror.ForbiddenHost},
		{line: "GET http://evil.example:8080" + notebooks, want: apierror.ForbiddenHost},
		{line: "GET http://localhost:8080" + notebooks, host: "evil.example"},
		{line: "GET HTTP://localhost:8080" + notebooks},
		{line: "GET https://127.0.0.1" + notebooks},
		{line: "GET http://localhost/", kind: guard.Page},
		{line: "GET http://localhost", want: apierror.BadPath},
		{line: "GET http://localhost?" + notebooks, want: apierror.BadPath},
		{line: "GET http://evil.example@localhost" + notebooks, want: apierror.BadPath},
		{line: "GET http://localhost@evil.example" + notebooks, want: apierror.BadPath},
		{line: "GET ftp://localhost" + notebooks, want: apierror.BadPath},
		{line: "GET http:" + notebooks, want: apierror.BadPath},
		{line: "OPTIONS *", want: apierror.BadPath},
	})
}

// The status page, sign-in and probes are reachable by rebinding as well.
func TestDNSRebindingOfPagesIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{})
	for _, line := range []string{"GET /", "GET /auth/status", "GET /auth/a/signin", "POST /auth/a/signin", "GET /auth/a/callback?code=c&state=s", "POST /auth/a/signout"} {
		call{line: line, host: "evil.example:8080", want: apierror.ForbiddenHost}.check(t, g)
	}
}

// An orchestrator probes by address. It learns only yes or no, and so does a
// page of another site.
func TestProbeFromForeignHostIsAdmittedAsStranger(t *testing.T) {
	g := newGuard(t, guard.Config{})
	tests := []struct {
		name     string
		call     call
		stranger bool
	}{
		{"local", call{}, false},
		{"by address of the pod", call{host: "10.1.2.3:8080", from: remote}, true},
		{"remote", call{from: remote}, true},
		{"through a proxy", call{header: field("Via", "1.1 lb")}, true},
		{"rebound page", call{host: "evil.example:8080"}, true},
		{"page of another site", call{header: field("Sec-Fetch-Site", "cross-site")}, true},
		{"page of another origin", call{header: field("Origin", "http://evil.example")}, true},
	}
	for _, tt := range tests {
		for _, path := range []string{"/healthz", "/readyz?account=work"} {
			t.Run(tt.name+path, func(t *testing.T) {
				tt.call.line, tt.call.kind = "GET "+path, guard.Probe
				route := tt.call.check(t, g)
				if route != nil && (route.Stranger != tt.stranger || route.Account != "") {
					t.Errorf("got stranger %t, account %q, want %t and none", route.Stranger, route.Account, tt.stranger)
				}
			})
		}
	}
}

func TestRefusedHostIsToldHowToBeAllowed(t *testing.T) {
	g := newGuard(t, guard.Config{})
	tests := []struct{ host, want, not string }{
		{"Evil.Example:8080", "add evil.example to the option allowed_hosts", ""},
		{"[2001:db8::1]", "add 2001:db8::1 to the option allowed_hosts", ""},
		{"{$HOME}", "allowed_hosts", "HOME"},
		{"a\"b", "allowed_hosts", `a"b`},
		{strings.Repeat("a", 300), "allowed_hosts", "aaaa"},
	}
	for _, tt := range tests {
		r := call{}.request(t)
		r.Host = tt.host
		_, refusal := g.Admit(r, guard.Peer{})
		if refusal == nil || !strings.Contains(refusal.Message, tt.want) || tt.not != "" && strings.Contains(refusal.Message, tt.not) {
			t.Errorf("%q: got %v, want a message with %s and without %q", tt.host, refusal, tt.want, tt.not)
		}
	}
}
