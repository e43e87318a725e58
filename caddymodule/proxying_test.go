// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// The tests of this file hold what a user can observe of proxying itself to the
// same for both ways: httputil.ReverseProxy and Caddy's reverse_proxy.

// startAPI serves a site in front of a handler. In the site's directives
// UPSTREAM stands for the handler's URL.
func startAPI(t *testing.T, api http.HandlerFunc, site string, globals ...string) *caddyServer {
	t.Helper()
	upstream := httptest.NewServer(api)
	t.Cleanup(upstream.Close)
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), strings.ReplaceAll(site, "UPSTREAM", upstream.URL), globals...))
	return s
}

func TestQueryReachesAPIByteForByte(t *testing.T) {
	var got atomic.Value
	s := startAPI(t, func(_ http.ResponseWriter, r *http.Request) { got.Store(r.RequestURI) }, "onenote UPSTREAM")
	for _, query := range []string{"?a=1;b=2", "?a=%zz&b", "?&&", "?", "?$filter=title%20eq%20'a;b'", "?a=1&a=2&%61=3"} {
		conn := s.raw("GET " + notebooks + query + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		if _, err := io.ReadAll(conn); err != nil {
			t.Fatal(err)
		}
		if got.Load() != notebooks+query {
			t.Errorf("%s: the API got %s", query, got.Load())
		}
	}
}

func TestHeaderSetBeforeSurvivesInterimResponses(t *testing.T) {
	s := startAPI(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "<https://www.onenote.com/api/v1.0/style>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusProcessing)
		w.Header().Set("Server", "the API")
		w.WriteHeader(http.StatusOK)
	}, "header X-Before yes\nonenote UPSTREAM {\nallowed_origins https://app.example\n}")
	req := s.request("GET", notebooks, nil)
	req.Header.Set("Origin", "https://app.example")
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			t.Errorf("got %d with %v before the response", code, header)
			return nil
		},
	}))
	res := s.send(req)
	if got := res.Header.Get("X-Before"); got != "yes" {
		t.Errorf("header of another handler: got %q, want it kept", got)
	}
	if got := res.Header.Get("Access-Control-Allow-Origin"); got != "https://app.example" {
		t.Errorf("CORS header: got %q, want it kept", got)
	}
	if got := res.Header["Server"]; !slices.Equal(got, []string{"the API"}) {
		t.Errorf("Server: got %q, want the API's alone", got)
	}
	if got := res.Header["Via"]; !slices.Equal(got, []string{"1.1 Caddy"}) {
		t.Errorf("Via: got %q, want Caddy once", got)
	}
}

func TestPlaceholdersOfReverseProxyAreSet(t *testing.T) {
	s := startAPI(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-From-Api", "one")
		w.Header().Add("X-From-Api", "two")
		w.WriteHeader(http.StatusAccepted)
	}, `header {
		>X-Told "{rp.status_code} {rp.status_text} {rp.upstream.hostport} {rp.upstream.address} {rp.header.X-From-Api} {http.onenote.account} {http.onenote.retried}"
		>X-Latency "{rp.upstream.latency_ms}"
		defer
	}
	onenote UPSTREAM`)
	upstream := strings.TrimPrefix(s.upstream(t), "http://")
	res := s.get(notebooks)
	want := "202 202 Accepted " + upstream + " tcp/" + upstream + " one,two default false"
	if got := res.Header.Get("X-Told"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var latency float64
	if _, err := fmt.Sscan(res.Header.Get("X-Latency"), &latency); err != nil || latency <= 0 {
		t.Errorf("latency: got %q, want a positive number", res.Header.Get("X-Latency"))
	}
}

func TestDurationIsKnownToAccessLog(t *testing.T) {
	s := startAPI(t, func(http.ResponseWriter, *http.Request) {},
		"log\nlog_append took {rp.duration_ms}\nlog_append tries {rp.retries}\nonenote UPSTREAM")
	s.get(notebooks)
	entry := s.accessLog(func(e map[string]any) bool { return e["took"] != nil })
	if got := fmt.Sprint(entry["took"]); got == "" || got == "0" {
		t.Errorf("took: got %q", got)
	}
	if got := fmt.Sprint(entry["tries"]); got != "0" {
		t.Errorf("tries: got %q, want 0", got)
	}
	if got := entry["onenote_account"]; got != "default" {
		t.Errorf("account: got %v, want default", got)
	}
}

