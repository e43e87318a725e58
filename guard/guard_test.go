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
	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
)

const (
	notebooks = "/api/v1.0/me/notes/notebooks"
	local     = "127.0.0.1:50000"
	remote    = "192.0.2.7:50000"
)

// A call is one request and what the guard is to say to it.
type call struct {
	name   string
	line   string // method and target; default: GET of the notebooks
	host   string // default: localhost:8080
	from   string // RemoteAddr; default: local
	header http.Header
	peer   guard.Peer
	want   answer.Cause // empty: admitted
	status int          // default: that of the cause
	kind   guard.Kind   // of the route; default: API
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

func TestAnAppOnThisMachineNeedsNothing(t *testing.T) {
	g := newGuard(t, guard.Config{Account: "work"})
	route := call{}.check(t, g)
	if route == nil {
		t.FailNow()
	}
	if route.Account != "work" || route.Bound || route.Remote || route.Client != "" || route.Picture != nil {
		t.Errorf("got %+v, want the configured account and a local caller", route)
	}
	if got, want := route.Base.String(), "http://localhost:8080"; got != want {
		t.Errorf("base: got %s, want %s", got, want)
	}
}

func TestConfigurationErrorsSayWhatToWrite(t *testing.T) {
	tests := []struct {
		name   string
		config guard.Config
		want   string
	}{
		{"no path", guard.Config{Paths: []string{}}, "no path is proxied"},
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

func TestAllConfigurationErrorsAreReportedAtOnce(t *testing.T) {
	_, err := guard.New(guard.Config{Paths: []string{"/api/"}, AllowedHosts: []string{"*"}, AllowedOrigins: []string{"*"}})
	for _, want := range []string{"allowed_hosts", "allowed_origins"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
}

func TestPlaces(t *testing.T) {
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
		{line: "GET /healthz", kind: guard.Probe},
		{line: "HEAD /readyz?account=work&wait=5s", kind: guard.Probe},

		{line: "GET /v1.0", want: answer.NotFound},
		{line: "GET /V1.0/me", want: answer.NotFound},
		{line: "GET /v1%2e0/me", want: answer.NotFound},
		{line: "GET /%761.0/me", want: answer.NotFound},
		{line: "GET /v1.0%2fme", want: answer.NotFound},
		{line: "GET /v1.0x/me", want: answer.NotFound},
		{line: "GET /api/v1.0/me", want: answer.NotFound},
		{line: "GET /favicon.ico", want: answer.NotFound},
		{line: "GET /auth", want: answer.NotFound},
		{line: "GET /auth/", want: answer.NotFound},
		{line: "GET /auth/status/", want: answer.NotFound},
		{line: "GET /auth/default", want: answer.NotFound},
		{line: "GET /auth/default/", want: answer.NotFound},
		{line: "GET /auth/Default/signin", want: answer.NotFound},
		{line: "GET /auth/-a/signin", want: answer.NotFound},
		{line: "GET /auth/" + long + "a/signin", want: answer.NotFound},
		{line: "GET /auth/default/sign%69n", want: answer.NotFound},
		{line: "GET /auth/default/signin/", want: answer.NotFound},
		{line: "GET /%61uth/status", want: answer.NotFound},
		{line: "GET /healthz/", want: answer.NotFound},
		{line: "GET /Healthz", want: answer.NotFound},
		{line: "GET /metrics", want: answer.NotFound},
	})
}

func TestOnlyTheMethodsOfThePlace(t *testing.T) {
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
				if refusal == nil || refusal.Cause != answer.MethodNotAllowed {
					t.Fatalf("got %v, want %s", refusal, answer.MethodNotAllowed)
				}
				if got := strings.Join(refusal.Allow, ", "); got != tt.allow {
					t.Errorf("Allow: got %q, want %q", got, tt.allow)
				}
			})
		}
	}
}

func TestKindsHaveNames(t *testing.T) {
	got := fmt.Sprint(guard.API, guard.Page, guard.Probe, guard.Preflight, guard.Picture, guard.Kind(0))
	if want := "api page probe preflight picture none"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The guard is on the way of every request.
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
