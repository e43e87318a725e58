// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/emulator"
)

var contentURL = regexp.MustCompile(`"contentUrl":"([^"]*)"`)

// firstPage returns the path of the content of a page.
func (s *caddyServer) firstPage() string {
	s.t.Helper()
	res := s.get("/api/v1.0/me/notes/pages")
	found := contentURL.FindStringSubmatch(res.body)
	if found == nil {
		s.t.Fatalf("no page: %d %s", res.StatusCode, res.body)
	}
	return strings.TrimPrefix(found[1], s.url)
}

var imageURL = regexp.MustCompile(`(?:src|data-fullres-src)="([^"]*)"`)

func TestPicturesLoadWithoutToken(t *testing.T) {
	for _, mode := range []string{"direct", "local", "links"} {
		t.Run(mode, func(t *testing.T) {
			m, s := startMicrosoft(t), newServer(t)
			s.mustLoad(s.plain(m, "images "+mode))
			res := s.get(s.firstPage())
			pictures := imageURL.FindAllStringSubmatch(res.body, -1)
			if len(pictures) < 2 {
				t.Fatalf("pictures: got %d in %s", len(pictures), res.body)
			}
			for _, p := range pictures {
				address := strings.ReplaceAll(p[1], "&amp;", "&")
				if own := strings.HasPrefix(address, s.url+"/"); own != (mode != "direct") {
					t.Errorf("address: got %s in mode %s", address, mode)
				}
				res, err := http.Get(address)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "image/") {
					t.Errorf("%s: got %s %s", address, res.Status, res.Header.Get("Content-Type"))
				}
			}
		})
	}
}

// A revoked token is refreshed once, and what was being sent is sent again as it
// was: the API sees two equal requests.
func TestRevokedTokenIsRefreshedOnceAndRequestsSucceed(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	page := s.firstPage()
	section := regexp.MustCompile(`"pagesUrl":"([^"]*)"`).FindStringSubmatch(s.get("/api/v1.0/me/notes/sections").body)
	if section == nil {
		t.Fatal("no section")
	}
	const boundary = "a-boundary"
	upload := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"Presentation\"\r\nContent-Type: text/html\r\n\r\n" +
		"<html><head><title>Large</title></head><body><p>text</p></body></html>\r\n" +
		"--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\nContent-Type: application/octet-stream\r\n\r\n" +
		strings.Repeat("0123456789abcdef", 20<<20/16) + "\r\n--" + boundary + "--\r\n"
	tests := []struct {
		name, method, path, contentType, body string
		status                                int
	}{
		{"GET", "GET", notebooks, "", "", 200},
		{"POST of 20 MB", "POST", strings.TrimPrefix(section[1], s.url), "multipart/form-data; boundary=" + boundary, upload, 201},
		{"PATCH", "PATCH", page, "application/json", `[{"target":"body","action":"append","content":"<p>more</p>"}]`, 204},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m.control("POST", "tokens/revoke", `{"kind":"access"}`)
			path, _, _ := strings.Cut(tt.path, "?")
			refreshes, before := len(m.requests(tokenPath)), len(m.requests(path))
			var headers []string
			if tt.contentType != "" {
				headers = []string{"Content-Type", tt.contentType}
			}
			res := s.do(tt.method, tt.path, tt.body, headers...)
			res.want(t, tt.status, "")
			if got := len(m.requests(tokenPath)) - refreshes; got != 1 {
				t.Errorf("refreshes: got %d, want 1", got)
			}
			tries := m.requests(path)[before:]
			if len(tries) != 2 {
				t.Fatalf("tries: got %d, want 2", len(tries))
			}
			sum := sha256.Sum256([]byte(tt.body))
			for i, try := range tries {
				if try.SHA256 != hex.EncodeToString(sum[:]) {
					t.Errorf("try %d: another body arrived, of %d bytes", i+1, try.Bytes)
				}
				if got := len(try.Headers["Authorization"]); got != 1 {
					t.Errorf("try %d: got %d Authorization fields, want 1", i+1, got)
				}
				delete(try.Headers, "Authorization")
			}
			if a, b := fmt.Sprint(tries[0].Headers), fmt.Sprint(tries[1].Headers); a != b {
				t.Errorf("headers: first %s, then %s", a, b)
			}
		})
	}
}

