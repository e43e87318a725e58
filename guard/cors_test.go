// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

func preflight(method, headers string, more ...string) http.Header {
	h := field(more...)
	h.Set("Access-Control-Request-Method", method)
	if headers != "" {
		h.Set("Access-Control-Request-Headers", headers)
	}
	return h
}

func TestPreflightIsAdmittedOnlyForAllowedOrigins(t *testing.T) {
	g := newGuard(t, guard.Config{AllowedOrigins: []string{"https://app.example"}})
	app := []string{"Origin", "https://app.example", "Sec-Fetch-Site", "cross-site"}
	evil := []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}
	checkAll(t, g, []call{
		{name: "allowed", line: "OPTIONS " + notebooks, header: preflight("POST", "authorization", app...), kind: guard.Preflight},
		{name: "allowed and remote, without a key", line: "OPTIONS " + notebooks, from: remote, header: preflight("POST", "authorization", app...), kind: guard.Preflight},
		{name: "allowed for a page of ours", line: "OPTIONS /auth/status", header: preflight("GET", "authorization", app...), kind: guard.Preflight},
		{name: "our own", line: "OPTIONS " + notebooks, header: preflight("PATCH", "", "Origin", "http://localhost:8080"), kind: guard.Preflight},
		{name: "another", line: "OPTIONS " + notebooks, header: preflight("GET", "", evil...), want: apierror.ForbiddenOrigin},
		{name: "another, to a private network", line: "OPTIONS " + notebooks, header: preflight("GET", "", append(evil, "Access-Control-Request-Private-Network", "true")...), want: apierror.ForbiddenOrigin},
		{name: "another, to the callback", line: "OPTIONS /auth/a/callback", header: preflight("POST", "", evil...), want: apierror.ForbiddenOrigin},
		{name: "another, as if a link", line: "OPTIONS /", header: preflight("GET", "", append(evil, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")...), want: apierror.ForbiddenOrigin},
		{name: "null", line: "OPTIONS " + notebooks, header: preflight("GET", "", "Origin", "null"), want: apierror.ForbiddenOrigin},
		{name: "two origins", line: "OPTIONS " + notebooks, header: preflight("GET", "", append(app, "Origin", "https://evil.example")...), want: apierror.ForbiddenOrigin},
		{name: "allowed, on a rebound host", line: "OPTIONS " + notebooks, host: "evil.example", header: preflight("GET", "", app...), want: apierror.ForbiddenHost},
		{name: "allowed, to nowhere", line: "OPTIONS /x", header: preflight("GET", "", app...), want: apierror.NotFound},
		{name: "no preflight: OPTIONS for the API", line: "OPTIONS " + notebooks},
	})
}

func TestPreflightResponseAllowsRequestedFields(t *testing.T) {
	g := newGuard(t, guard.Config{AllowedOrigins: []string{"https://app.example"}})
	tests := []struct {
		name, asked, allowed string
	}{
		{"what onenoteapi sends", "authorization,content-type,x-correlationid", "authorization, content-type, x-correlationid"},
		{"our own key", "x-onenote-proxy-key", "x-onenote-proxy-key"},
		{"nothing", "", ""},
		{"everything", "*", ""},
		{"what is no field name", "a b", ""},
		{"line breaks", "a\r\nSet-Cookie: x", ""},
		{"empty names", "a,,b", ""},
		{"very many", strings.Repeat("a,", 4096) + "a", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := call{line: "OPTIONS " + notebooks, header: preflight("PATCH", tt.asked, "Origin", "https://app.example", "Access-Control-Request-Private-Network", "true")}.request(t)
			rec := httptest.NewRecorder()
			g.ServePreflight(rec, r)
			want := http.Header{
				"Access-Control-Allow-Methods": {"GET, HEAD, POST, PUT, PATCH, DELETE"},
				"Access-Control-Allow-Origin":  {"https://app.example"},
				"Access-Control-Max-Age":       {"600"},
				"Cache-Control":                {"no-store"},
				"Vary":                         {"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"},
			}
			if tt.allowed != "" {
				want.Set("Access-Control-Allow-Headers", tt.allowed)
			}
			if rec.Code != http.StatusNoContent || rec.Body.Len() != 0 {
				t.Errorf("got %d with %d bytes, want 204 without a body", rec.Code, rec.Body.Len())
			}
			if !maps.EqualFunc(rec.Header(), want, slices.Equal[[]string]) {
				t.Errorf("got  %v\nwant %v", rec.Header(), want)
			}
		})
	}
}

func TestServePreflightAllowsNothingForOtherOrigins(t *testing.T) {
	g := newGuard(t, guard.Config{AllowedOrigins: []string{"https://app.example"}})
	rec := httptest.NewRecorder()
	g.ServePreflight(rec, call{line: "OPTIONS " + notebooks, header: preflight("GET", "a", "Origin", "https://evil.example")}.request(t))
	for name := range rec.Header() {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("got %s: %s, want none", name, rec.Header().Get(name))
		}
	}
}

func TestResponseIsReadableOnlyForAllowedOrigins(t *testing.T) {
	with := newGuard(t, guard.Config{AllowedOrigins: []string{"https://app.example", "null"}})
	without := newGuard(t, guard.Config{})
	tests := []struct {
		name    string
		g       *guard.Guard
		origins []string
		acao    string
		vary    string
	}{
		{"allowed", with, []string{"https://app.example"}, "https://app.example", "Accept-Encoding,Origin"},
		{"null", with, []string{"null"}, "null", "Accept-Encoding,Origin"},
		{"another", with, []string{"https://evil.example"}, "", "Accept-Encoding,Origin"},
		{"two", with, []string{"https://app.example", "https://evil.example"}, "", "Accept-Encoding,Origin"},
		{"none", with, nil, "", "Accept-Encoding,Origin"},
		{"none configured", without, []string{"https://app.example"}, "", "Accept-Encoding"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{"Vary": {"Accept-Encoding"}}
			tt.g.SetCORS(h, call{header: http.Header{"Origin": tt.origins}}.request(t))
			if got := h.Get("Access-Control-Allow-Origin"); got != tt.acao {
				t.Errorf("Access-Control-Allow-Origin: got %q, want %q", got, tt.acao)
			}
			exposed := ""
			if tt.acao != "" {
				exposed = "Location, Operation-Location, Retry-After, X-CorrelationId, X-Onenote-Proxy-Error"
			}
			if got := h.Get("Access-Control-Expose-Headers"); got != exposed {
				t.Errorf("Access-Control-Expose-Headers: got %q, want %q", got, exposed)
			}
			if got := strings.Join(h.Values("Vary"), ","); got != tt.vary {
				t.Errorf("Vary: got %q, want %q", got, tt.vary)
			}
			if got := h.Get("Access-Control-Allow-Credentials"); got != "" {
				t.Errorf("Access-Control-Allow-Credentials: got %q, want none", got)
			}
		})
	}
}