// If the API cannot be reached, the response has OneNote's shape, and so
// handle_errors has nothing to do.
func TestHandleErrorsDoesNotReplaceOurResponses(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "handle_errors {\nrespond \"handled\" 599\n}\nonenote http://127.0.0.1:"+freePort(t)))
	s.get(notebooks).want(t, 502, "upstream_unreachable")
}

func TestClientThatLeavesIsLoggedAs499(t *testing.T) {
	arrived := make(chan struct{})
	s := startAPI(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}, "log\nonenote UPSTREAM")
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-arrived
		leave()
	}()
	if _, err := http.DefaultClient.Do(s.request("GET", notebooks, nil).WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want that the client left", err)
	}
	entry := s.accessLog(func(e map[string]any) bool { return e["status"] != nil })
	if got := entry["status"]; got != 499.0 {
		t.Errorf("status in the log: got %v, want 499", got)
	}
}

func TestResponseThatBreaksOffIsAborted(t *testing.T) {
	for name, header := range map[string]string{"with a length": "Content-Length: 1000\r\n", "chunked": "Transfer-Encoding: chunked\r\n"} {
		t.Run(name, func(t *testing.T) {
			s := startAPI(t, func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"+header+"\r\n4\r\nhalf\r\n")
			}, "onenote UPSTREAM")
			res, err := http.DefaultClient.Do(s.request("GET", notebooks, nil))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if !strings.Contains(string(body), "half") || err == nil {
				t.Errorf("got %q, %v; want what there was of the body, and an error", body, err)
			}
		})
	}
}

func TestTrailersPassBothWays(t *testing.T) {
	for name, announced := range map[string]bool{"announced": true, "not announced": false} {
		t.Run(name, func(t *testing.T) {
			s := startAPI(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				field := "X-Sum"
				if announced {
					w.Header().Set("Trailer", field)
				} else {
					field = http.TrailerPrefix + field
				}
				_, _ = io.WriteString(w, "body")
				_ = http.NewResponseController(w).Flush() // a short body has a length, and then no trailer
				w.Header().Set(field, "got "+r.Trailer.Get("X-Up"))
			}, "onenote UPSTREAM")
			req := s.request("POST", notebooks, struct{ io.Reader }{strings.NewReader("bytes")})
			req.Header.Set("Content-Type", "application/octet-stream")
			req.Trailer = http.Header{"X-Up": {"seven"}}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if body, err := io.ReadAll(res.Body); err != nil || string(body) != "body" {
				t.Errorf("got %q, %v", body, err)
			}
			if got := res.Trailer.Get("X-Sum"); got != "got seven" {
				t.Errorf("trailer: got %q, want it with the trailer of the request", got)
			}
		})
	}
}

// A response that is too long to be sent in one write is sent as it comes. A short one
// may wait for its end, but not get lost where there is none.
func TestPartOfAResponseReachesClient(t *testing.T) {
	for _, tt := range []struct {
		name   string
		length int
		breaks bool
	}{
		{"the API pauses in a long response", 1 << 20, false},
		{"the API breaks off in a long response", 1 << 20, true},
		{"the API breaks off in a short response", 100, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			read := make(chan struct{})
			s := startAPI(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", strconv.Itoa(tt.length))
				w.Header().Set("Content-Type", "image/png")
				_, _ = io.WriteString(w, "part")
				_ = http.NewResponseController(w).Flush()
				if tt.breaks {
					panic(http.ErrAbortHandler)
				}
				<-read
				_, _ = w.Write(make([]byte, tt.length-len("part")))
			}, "onenote UPSTREAM")
			res, err := http.Get(s.url + "/api/v1.0/me/notes/resources/1/content")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			part := make([]byte, len("part"))
			if _, err := io.ReadFull(res.Body, part); err != nil || string(part) != "part" {
				t.Errorf("got %q, %v, want the part that was sent", part, err)
			}
			close(read)
			rest, err := io.ReadAll(res.Body)
			if tt.breaks != errors.Is(err, io.ErrUnexpectedEOF) || !tt.breaks && len(rest) != tt.length-len("part") {
				t.Errorf("the rest: got %d bytes, %v", len(rest), err)
			}
		})
	}
}

