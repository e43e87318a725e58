// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

func TestEndpointIsFoundByRawPath(t *testing.T) {
	g := newGuard(t, guard.Config{Paths: []string{"/v1.0/", "/beta/"}})
	long := strings.Repeat("a", 63)
	checkAll(t, g, []call{
		{line: "GET /v1.0/me"},
		{line: "GET /beta/"},
		{line: "GET /v1.0/me/onenote/pages/1-a%21b?$top=5"},
		{line: "GET /", kind: guard.Page},
		{line: "GET /?x=1", kind: guard.Page},
		{line: "GET /auth/status", kind: guard.Page},
		{line: "GET /auth/default/signin", kind: guard.Page},
		{line: "GET /auth/status/signin", kind: guard.Page},
		{line: "GET /auth/a_b-9/callback?code=c&state=s", kind: guard.Page},
		{line: "POST /auth/default/paste", kind: guard.Page},
		{line: "POST /auth/default/signout", kind: guard.Page},
		{line: "GET /auth/default/signin/done", kind: guard.Page},
		{line: "GET /auth/" + long + "/signin", kind: guard.Page},
		{line: "GET /favicon.ico", kind: guard.Page},
		{line: "GET /healthz", kind: guard.Probe},
		{line: "HEAD /readyz?account=work&wait=5s", kind: guard.Probe},

		{line: "GET /v1.0", want: apierror.NotFound},
		{line: "GET /V1.0/me", want: apierror.NotFound},
		{line: "GET /v1%2e0/me", want: apierror.NotFound},
		{line: "GET /%761.0/me", want: apierror.NotFound},
		{line: "GET /v1.0%2fme", want: apierror.NotFound},
		{line: "GET /v1.0x/me", want: apierror.NotFound},
		{line: "GET /api/v1.0/me", want: apierror.NotFound},
		{line: "GET /favicon.ico/", want: apierror.NotFound},
		{line: "GET /favicon.icon", want: apierror.NotFound},
		{line: "GET /auth", want: apierror.NotFound},
		{line: "GET /auth/", want: apierror.NotFound},
		{line: "GET /auth/status/", want: apierror.NotFound},
		{line: "GET /auth/default", want: apierror.NotFound},
		{line: "GET /auth/default/", want: apierror.NotFound},
		{line: "GET /auth/Default/signin", want: apierror.NotFound},
		{line: "GET /auth/-a/signin", want: apierror.NotFound},
		{line: "GET /auth/" + long + "a/signin", want: apierror.NotFound},
		{line: "GET /auth/default/sign%69n", want: apierror.NotFound},
		{line: "GET /auth/default/signin/", want: apierror.NotFound},
		{line: "GET /%61uth/status", want: apierror.NotFound},
		{line: "GET /healthz/", want: apierror.NotFound},
		{line: "GET /Healthz", want: apierror.NotFound},
		{line: "GET /metrics", want: apierror.NotFound},
	})
}

func TestEndpointTakesOnlyItsMethods(t *testing.T) {
	g := newGuard(t, guard.Config{})
	tests := []struct{ path, allow string }{
		{notebooks, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
		{"/", "GET, HEAD"},
		{"/auth/status", "GET, HEAD"},
		{"/auth/a/signin", "GET, HEAD, POST"},
		{"/auth/a/callback", "GET, HEAD, POST"},
		{"/auth/a/paste", "POST"},
		{"/auth/a/signout", "POST"},
		{"/healthz", "GET, HEAD"},
		{"/readyz", "GET, HEAD"},
	}
	for _, tt := range tests {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			t.Run(method+" "+tt.path, func(t *testing.T) {
				r := call{line: method + " " + tt.path}.request(t)
				_, refusal := g.Admit(r, guard.Peer{})
				if strings.Contains(", "+tt.allow+",", ", "+method+",") {
					if refusal != nil {
						t.Errorf("got %v, want it admitted", refusal)
					}
					return
				}
				if refusal == nil || refusal.Cause != apierror.MethodNotAllowed {
					t.Fatalf("got %v, want %s", refusal, apierror.MethodNotAllowed)
				}
				if got := strings.Join(refusal.Allow, ", "); got != tt.allow {
					t.Errorf("Allow: got %q, want %q", got, tt.allow)
				}
			})
		}
	}
}

// A listener may serve pages and probes alone.
func TestWithoutProxiedPathsOnlyPagesAndProbesAreServed(t *testing.T) {
	g := newGuard(t, guard.Config{Paths: []string{}})
	checkAll(t, g, []call{
		{line: "GET /", kind: guard.Page},
		{line: "GET /auth/default/signin", kind: guard.Page},
		{line: "GET /healthz", kind: guard.Probe},
		{line: "GET " + notebooks, want: apierror.NotFound},
		{line: "GET /x", want: apierror.NotFound},
	})
	_, refusal := g.Admit(call{}.request(t), guard.Peer{})
	if want := "there is nothing at this path. The status page is at /."; refusal.Message != want {
		t.Errorf("got %q, want %q", refusal.Message, want)
	}
}

// What a request is for follows from its path, whether it is admitted or not.
func TestKindOf(t *testing.T) {
	g := newGuard(t, guard.Config{})
	for line, want := range map[string]guard.Kind{
		"GET " + notebooks:         guard.API,
		"TRACE " + notebooks:       guard.API,
		"GET /auth/default/signin": guard.Page,
		"GET /":                    guard.Page,
		"GET /healthz":             guard.Probe,
		"GET /nothing":             0,
		"GET /api/%2e%2e/x":        0,
	} {
		if got := g.KindOf(call{line: line, host: "evil.example"}.request(t)); got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}