func TestAccessByPeerKeyAndOrigin(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	t.Setenv("PHONE_KEY", "key-of-the-phone")
	s.mustLoad(s.config(
		importedAccount(m)+"\naccount one\naccount two",
		"onenote "+m.url+" {\naccount one\nclient_key phone {env.PHONE_KEY} two\ntrusted_peers 127.0.0.1\nallowed_origins https://app.example\nmax_body 1KB\n}"))
	const via = "X-Forwarded-For"
	tests := []struct {
		name, method, path string
		headers            []string
		status             int
		cause              string
	}{
		{"a local app", "GET", notebooks, nil, 200, ""},
		{"another name of this machine", "GET", notebooks, []string{"Host", "127.0.0.1:" + s.port()}, 200, ""},
		{"DNS rebinding", "GET", notebooks, []string{"Host", "evil.example"}, 403, "forbidden_host"},
		{"a page of another site", "POST", notebooks, []string{"Origin", "https://evil.example"}, 403, "forbidden_origin"},
		{"a page of an allowed origin", "GET", notebooks, []string{"Origin", "https://app.example"}, 200, ""},
		{"a stranger behind a proxy", "GET", notebooks, []string{via, "192.0.2.1"}, 403, "forbidden_client"},
		{"a stranger at a page", "GET", "/", []string{via, "192.0.2.1"}, 401, "forbidden_client"},
		{"a key", "GET", notebooks, []string{via, "192.0.2.1", "Authorization", "Bearer key-of-the-phone"}, 200, ""},
		{"a wrong key", "GET", notebooks, []string{via, "192.0.2.1", "X-Onenote-Proxy-Key", "guess"}, 403, "forbidden_client"},
		{"a path that climbs", "GET", "/api/%2e%2e/secret", nil, 400, "bad_path"},
		{"no path of the API", "GET", "/v1.0/me", nil, 404, "not_found"},
		{"no method of the API", "PROPFIND", notebooks, nil, 405, "method_not_allowed"},
		{"a loop", "GET", notebooks, []string{"CDN-Loop", "somebody-else"}, 200, ""},
		{"alive, for anybody", "GET", "/healthz", []string{"Host", "10.1.2.3", via, "192.0.2.1"}, 200, ""},
		{"ready, for anybody", "GET", "/readyz", []string{"Host", "10.1.2.3", via, "192.0.2.1"}, 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.do(tt.method, tt.path, "", tt.headers...).want(t, tt.status, tt.cause)
		})
	}
	if res := s.get(notebooks, "Origin", "https://app.example"); res.Header.Get("Access-Control-Allow-Origin") != "https://app.example" {
		t.Errorf("CORS: got %v", res.Header)
	}
	if res := s.get("/auth/status", via, "192.0.2.1", "X-Onenote-Proxy-Key", "key-of-the-phone"); strings.Contains(res.body, `"one"`) {
		t.Errorf("a bound key sees more than its account: %s", res.body)
	}
	s.do("POST", notebooks, strings.Repeat("x", 2000)).want(t, 413, "body_too_large")
	for _, r := range m.requests("/api/") {
		if strings.Contains(fmt.Sprint(r.Headers), "key-of-the-phone") || len(r.Headers["X-Onenote-Proxy-Key"]) > 0 {
			t.Errorf("a client key went upstream: %v", r.Headers)
		}
	}
}

// Whom Caddy itself has authenticated needs no key of ours.
func TestClientAuthenticatedByCaddyNeedsNoKey(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m)+"\naccount bob\naccount alice",
		"basic_auth {\nbob $2a$04$9HPb84E7/InClaAaOERf1..OsckRjiGbyoT00NEB.F9d0/aSJk4Pq\n}\nonenote "+m.url+" {\naccount {http.auth.user.id}\n}"))
	const via = "X-Forwarded-For"
	s.get(notebooks, via, "192.0.2.1").want(t, 401, "")
	s.get(notebooks, via, "192.0.2.1", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("bob:hiccup"))).want(t, 200, "")
	for _, r := range m.requests(notebooks) {
		if strings.Contains(fmt.Sprint(r.Headers), "Basic") {
			t.Errorf("the password went upstream: %v", r.Headers)
		}
	}
}

