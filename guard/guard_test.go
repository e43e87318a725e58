// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

const (
	notebooks = "/api/v1.0/me/notes/notebooks"
	local     = "127.0.0.1:50000"
	remote    = "192.0.2.7:50000"
)

// A call is one request and what the guard should decide.
type call struct {
	name   string
	line   string // method and target; default: GET of the notebooks
	host   string // default: localhost:8080
	from   string // RemoteAddr; default: local
	header http.Header
	peer   guard.Peer
	want   apierror.Cause // empty: admitted
	status int            // default: that of the cause
	kind   guard.Kind     // of the route; default: API
}

func (c call) request(t testing.TB) *http.Request {
	t.Helper()
	line, host := c.line, c.host
	if line == "" {
		line = "GET " + notebooks
	}
	if host == "" {
		host = "localhost:8080"
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(
		line + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")))
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	for name, values := range c.header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	r.RemoteAddr = c.from
	if c.from == "" {
		r.RemoteAddr = local
	}
	return r
}

// check asks the guard and returns the route, or nil.
func (c call) check(t testing.TB, g *guard.Guard) *guard.Route {
	t.Helper()
	route, refusal := g.Admit(c.request(t), c.peer)
	if (route == nil) == (refusal == nil) {
		t.Fatalf("got route %v and refusal %v, want exactly one", route, refusal)
	}
	if c.want == "" {
		if refusal != nil {
			t.Errorf("got %v, want it admitted", refusal)
			return nil
		}
		if want := max(c.kind, guard.API); route.Kind != want {
			t.Errorf("kind: got %v, want %v", route.Kind, want)
		}
		return route
	}
	if refusal == nil {
		t.Errorf("got it admitted as %v, want %s", route.Kind, c.want)
		return nil
	}
	status := c.status
	if status == 0 {
		status = c.want.Status()
	}
	if refusal.Cause != c.want || refusal.Status() != status {
		t.Errorf("got %d %v, want %d %s", refusal.Status(), refusal, status, c.want)
	}
	if refusal.Message == "" {
		t.Error("the refusal says nothing")
	}
	return nil
}

func checkAll(t *testing.T, g *guard.Guard, calls []call) {
	t.Helper()
	for _, c := range calls {
		name := c.name
		if name == "" {
			name = c.line + c.host
		}
		t.Run(name, func(t *testing.T) { c.check(t, g) })
	}
}

func newGuard(t testing.TB, c guard.Config) *guard.Guard {
	t.Helper()
	if c.Paths == nil {
		c.Paths = []string{"/api/"}
	}
	g, err := guard.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func field(pairs ...string) http.Header {
	h := make(http.Header)
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestLocalAppIsAdmittedWithoutKey(t *testing.T) {
	g := newGuard(t, guard.Config{Account: "work"})
	route := call{}.check(t, g)
	if route == nil {
		t.FailNow()
	}
	if route.Account != "work" || route.Bound || route.Remote || route.KeyName != "" || route.Picture != nil {
		t.Errorf("got %+v, want the configured account and a local client", route)
	}
	if got, want := route.Base.String(), "http://localhost:8080"; got != want {
		t.Errorf("base: got %s, want %s", got, want)
	}
}

func TestKindsHaveNames(t *testing.T) {
	got := fmt.Sprint(guard.API, guard.Page, guard.Probe, guard.Preflight, guard.Picture, guard.Kind(0))
	if want := "api page probe preflight picture none"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Every request passes the guard.
func BenchmarkAdmit(b *testing.B) {
	g := newGuard(b, guard.Config{
		Account:        "work",
		PublicURL:      mustURL(b, "https://notes.example"),
		AllowedOrigins: []string{"https://app.example"},
		ClientKeys:     []guard.ClientKey{{Name: "app", Key: "key-of-app"}},
		Loop:           "onenote-proxy-1",
	})
	for _, bench := range []struct {
		name string
		call call
	}{
		{"local", call{line: "GET " + notebooks + "?$top=20"}},
		{"encoded", call{line: "GET /api/v1.0/users('a%40b.example')/notes/pages/1-a%21b/content"}},
		{"remote", call{from: remote, header: field("Authorization", "Bearer key-of-app")}},
		{"browser", call{header: field("Origin", "https://app.example", "Sec-Fetch-Site", "cross-site")}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			r := bench.call.request(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, refusal := g.Admit(r, guard.Peer{}); refusal != nil {
					b.Fatal(refusal)
				}
			}
		})
	}
}

// A server that cannot read its client keys still responds to probes, and admits
// nothing else: not even what would need no key.
func TestProbesOnlyRefusesAllButProbes(t *testing.T) {
	config := guard.Config{AllowedOrigins: []string{"https://app.example"}, TrustedPeers: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	open := newGuard(t, config)
	refusal := &apierror.Error{Cause: apierror.Misconfigured, Message: "a key cannot be read"}
	g := open.ProbesOnly(refusal)
	checkAll(t, g, []call{
		{name: "probe", line: "GET /healthz", kind: guard.Probe},
		{name: "probe of a remote client", line: "HEAD /readyz?account=work", from: "203.0.113.1:1", kind: guard.Probe},
		{name: "probe by address", line: "GET /healthz", host: "10.1.2.3", from: remote, kind: guard.Probe},

		{name: "probe with a method that it does not take", line: "POST /healthz", want: apierror.MethodNotAllowed},
		{name: "tunnel", line: "CONNECT localhost:8080", want: apierror.MethodNotAllowed},
		{name: "path that climbs", line: "GET /api/../healthz", want: apierror.BadPath},
		{name: "local client", want: apierror.Misconfigured},
		{name: "authenticated client", from: "203.0.113.1:1", peer: guard.Peer{Authenticated: true}, want: apierror.Misconfigured},
		{name: "trusted peer", from: remote, want: apierror.Misconfigured},
		{name: "page", line: "GET /", want: apierror.Misconfigured},
		{name: "callback", line: "GET /auth/a/callback?code=c&state=s", want: apierror.Misconfigured},
		{name: "preflight", line: "OPTIONS " + notebooks, header: field("Origin", "https://app.example", "Access-Control-Request-Method", "GET"), want: apierror.Misconfigured},
		{name: "host that is not served", host: "evil.example", want: apierror.Misconfigured},
		{name: "path that does not exist", line: "GET /favicon.ico", want: apierror.Misconfigured},
	})
	if _, got := g.Admit(call{}.request(t), guard.Peer{}); got != refusal {
		t.Errorf("got %v, want the refusal that was given", got)
	}
	call{}.check(t, open) // it stays open
}
