// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// A tunnel would bypass all checks, and TRACE would show our credential.
func TestUnknownMethodIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{})
	for _, method := range []string{"CONNECT", "TRACE", "get", "PROPFIND", "TRACK", "DEBUG", "M-SEARCH", ""} {
		for _, path := range []string{notebooks, "/", "/healthz", "/nothing"} {
			r := call{line: "GET " + path}.request(t)
			r.Method = method
			_, refusal := g.Admit(r, guard.Peer{})
			if refusal == nil || refusal.Cause != apierror.MethodNotAllowed {
				t.Errorf("%s %s: got %v, want %s", method, path, refusal, apierror.MethodNotAllowed)
				continue
			}
			if got, want := strings.Join(refusal.Allow, ", "), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"; got != want {
				t.Errorf("%s %s: Allow: got %q, want %q", method, path, got, want)
			}
		}
	}
	checkAll(t, g, []call{{line: "CONNECT www.onenote.com:443", want: apierror.MethodNotAllowed}})
}

func TestProtocolUpgradeIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{})
	for _, values := range [][]string{{"websocket"}, {"WebSocket"}, {"h2c", "websocket"}, {"h2c, websocket"}, {"TLS/1.0"}, {""}} {
		for _, line := range []string{"GET " + notebooks, "GET /", "GET /healthz"} {
			t.Run(line+" "+strings.Join(values, "+"), func(t *testing.T) {
				call{line: line, header: http.Header{"Connection": {"Upgrade"}, "Upgrade": values}, want: apierror.MethodNotAllowed}.check(t, g)
			})
		}
	}
}

// Java's HttpClient offers h2c with its first request to any http address. The
// request is admitted without the offer: a forwarded offer would open a tunnel
// past the proxy (h2c smuggling).
func TestH2COfferIsRemoved(t *testing.T) {
	g := newGuard(t, guard.Config{})
	r := call{header: field("Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c", "HTTP2-Settings", "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA")}.request(t)
	if _, refusal := g.Admit(r, guard.Peer{}); refusal != nil {
		t.Fatalf("got %v, want it admitted", refusal)
	}
	for _, name := range []string{"Upgrade", "Http2-Settings"} {
		if got, ok := r.Header[name]; ok {
			t.Errorf("%s: got %q, want it gone", name, got)
		}
	}
}