// A company's own certificate authority is trusted for the identity provider
// and the API alike, once it is configured, and nobody else's is.
func TestTLSIsVerifiedByTheConfiguredAuthority(t *testing.T) {
	both := httptest.NewTLSServer(emulator.New(emulator.Options{}))
	defer both.Close()
	both.Config.ErrorLog = log.New(io.Discard, "", 0) // it sees failed handshakes
	authority := filepath.Join(t.TempDir(), "ca.pem")
	write(t, authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: both.Certificate().Raw})))
	account := "client_id x\nauthority " + both.URL + "\nrefresh_token emulator-refresh-token"

	s := newServer(t)
	s.mustLoad(s.config(account, "onenote "+both.URL))
	s.get(notebooks).want(t, 503, "identity_unavailable")

	trust := "\ntransport {\ntls_trust_pool file " + authority + "\n}"
	s.mustLoad(s.config(account+trust, "onenote "+both.URL))
	if res := s.adminDo("POST", "/onenote/accounts/default/refresh", ""); res.StatusCode != 200 {
		t.Fatalf("refresh: got %s %s", res.Status, res.body)
	}
	s.get(notebooks).want(t, 200, "")
}

// Whatever address is dialed, the certificate and the Host header are those of
// the API, without a port.
func TestUpstreamCertificateMustMatchConfiguredHost(t *testing.T) {
	var host atomic.Value
	both := emulator.New(emulator.Options{})
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host.Store(r.Host)
		both.ServeHTTP(w, r)
	}))
	defer api.Close()
	api.Config.ErrorLog = log.New(io.Discard, "", 0)
	provider := httptest.NewServer(both)
	defer provider.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	write(t, authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw})))
	s, tunnel := newServer(t), startTunnel(t, api.Listener.Addr().String())
	dialing := func(upstream string) string {
		return s.config("client_id x\nauthority "+provider.URL+"\nrefresh_token emulator-refresh-token",
			"onenote "+upstream+" {\ntransport {\nnetwork_proxy url "+tunnel+"\ntls_trust_pool file "+authority+"\n}\n}")
	}
	s.mustLoad(dialing("https://example.com")) // a name in the certificate
	s.get(notebooks).want(t, 200, "")
	if got := host.Load(); got != "example.com" {
		t.Errorf("Host: got %v, want example.com", got)
	}
	s.mustLoad(dialing("https://www.onenote.com"))
	s.get(notebooks).want(t, 502, "upstream_unreachable")
}

// An upload whose length nobody knows beforehand is stopped when it is too
// long, and the app is told why.
// The refusal names the option that set the limit: ours, or that of Caddy in front
// of it (caddy issue 5652).
func TestStreamedBodyBeyondLimitIsRefused(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	for _, tt := range []struct{ site, want string }{
		{"onenote " + m.url + " {\nmax_body 1KB\n}", "max_body"},
		{"request_body {\nmax_size 1KB\n}\nonenote " + m.url, "request_body"},
		{"request_body {\nmax_size 1KB\n}\nonenote " + m.url + " {\nmax_body 2KB\n}", "request_body"},
		{"request_body {\nmax_size 2KB\n}\nonenote " + m.url + " {\nmax_body 1KB\n}", "max_body"},
	} {
		t.Run(tt.site, func(t *testing.T) {
			s.mustLoad(s.config(importedAccount(m), tt.site))
			refusesStreamedBody(t, s, tt.want)
		})
	}
}

func refusesStreamedBody(t *testing.T, s *caddyServer, want string) {
	t.Helper()
	s.get(notebooks).want(t, 200, "")
	req, err := http.NewRequest("POST", s.url+notebooks, struct{ *strings.Reader }{strings.NewReader(strings.Repeat("x", 1<<20))})
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = -1
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	response{res, string(body)}.want(t, 413, "body_too_large")
	if !strings.Contains(string(body), "is set with "+want+" ") {
		t.Errorf("got %s, want the option %s in it", body, want)
	}
}