func TestHTTP10ClientGetsWholeResponse(t *testing.T) {
	s := startAPI(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "first, ")
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "second")
	}, "onenote UPSTREAM")
	all, err := io.ReadAll(s.raw("GET " + notebooks + " HTTP/1.0\r\nHost: localhost\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(all), "\r\n\r\n")
	if body != "first, second" || strings.Contains(strings.ToLower(head), "transfer-encoding") {
		t.Errorf("got %q", all)
	}
}

func TestHTTP2ClientIsServed(t *testing.T) {
	s := startAPI(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprintf(w, "%s %s", r.Method, body)
		w.Header().Set("X-Sum", "nine")
	}, "onenote UPSTREAM", "servers {\nprotocols h1 h2 h2c\n}")
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := http.Client{Transport: &http.Transport{Protocols: protocols}}
	defer client.CloseIdleConnections()
	req := s.request("POST", notebooks, strings.NewReader("{}"))
	req.Header.Set("Te", "trailers")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.ProtoMajor != 2 || string(body) != "POST {}" || res.Trailer.Get("X-Sum") != "nine" {
		t.Errorf("got %s with %q, trailer %v, %v", res.Proto, body, res.Trailer, err)
	}
}

// Some libraries begin each connection with the wish to upgrade it. Nothing of
// that reaches the API, and an API that upgrades all the same is not followed.
func TestUpgradesAreNotPassedOn(t *testing.T) {
	var asked atomic.Value
	s := startAPI(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Header.Get("Upgrade") + r.Header.Get("Connection"))
		if strings.HasSuffix(r.URL.Path, "/switch") {
			w.Header().Set("Upgrade", "h2c")
			w.Header().Set("Connection", "Upgrade")
			w.WriteHeader(http.StatusSwitchingProtocols)
		}
	}, "onenote UPSTREAM")
	s.get(notebooks, "Connection", "Upgrade", "Upgrade", "h2c").want(t, 200, "")
	if got := asked.Load(); got != "" {
		t.Errorf("the API was asked to upgrade: %q", got)
	}
	s.get("/api/v1.0/switch").want(t, 502, "upstream_unreachable")
}

func TestBodiesOfUnknownLengthReachAPI(t *testing.T) {
	type seen struct {
		body   string
		length int64
	}
	got := make(chan seen, 1)
	s := startAPI(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- seen{string(body), r.ContentLength}
	}, "onenote UPSTREAM")
	for _, tt := range []struct {
		name, text string
		want       seen
	}{
		{"chunked", "POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: image/png\r\n\r\n3\r\nabc\r\n0\r\n\r\n", seen{"abc", -1}},
		{"chunked and empty", "POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: image/png\r\n\r\n0\r\n\r\n", seen{"", 0}},
		{"no body", "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", seen{"", 0}},
		{"GET with a body", "GET %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\n{}", seen{"{}", 2}},
		{"expected", "POST %s HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\nContent-Type: image/png\r\n\r\nhi", seen{"hi", 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reader := bufio.NewReader(s.raw(fmt.Sprintf(tt.text, notebooks)))
			res, err := http.ReadResponse(reader, nil)
			if err == nil && res.StatusCode == http.StatusContinue {
				res, err = http.ReadResponse(reader, nil)
			}
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("got %v, %v", res, err)
			}
			if seen := <-got; seen.body != tt.want.body || seen.length > 0 && seen.length != tt.want.length {
				t.Errorf("the API got %+v, want %+v", seen, tt.want)
			}
		})
	}
}

