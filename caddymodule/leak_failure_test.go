// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// panicking is a handler with a bug.
type panicking struct{}

func (panicking) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.onenote_test_panic", New: func() caddy.Module { return new(panicking) }}
}

func (*panicking) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }

func (*panicking) ServeHTTP(_ http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	panic(fmt.Errorf("a bug in handling %s with %v: %w", r.RequestURI, r.Header, errors.ErrUnsupported))
}

func init() {
	caddy.RegisterModule(panicking{})
	httpcaddyfile.RegisterHandlerDirective("onenote_test_panic", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		return new(panicking), nil
	})
}

// Caddy logs the URL and the header of a request that fails, also of one that
// is kept out of the access log.
func TestFailedSensitiveRequestIsNotLogged(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	t.Setenv("CANARY_KEY", "canary-client-key")
	s.mustLoad(s.config(importedAccount(m), "log\nonenote "+m.url+" {\nclient_key a {env.CANARY_KEY}\ntrusted_peers 127.0.0.1\n}", "debug"))
	s.get(notebooks).want(t, 200, "")
	const pictures = "/api/v1.0/me/notes/resources/canary-resource/content"
	tests := []struct{ name, path, header string }{
		{"a key", notebooks, "X-Onenote-Proxy-Key: canary-client-key"},
		{"a token in the query", notebooks + "?access_token=canary-token", "X-A: b"},
		{"a public picture", pictures + "?publicAuth=true", "X-A: b"},
		{"where it came from", notebooks, "Referer: " + s.url + "/auth/default/callback?code=canary-code"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, _, _ := strings.Cut(tt.path, "?")
			m.control("POST", "faults", `{"path":"`+path+`","delay":"20s","times":1}`)
			before := len(m.requests(path))
			conn, err := net.Dial("tcp", "127.0.0.1:"+s.port())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n", tt.path, tt.header)
			eventually(t, "the request reaches the API", func() bool { return len(m.requests(path)) > before })
			logged := strings.Count(s.log(), "kept out of the access log")
			conn.Close()
			eventually(t, "the request ends", func() bool { return strings.Count(s.log(), "kept out of the access log") > logged })
		})
	}
	m.control("POST", "faults", `{"path":"`+notebooks+`","cut":0,"times":1}`)
	s.get(notebooks, "X-Onenote-Proxy-Key", "canary-client-key").want(t, 502, "upstream_unreachable")

	// An error that nobody here knows goes to Caddy, which logs the request.
	s.mustLoad(s.config(importedAccount(m), "log\nonenote "+m.url+" {\nclient_key a {env.CANARY_KEY}\ntrusted_peers 127.0.0.1\nhandle_response {\nerror \"of another handler\" 500\n}\n}", "debug"))
	s.get(notebooks).want(t, 500, "")
	s.get(notebooks, "X-Onenote-Proxy-Key", "canary-client-key").want(t, 500, "")
	s.get(pictures+"?publicAuth=true").want(t, 500, "")
	said := 0
	for line := range strings.Lines(s.log()) {
		if strings.Contains(line, "canary") {
			t.Errorf("logged: %s", line)
		}
		if strings.Contains(line, "of another handler") && strings.Contains(line, `"status":500`) {
			said++
		}
	}
	if said != 3 {
		t.Errorf("lines that say what failed: got %d, want 3", said)
	}
}

// Go logs a panic with all that its author put into it. What a handler inside
// of reverse_proxy is given holds no credentials any more.
func TestPanicLogHoldsNoCredentials(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	t.Setenv("CANARY_KEY", "canary-client-key")
	s.mustLoad(s.config(importedAccount(m), "log\nonenote "+m.url+" {\nclient_key a {env.CANARY_KEY}\ntrusted_peers 127.0.0.1\nhandle_response {\nroute {\nonenote_test_panic\n}\n}\n}", "debug\nservers {\nlog_credentials\n}"))
	for _, raw := range []string{
		"GET " + notebooks + " HTTP/1.1\r\nHost: localhost\r\nX-Onenote-Proxy-Key: canary-client-key\r\n\r\n",
		"GET " + notebooks + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer canary-token\r\n\r\n",
		"GET " + notebooks + "?access_token=canary-token HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /api/v1.0/me/notes/resources/canary/content?publicAuth=true HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		seen, _ := io.ReadAll(s.raw(raw)) // the connection is closed, perhaps reset
		if strings.Contains(string(seen), "canary") {
			t.Errorf("the client sees %s", seen)
		}
	}
	if got := strings.Count(s.log(), "a bug in handling"); got < 4 {
		t.Errorf("panics that were logged: got %d, want 4", got)
	}
	for line := range strings.Lines(s.log()) {
		if strings.Contains(line, "canary") {
			t.Errorf("logged: %s", line)
		}
	}
}

// Anybody could fill the disk otherwise.
func TestMissingKeyFileDoesNotFillLog(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m, "client_key a {file."+filepath.Join(t.TempDir(), "missing")+"}"))
	s.get(notebooks).want(t, 500, "misconfigured")
	before := strings.Count(s.log(), "missing")
	for range 20 {
		s.get(notebooks, "X-Forwarded-For", "192.0.2.1")
		s.get("/readyz", "X-Forwarded-For", "192.0.2.1")
	}
	if got := strings.Count(s.log(), "missing") - before; got != 0 {
		t.Errorf("lines about the file for 40 requests: got %d, want none", got)
	}
}