func TestAccountPlaceholderIsResolvedPerRequest(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m)+"\naccount alice\naccount bob",
		"onenote "+m.url+" {\naccount {header.X-User}\n}"))
	s.get(notebooks, "X-User", "alice").want(t, 200, "")
	s.get(notebooks, "X-User", "carol").want(t, 403, "unknown_account")
	s.get(notebooks).want(t, 403, "unknown_account")
}

// An account that is dead harms no other.
func TestOtherAccountsServeWhenOneIsRefused(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m)+"\naccount alive\naccount dead {\nrefresh_token none-of-mine\n}",
		"onenote "+m.url+" {\naccount {header.X-User}\n}"))
	s.get(notebooks, "X-User", "dead").want(t, 401, "signin_required")
	s.get(notebooks, "X-User", "alive").want(t, 200, "")
	if res := s.get("/readyz", "X-User", "dead"); res.StatusCode != 503 || !strings.Contains(res.body, `"dead"`) || strings.Contains(res.body, `"alive"`) {
		t.Errorf("ready: got %s %s", res.Status, res.body)
	}
	if res := s.get("/readyz?account=alive", "X-User", "alive"); res.StatusCode != 200 {
		t.Errorf("ready: got %s %s", res.Status, res.body)
	}
	res := s.get("/readyz", "X-Forwarded-For", "192.0.2.1")
	if res.StatusCode != 503 || strings.Contains(res.body, "dead") {
		t.Errorf("ready, asked from elsewhere: got %s %s", res.Status, res.body)
	}
}

// The name of the API may lead back to the proxy, by a hosts file say. It is
// told from its own mark, after one turn.
func TestLoopThroughProxyIsReported(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "onenote http://127.0.0.1:"+s.port()))
	s.get(notebooks).want(t, 508, "loop_detected")
}

// On a unix socket there is no address, and only this machine can be there.
func TestUnixSocketClientIsLocal(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	socket := filepath.Join(s.dir, "socket")
	config := strings.Replace(s.plain(m), "bind 127.0.0.1", "bind unix/"+socket, 1)
	s.mustLoad(config)
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	res, err := client.Get("http://localhost" + notebooks)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	response{Response: res}.want(t, 200, "")
}

// A site that cannot read its keys admits nobody, not even those who need
// none, and says so; but it lives.
func TestSiteWithoutKeyFileRefusesRequests(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	key := filepath.Join(s.dir, "key")
	s.mustLoad(s.plain(m, "client_key phone {file."+key+"}"))
	s.get(notebooks).want(t, 500, "misconfigured")
	s.get("/").want(t, 500, "misconfigured")
	s.get("/healthz").want(t, 200, "")
	write(t, key, "secret")
	s.get(notebooks).want(t, 403, "forbidden_client")
	s.get(notebooks, "Authorization", "Bearer secret").want(t, 200, "")
}

func TestProxyRespondsToPreflight(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m, "allowed_origins https://app.example"))
	ask := []string{"Origin", "https://app.example", "Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization"}
	res := s.do("OPTIONS", notebooks, "", ask...)
	res.want(t, 204, "")
	if got := res.Header.Get("Access-Control-Allow-Headers"); got != "authorization" {
		t.Errorf("allowed headers: got %q", got)
	}
	ask[1] = "https://evil.example"
	s.do("OPTIONS", notebooks, "", ask...).want(t, 403, "forbidden_origin")
	if got := m.requests("/"); len(got) > 0 {
		t.Errorf("upstream saw %d requests, want none", len(got))
	}
}

// Health checks of reverse_proxy go through the same transport. They are
// nobody's requests, so they get nobody's token.
func TestHealthChecksCarryNoToken(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m, "health_uri /api/v1.0/probe", "health_interval 20ms", "health_status 4xx"))
	eventually(t, "a health check", func() bool { return len(m.requests("/api/v1.0/probe")) > 0 })
	for _, r := range m.requests("/api/v1.0/probe") {
		if len(r.Headers["Authorization"]) > 0 {
			t.Errorf("headers: got %v, want no Authorization", r.Headers)
		}
	}
	if got := m.requests(tokenPath); len(got) > 0 {
		t.Errorf("token requests: got %d, want none", len(got))
	}
	s.get(notebooks).want(t, 200, "")
}