func TestResponsesWithoutBodyKeepTheirHeader(t *testing.T) {
	s := startAPI(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"e"`)
		switch r.URL.Query().Get("say") {
		case "204":
			w.WriteHeader(http.StatusNoContent)
		case "304":
			w.WriteHeader(http.StatusNotModified)
		default:
			w.Header().Set("Content-Length", "42")
		}
	}, "onenote UPSTREAM")
	for _, tt := range []struct {
		method, say string
		status      int
		length      string
	}{{"HEAD", "", 200, "42"}, {"GET", "204", 204, ""}, {"GET", "304", 304, ""}} {
		res := s.do(tt.method, notebooks+"?say="+tt.say, "")
		if res.StatusCode != tt.status || res.Header.Get("Content-Length") != tt.length || res.Header.Get("Etag") != `"e"` || res.body != "" {
			t.Errorf("%s %s: got %s, %v, %q", tt.method, tt.say, res.Status, res.Header, res.body)
		}
	}
}

func TestNamedRouteIsServed(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	config := s.config(importedAccount(m), "invoke notes")
	s.mustLoad(strings.Replace(config, "\nhttp://", "\n&(notes) {\nonenote "+m.url+"\n}\nhttp://", 1))
	if res := s.get(notebooks); res.StatusCode != 200 || !json.Valid([]byte(res.body)) || len(res.body) == 0 {
		t.Errorf("got %s: %s", res.Status, res.body)
	}
	s.get("/healthz").want(t, 200, "")
	s.get("/nothing").want(t, 404, "not_found")
}

// The site responds to every request that it takes: nothing behind it is reached.
func TestHandlerBehindSiteIsNeverReached(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "route {\nonenote "+m.url+"\nrespond \"behind\" 599\n}"))
	for path, status := range map[string]int{notebooks: 200, "/": 200, "/healthz": 200, "/nothing": 404} {
		if res := s.get(path); res.StatusCode != status {
			t.Errorf("%s: got %s, want %d", path, res.Status, status)
		}
	}
}

func TestStatusSiteServesPagesAndProbesOnly(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	port := freePort(t)
	s.mustLoad(s.config(importedAccount(m), "onenote "+m.url) +
		"http://:" + port + " {\nbind 127.0.0.1\nonenote_status {\nallowed_hosts notes.internal\n}\nrespond 404\n}\n")
	s.url = "http://localhost:" + port
	s.get(notebooks).want(t, 404, "not_found")
	s.get("/v1.0/me/onenote/notebooks").want(t, 404, "not_found")
	s.get("/healthz").want(t, 200, "")
	s.get("/readyz").want(t, 200, "")
	if res := s.get("/"); res.StatusCode != 200 || !strings.Contains(res.body, "default") {
		t.Errorf("status page: got %s: %s", res.Status, res.body)
	}
	if res := s.get("/auth/status", "Host", "notes.internal"); res.StatusCode != 200 || !json.Valid([]byte(res.body)) {
		t.Errorf("status: got %s: %s", res.Status, res.body)
	}
	s.get("/auth/status", "Host", "evil.example").want(t, 403, "forbidden_host")
	s.do("POST", "/auth/default/signout", "").want(t, 303, "")
	if got := len(m.requests("/api/")); got != 0 {
		t.Errorf("the API got %d requests, want none", got)
	}
}

// The upstream of a site is the API that its account is for, if none is written. With
// an account for Microsoft Graph, requests of both APIs go there, without a word.
func TestUpstreamFollowsAudienceOfAccount(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	pair, authority := certificateFor(t, "graph.microsoft.com")
	emulator, err := url.Parse(m.url)
	if err != nil {
		t.Fatal(err)
	}
	graph := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(emulator))
	graph.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	graph.StartTLS()
	defer graph.Close()
	s.mustLoad(s.config("provider entra\ntenant consumers\nscopes Notes.ReadWrite offline_access openid profile\n"+importedAccount(m),
		"onenote {\ntransport {\nnetwork_proxy url "+startTunnel(t, graph.Listener.Addr().String())+"\ntls_trust_pool file "+authority+"\n}\n}"))
	const translated = "/v1.0/me/onenote/notebooks"
	for i, path := range []string{notebooks, translated} {
		s.get(path).want(t, 200, "")
		if got := len(m.requests(translated)); got != i+1 {
			t.Errorf("after %s: got %d requests at Microsoft Graph, want %d", path, got, i+1)
		}
	}
	s.get("/api/v1.0/me/notes/classNotebooks").want(t, 501, "not_translatable")
}

// handle_response of reverse_proxy may end without a response. The site still
// gives one.
func TestHandleResponseThatSendsNothingIsReported(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m, "handle_response {\nvars x y\n}"))
	s.get(notebooks).want(t, 500, "misconfigured")
}

// request returns a request for the site.
func (s *caddyServer) request(method, path string, body io.Reader) *http.Request {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return req
}

func (s *caddyServer) send(req *http.Request) response {
	s.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response{res, string(body)}
}

// upstream returns where the running site sends its requests.
func (s *caddyServer) upstream(t *testing.T) string {
	t.Helper()
	res := s.adminDo("GET", "/config/apps/http/servers/srv0/routes", "")
	_, rest, ok := strings.Cut(res.body, `"upstream":"`)
	upstream, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("no upstream in %s", res.body)
	}
	return upstream
}

// accessLog waits for a line of the access log and returns it.
func (s *caddyServer) accessLog(is func(map[string]any) bool) (entry map[string]any) {
	s.t.Helper()
	eventually(s.t, "a line of the access log", func() bool {
		for line := range strings.Lines(s.log()) {
			var e map[string]any
			if json.Unmarshal([]byte(line), &e) == nil && strings.HasPrefix(fmt.Sprint(e["logger"]), "http.log.access") && is(e) {
				entry = e
				return true
			}
		}
		return false
	})
	return entry
}