// Everything that a Caddyfile can say can be said in JSON alone.
func TestJSONConfigurationServesAPI(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	err := caddy.Load(fmt.Appendf(nil, `{
		"admin": {"disabled": true, "config": {"persist": false}},
		"storage": {"module": "file_system", "root": %[1]q},
		"apps": {
			"onenote": {
				"encryption_key": ["{env.ONENOTE_TEST_KEY}"],
				"accounts": {"work": {"client_id": "x", "authority": %[2]q, "refresh_token": "emulator-refresh-token"}}
			},
			"http": {"servers": {"notes": {
				"listen": ["127.0.0.1:%[3]s"],
				"routes": [{"handle": [
					{"handler": "onenote", "upstream": %[2]q}
				]}]
			}}}
		}
	}`, s.dir, m.url, s.port()), true)
	if err != nil {
		t.Fatal(err)
	}
	s.get(notebooks).want(t, 200, "")
}

// A refresh may run inside a proxied request, whose context says which address
// to dial. It has to go to the identity provider all the same.
func TestRefreshGoesToProviderAndNotToAPI(t *testing.T) {
	both := emulator.New(emulator.Options{})
	var atAPI, atProvider atomic.Int32
	count := func(n *atomic.Int32) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == tokenPath {
				n.Add(1)
			}
			both.ServeHTTP(w, r)
		}))
		t.Cleanup(s.Close)
		return s
	}
	api, provider := count(&atAPI), count(&atProvider)
	s := newServer(t)
	s.mustLoad(s.config("client_id x\nauthority "+provider.URL+"\nrefresh_token emulator-refresh-token", "onenote "+api.URL))
	s.get(notebooks).want(t, 200, "")
	if atAPI.Load() != 0 || atProvider.Load() != 1 {
		t.Errorf("token requests: got %d at the API and %d at the provider, want 0 and 1", atAPI.Load(), atProvider.Load())
	}
}

func TestFailedUpstreamGivesErrorInOneNoteShape(t *testing.T) {
	t.Run("nobody listens", func(t *testing.T) {
		m, s := startMicrosoft(t), newServer(t)
		s.mustLoad(s.config(importedAccount(m), "onenote http://127.0.0.1:"+freePort(t)))
		s.get(notebooks).want(t, 502, "upstream_unreachable")
		if !strings.Contains(s.log(), "request to the API failed") {
			t.Error("the failure is not logged")
		}
	})
	t.Run("it is known to be down", func(t *testing.T) {
		m, s := startMicrosoft(t), newServer(t)
		s.mustLoad(s.config(importedAccount(m), "onenote http://127.0.0.1:"+freePort(t)+" {\nfail_duration 1m\n}"))
		s.get(notebooks).want(t, 502, "upstream_unreachable")
		s.get(notebooks).want(t, 502, "upstream_unreachable") // not even tried
	})
	t.Run("it hangs", func(t *testing.T) {
		m, s := startMicrosoft(t), newServer(t)
		s.mustLoad(s.plain(m, "transport {\nresponse_header_timeout 2s\n}"))
		s.get(notebooks).want(t, 200, "")
		m.control("POST", "faults", `{"path":"`+notebooks+`","delay":"20s"}`)
		s.get(notebooks).want(t, 504, "upstream_timeout")
	})
	t.Run("it cuts the connection", func(t *testing.T) {
		m, s := startMicrosoft(t), newServer(t)
		s.mustLoad(s.plain(m))
		s.get(notebooks).want(t, 200, "")
		m.control("POST", "faults", `{"path":"`+notebooks+`","cut":0}`)
		s.get(notebooks).want(t, 502, "upstream_unreachable")
	})
	t.Run("its errors are its own", func(t *testing.T) {
		m, s := startMicrosoft(t), newServer(t)
		s.mustLoad(s.plain(m))
		m.control("POST", "faults", `{"path":"`+notebooks+`","status":503,"headers":{"Retry-After":"7"},"body":"busy"}`)
		res := s.get(notebooks)
		res.want(t, 503, "")
		if res.body != "busy" || res.Header.Get("Retry-After") != "7" {
			t.Errorf("got %q, Retry-After %q", res.body, res.Header.Get("Retry-After"))
		}
	})
}

// An app that leaves is no failure of the API, and nobody is left to respond to.
func TestClientThatLeavesIsNoUpstreamFailure(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	m.control("POST", "faults", `{"path":"`+notebooks+`","delay":"20s","times":1}`)
	conn, err := net.Dial("tcp", "127.0.0.1:"+s.port())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", notebooks)
	eventually(t, "the request reaches the API", func() bool { return len(m.requests(notebooks)) == 2 })
	conn.Close()
	s.get(notebooks).want(t, 200, "")
	if strings.Contains(s.log(), "request to the API failed") {
		t.Error("it is logged as a failure of the API")
	}
}

func TestPlaceholdersReportRetryAndRewrites(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), `log
	log_append account {http.onenote.account}
	log_append retried {http.onenote.retried}
	log_append rewritten {http.onenote.rewritten}
	onenote `+m.url))
	s.get(notebooks).want(t, 200, "")
	m.control("POST", "tokens/revoke", `{"kind":"access"}`)
	s.get(notebooks).want(t, 200, "")
	var lines []map[string]any
	eventually(t, "both requests are logged", func() bool {
		lines = nil
		for line := range strings.Lines(s.log()) {
			var entry map[string]any
			if json.Unmarshal([]byte(line), &entry) == nil && entry["logger"] == "http.log.access" {
				lines = append(lines, entry)
			}
		}
		return len(lines) == 2
	})
	for i, retried := range []bool{false, true} {
		if got := lines[i]; got["account"] != "default" || got["retried"] != retried || got["rewritten"] == float64(0) {
			t.Errorf("request %d: got account %v, retried %v, rewritten %v", i+1, got["account"], got["retried"], got["rewritten"])
		}
		if got := lines[i]["onenote_account"]; got != "default" {
			t.Errorf("request %d: got onenote_account %v, want default", i+1, got)
		}
	}
}

// An API that sends a part and then thinks must not keep the app waiting for
// the part, although it passes a rewriter.
func TestFirstBytesArriveWhileUpstreamPauses(t *testing.T) {
	rest := make(chan struct{})
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><body>first")
		w.(http.Flusher).Flush()
		<-rest
		_, _ = io.WriteString(w, "rest</body></html>")
	}))
	defer api.Close()
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "onenote "+api.URL))
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(s.url + "/api/v1.0/me/notes/pages/1/content")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, len("<html><body>first"))
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "<html><body>first" {
		t.Errorf("got %q, %v before the rest came", first, err)
	}
	close(rest)
	if got, err := io.ReadAll(res.Body); err != nil || string(got) != "rest</body></html>" {
		t.Errorf("got %q, %v", got, err)
	}
}

var batchedPage = regexp.MustCompile(`(?m)^Location: (\S+)\r$`)

// An app that takes the addresses in a batch from what it read here sends them
// there, and follows those that come back.
func TestBatchResponseLinksLeadToSite(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	section := regexp.MustCompile(`"pagesUrl":"([^"]*)"`).FindStringSubmatch(s.get("/api/v1.0/me/notes/sections").body)
	if section == nil {
		t.Fatal("no section")
	}
	batch := "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" +
		"POST " + section[1] + " HTTP/1.1\r\nContent-Type: text/html\r\n\r\n<html><head><title>One of a batch</title></head></html>\r\n--b--\r\n"
	res := s.do("POST", "/api/beta/$batch", batch, "Content-Type", "multipart/mixed; boundary=b")
	res.want(t, 200, "")
	location := batchedPage.FindStringSubmatch(res.body)
	if location == nil || !strings.HasPrefix(location[1], s.url+"/") || strings.Contains(res.body, m.url) {
		t.Fatalf("got %s, want addresses of ours in head and body", res.body)
	}
	if page := s.get(strings.TrimPrefix(location[1], s.url)); page.StatusCode != 200 || !strings.Contains(page.body, "One of a batch") {
		t.Errorf("got %d %s at the Location, want the page", page.StatusCode, page.body)
	}
	want := sha256.Sum256([]byte(strings.Replace(batch, s.url, m.url, 1)))
	for _, r := range m.requests("/api/beta/$batch") {
		if r.SHA256 != hex.EncodeToString(want[:]) {
			t.Errorf("the API got another batch than the one with its own address, of %d bytes", r.Bytes)
		}
	}
}
