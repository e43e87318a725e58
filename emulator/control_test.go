// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator"
)

// notebooks is the list that most tests request.
const notebooks = "/api/v1.0/me/notes/notebooks"

func TestControlRefusesPeersOutsideLoopback(t *testing.T) {
	e := emulator.New(emulator.Options{})
	tests := []struct {
		remote string
		want   int
	}{
		{"127.0.0.1:4711", http.StatusOK},
		{"127.8.8.8:4711", http.StatusOK},
		{"[::1]:4711", http.StatusOK},
		{"[::ffff:127.0.0.1]:4711", http.StatusOK},
		{"@", http.StatusOK},
		{"192.0.2.1:4711", http.StatusForbidden},
		{"[2001:db8::1]:4711", http.StatusForbidden},
		{"localhost:4711", http.StatusForbidden},
		{"nonsense", http.StatusForbidden},
	}
	for _, test := range tests {
		r := httptest.NewRequest(http.MethodGet, "/_emulator/requests", nil)
		r.RemoteAddr = test.remote
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("peer %s: got %d, want %d", test.remote, w.Code, test.want)
		}
	}
}

func TestControlRejectsInvalidRequests(t *testing.T) {
	s := newServer(t)
	tests := []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/_emulator/reset", "", 405},
		{"POST", "/_emulator/requests", "", 405},
		{"GET", "/_emulator/faults/1", "", 405},
		{"DELETE", "/_emulator/faults/99", "", 404},
		{"POST", "/_emulator/unknown", "", 404},
		{"POST", "/_emulator/faults", `{"status":503}`, 400},
		{"POST", "/_emulator/faults", `{"path":"*","cut":-1}`, 400},
		{"POST", "/_emulator/faults", `{"path":"*","after":-1}`, 400},
		{"POST", "/_emulator/faults", `{"path":"*","status":99}`, 400},
		{"POST", "/_emulator/faults", `{"path":"*","delay":"long"}`, 400},
		{"POST", "/_emulator/faults", `{"path":"*","delay":7}`, 400},
		{"POST", "/_emulator/faults", `{"path":"*","headers":{"A":1}}`, 400},
		{"POST", "/_emulator/faults", `{"path":"*","statsu":503}`, 400},
		{"POST", "/_emulator/tokens", `{"scope":"nonsense"}`, 400},
		{"POST", "/_emulator/tokens", `[]`, 400},
		{"POST", "/_emulator/tokens/expire", `{"kind":"some"}`, 400},
		{"POST", "/_emulator/clock", `{"advance":"tomorrow"}`, 400},
		{"POST", "/_emulator/strict", `{"on":"yes"}`, 400},
		{"POST", "/_emulator/clients", `{}`, 400},
		{"POST", "/_emulator/clients", `{"client_id":"a","certificate":"none"}`, 400},
	}
	for _, test := range tests {
		got := s.do(test.method, test.path, test.body)
		if got.status != test.want {
			t.Errorf("%s %s %s: got %d, want %d", test.method, test.path, test.body, got.status, test.want)
		}
		if got.json()["error"] == nil {
			t.Errorf("%s %s: got %s, want an error that says why", test.method, test.path, got.body)
		}
	}
}

func TestFaultWithStatusReplacesResponse(t *testing.T) {
	s := newServer(t)
	s.control("faults", `{"method":"POST","path":"/oauth20_token.srf","status":503,"headers":{"Retry-After":"7","X-Many":["a","b"]},"body":"busy"}`)
	got := s.form("/oauth20_token.srf", url.Values{"grant_type": {"refresh_token"}}).want(http.StatusServiceUnavailable)
	if got.body != "busy" || got.header.Get("Retry-After") != "7" || len(got.header.Values("X-Many")) != 2 {
		t.Errorf("got %v %q, want what the fault says", got.header, got.body)
	}
	s.get("/oauth20_token.srf").want(http.StatusBadRequest) // another method
	s.get(notebooks).want(http.StatusUnauthorized)          // another path
}

func TestFaultBodyIsStringOrJSON(t *testing.T) {
	tests := []struct {
		fault string
		want  string
	}{
		{`"body":"text"`, "text"},
		{`"body":""`, ""},
		{`"body":{"error":"invalid_grant"}`, `{"error":"invalid_grant"}`},
		{`"status":200`, ""},
	}
	for _, test := range tests {
		s := newServer(t)
		s.control("faults", `{"path":"/x",`+test.fault+`}`)
		if got := s.get("/x").want(http.StatusOK).body; got != test.want {
			t.Errorf("%s: got %q, want %q", test.fault, got, test.want)
		}
	}
}

func TestFaultBodyThatIsJSONIsSentAsJSON(t *testing.T) {
	tests := []struct{ fault, want string }{
		{`"body":{"error":"x"}`, "application/json"},
		{`"body":[1]`, "application/json"},
		{`"body":"text"`, "text/plain; charset=utf-8"},
		{`"body":7`, "text/plain; charset=utf-8"},
		{`"body":{},"headers":{"content-type":"application/problem+json"}`, "application/problem+json"},
	}
	for _, test := range tests {
		s := newServer(t)
		s.control("faults", `{"path":"*","status":500,`+test.fault+`}`)
		if got := s.get(notebooks).header.Get("Content-Type"); got != test.want {
			t.Errorf("%s: got %q, want %q", test.fault, got, test.want)
		}
	}
}

func TestControlsAreListed(t *testing.T) {
	s := newServer(t)
	for _, path := range []string{"/_emulator/", "/_emulator"} {
		var list struct {
			Controls []struct {
				Method, Path, Does string
				Example            json.RawMessage
			}
		}
		if err := json.Unmarshal([]byte(s.get(path).want(http.StatusOK).body), &list); err != nil || len(list.Controls) < 11 {
			t.Fatalf("%s: got %+v, %v", path, list, err)
		}
		// Each example is one that the control takes.
		for _, c := range list.Controls {
			if c.Does == "" {
				t.Errorf("%s %s: got nothing about what it does", c.Method, c.Path)
			}
			if c.Example == nil {
				continue
			}
			if got := s.do(c.Method, c.Path, string(c.Example)); got.status >= 300 {
				t.Errorf("%s %s %s: got %d %s", c.Method, c.Path, c.Example, got.status, got.body)
			}
		}
		s.control("reset", "")
	}
	page := s.get("/_emulator/", "Accept", "text/html,*/*;q=0.8").want(http.StatusOK)
	if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || !strings.Contains(page.body, "POST /_emulator/tokens/expire") {
		t.Errorf("got %v %s, want a page", page.header, page.body)
	}
	s.do(http.MethodPost, "/_emulator/", "").want(http.StatusMethodNotAllowed)
	if got := s.get("/_emulator/nothing").want(http.StatusNotFound); !strings.Contains(got.body, "GET /_emulator/ lists them") {
		t.Errorf("got %s, want where the controls are listed", got.body)
	}
}

func TestControlAdmitsRemotePeersIfAllowed(t *testing.T) {
	e := emulator.New(emulator.Options{AllowRemote: true})
	r := httptest.NewRequest(http.MethodGet, "/_emulator/requests", nil)
	r.RemoteAddr = "192.0.2.1:4711"
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("got %d, want 200", w.Code)
	}
}

func TestIssuedTokensAreForTheirAPI(t *testing.T) {
	e := emulator.New(emulator.Options{})
	for scope, target := range map[string]string{"": notebooks, "Notes.ReadWrite": "/v1.0/me/onenote/notebooks"} {
		token, err := e.IssueToken("", scope, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("scope %q, %s: got %d %s", scope, target, w.Code, w.Body)
		}
	}
	if _, err := e.IssueToken("", "nonsense", time.Hour); err == nil {
		t.Error("scope nonsense: got no error")
	}
}

func TestFaultWithHeadersAloneKeepsResponse(t *testing.T) {
	s := newServer(t)
	s.control("faults", `{"path":"*notebooks","headers":{"Set-Cookie":"a=b","Content-Type":"text/plain"}}`)
	got := s.api(s.token(), http.MethodGet, notebooks, "", "").want(http.StatusOK)
	if got.header.Get("Set-Cookie") != "a=b" || got.header.Get("Content-Type") != "text/plain" || !strings.Contains(got.body, `"value"`) {
		t.Errorf("got %v, want the normal response with the fault's headers", got.header)
	}
}

func TestFaultFiresAsOftenAsAfterAndTimesSay(t *testing.T) {
	tests := []struct {
		fault string
		want  string // statuses of six requests, 5 for a fault
	}{
		{`{"path":"*","status":500}`, "555555"},
		{`{"path":"*","status":500,"times":2}`, "554444"},
		{`{"path":"*","status":500,"after":1}`, "455555"},
		{`{"path":"*","status":500,"after":2,"times":1}`, "445444"},
	}
	for _, test := range tests {
		s := newServer(t)
		s.control("faults", test.fault)
		var got strings.Builder
		for range 6 {
			fmt.Fprint(&got, s.get(notebooks).status/100)
		}
		if got.String() != test.want {
			t.Errorf("%s: got %s, want %s", test.fault, got.String(), test.want)
		}
	}
}

func TestOldestMatchingFaultFires(t *testing.T) {
	s := newServer(t)
	first := s.control("faults", `{"path":"*","status":501,"times":1}`).json()["id"].(string)
	s.control("faults", `{"path":"*","status":502,"times":1}`)
	third := s.control("faults", `{"path":"*","status":503}`).json()["id"].(string)
	for _, want := range []int{501, 502, 503, 503} {
		s.get(notebooks).want(want)
	}
	s.do(http.MethodDelete, "/_emulator/faults/"+third, "").want(http.StatusNoContent)
	s.get(notebooks).want(http.StatusUnauthorized)
	s.do(http.MethodDelete, "/_emulator/faults/"+first, "").want(http.StatusNoContent)
}

func TestFaultMatchesPathsByGlob(t *testing.T) {
	tests := []struct {
		glob, path string
		want       bool
	}{
		{"*", "/anything/at all", true},
		{"/api/*", "/api/v1.0/me/notes/pages", true},
		{"/api/*/content", "/api/v1.0/me/notes/pages/0-a!1-B!2/content", true},
		{"/api/*/content", "/api/v1.0/me/notes/pages/0-a!1-B!2/content/more", false},
		{"*/pages/*!1-*", "/api/v1.0/me/notes/pages/0-a!1-B!2/content", true},
		{"*/pages/*!1-*", "/api/v1.0/me/notes/pages/0-a%211-B%212/content", true},
		{"*/pages/*%211-*", "/api/v1.0/me/notes/pages/0-a%211-B%212/content", true},
		{"/*/oauth2/token", "/common/oauth2/token", true},
		{"/*/oauth2/token", "/common/oauth2/v2.0/token", false},
		{"/a*a", "/a", false},
		{"/ab*ab*", "/abab", true},
		{"/exact", "/exact", true},
		{"/exact", "/exact/", false},
	}
	for _, test := range tests {
		s := newServer(t)
		s.control("faults", `{"path":"`+test.glob+`","status":418}`)
		got := s.get(strings.ReplaceAll(test.path, " ", "%20"))
		if (got.status == http.StatusTeapot) != test.want {
			t.Errorf("%s with %s: got %d, want match %v", test.path, test.glob, got.status, test.want)
		}
	}
}

func TestDelayEndsWhenClientDisconnects(t *testing.T) {
	s := newServer(t)
	s.control("faults", `{"path":"*","delay":"1h"}`)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/oauth20_token.srf", strings.NewReader("whole body"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		response, err := s.client.Do(r)
		if err == nil {
			response.Body.Close()
		}
		done <- err
	}()
	for { // until the log has the request with its body
		if log := s.log(); len(log) == 1 && log[0].Bytes == 10 {
			break
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the client gave up", err)
	}
	if got := s.log()[0].Status; got != 0 {
		t.Errorf("status: got %d, want 0 before the response", got)
	}
}

func TestDelayedResponseArrives(t *testing.T) {
	s := newServer(t)
	s.control("faults", `{"path":"*","delay":"1ms"}`)
	s.api(s.token(), http.MethodGet, notebooks, "", "").want(http.StatusOK)
}

func TestCutSeversConnectionAfterBytes(t *testing.T) {
	tests := []struct {
		name, fault string
		body        string // the body that is received, if any
	}{
		{"before any byte", `"cut":0`, ""},
		{"before any byte of a given response", `"cut":0,"status":200,"body":"hello"`, ""},
		{"in a given response", `"cut":3,"status":200,"body":"hello"`, "hel"},
		{"in the normal response", `"cut":9`, `{"error":`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t)
			s.control("faults", `{"path":"/api/*",`+test.fault+`}`)
			r, err := http.NewRequest(http.MethodGet, s.url+notebooks, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := s.client.Do(r)
			if test.body == "" {
				if err == nil {
					t.Errorf("got %s, want no response", response.Status)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			data, err := io.ReadAll(response.Body)
			if string(data) != test.body || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %q and %v, want %q and an unexpected end", data, err, test.body)
			}
		})
	}
}

func TestCutAtZeroDoesNotProcessRequest(t *testing.T) {
	s, p := newServer(t), providers()[0]
	s.control("strict", `{"on":true}`)
	token := s.signIn(p, "")["refresh_token"].(string)
	s.control("faults", `{"path":"/oauth20_token.srf","cut":0,"times":1}`)
	if _, err := s.try(http.MethodPost, p.token, p.refresh(token).Encode(), "Content-Type", "application/x-www-form-urlencoded"); err == nil {
		t.Error("got a response, want a severed connection")
	}
	s.form(p.token, p.refresh(token)).want(http.StatusOK)
}

func TestCutInsideBodyProcessesRequest(t *testing.T) {
	s, p := newServer(t), providers()[0]
	s.control("strict", `{"on":true}`)
	token := s.signIn(p, "")["refresh_token"].(string)
	s.control("faults", `{"path":"/oauth20_token.srf","cut":1,"times":1}`)
	if _, err := s.try(http.MethodPost, p.token, p.refresh(token).Encode(), "Content-Type", "application/x-www-form-urlencoded"); err == nil {
		t.Error("got a whole response, want a severed connection")
	}
	s.form(p.token, p.refresh(token)).want(http.StatusBadRequest) // it was used
}

// TestCutDoesNotWaitForRequestBody sends only the header of a request: with a cut
// the response is sent, or the connection closed, without it.
func TestCutDoesNotWaitForRequestBody(t *testing.T) {
	for _, fault := range []string{`"cut":0`, `"cut":2,"status":200,"body":"hello"`} {
		s := newServer(t)
		s.control("faults", `{"path":"*",`+fault+`}`)
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", notebooks)
		data, _ := io.ReadAll(bufio.NewReader(conn)) // an abort may be a reset
		conn.Close()
		if want := strings.Contains(fault, "hello"); strings.HasSuffix(string(data), "\r\n\r\nhe") != want {
			t.Errorf("%s: got %q", fault, data)
		}
	}
}

func TestRequestLogShowsRequestsAsSent(t *testing.T) {
	s := newServer(t)
	token := s.token() // a control request, which is not logged
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	s.api(token, http.MethodGet, "/api/v1.0/me/notes/pages/0-a%21b?x=%2f&&y", "", "")
	s.api(token, http.MethodPost, "/api/v1.0/me/notes/pages", "text/plain", string(large))
	s.form("/oauth20_token.srf", url.Values{"a": {"b"}})

	log := s.log()
	if len(log) != 3 {
		t.Fatalf("got %d entries, want 3", len(log))
	}
	sum := sha256.Sum256(large)
	tests := []struct {
		got, want any
	}{
		{log[0].Method, "GET"},
		{log[0].Path, "/api/v1.0/me/notes/pages/0-a%21b"},
		{log[0].Query, "x=%2f&&y"},
		{log[0].Status, 404},
		{log[0].Headers.Get("Authorization"), "Bearer " + token},
		{log[0].Headers.Get("Host"), strings.TrimPrefix(s.url, "http://")},
		{log[0].SHA256, hex.EncodeToString(sha256.New().Sum(nil))},
		{log[0].Bytes, int64(0)},
		{log[1].Status, 415},
		{log[1].SHA256, hex.EncodeToString(sum[:])},
		{log[1].Bytes, int64(len(large))},
		{log[1].Headers.Get("Content-Type"), "text/plain"},
		{log[2].Path, "/oauth20_token.srf"},
		{log[2].Status, 400},
	}
	for i, test := range tests {
		if test.got != test.want {
			t.Errorf("value %d: got %v, want %v", i, test.got, test.want)
		}
	}
}

func TestRequestBodyIsReadBeforeUnauthorized(t *testing.T) {
	s := newServer(t)
	body := strings.Repeat("x", 3<<20)
	s.do(http.MethodPost, notebooks, body).want(http.StatusUnauthorized)
	if got := s.log()[0].Bytes; got != 3<<20 {
		t.Errorf("bytes: got %d, want the whole body", got)
	}
}

func TestTooLargeBodyIsCountedAndRejected(t *testing.T) {
	s := newServer(t)
	r, err := http.NewRequest(http.MethodPost, s.url+"/api/v1.0/me/notes/pages", io.LimitReader(zeros{}, 77<<20))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token())
	response, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d, want 413", response.StatusCode)
	}
	if got := s.log()[0]; got.Bytes != 77<<20 || got.Headers.Get("Transfer-Encoding") != "chunked" {
		t.Errorf("got %d bytes, %v, want all of them, chunked", got.Bytes, got.Headers)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestRequestLogKeepsLastTenThousand(t *testing.T) {
	e := emulator.New(emulator.Options{})
	for range 10_050 {
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/nothing", nil))
	}
	r := httptest.NewRequest(http.MethodGet, "/_emulator/requests", nil)
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if got := strings.Count(w.Body.String(), `"/nothing"`); got != 10_000 {
		t.Errorf("got %d entries, want the last 10000", got)
	}
}

func TestResetRestoresSeed(t *testing.T) {
	s, p := newServer(t), providers()[0]
	tokens := s.signIn(p, "")
	access, refresh := tokens["access_token"].(string), tokens["refresh_token"].(string)
	s.api(access, http.MethodPost, notebooks, "application/json", `{"name":"New"}`).want(http.StatusCreated)
	s.control("clients", `{"client_id":"only"}`)
	s.control("faults", `{"path":"*","status":500}`)
	s.control("tokens/revoke", "{}")
	s.control("clock", `{"advance":"24h"}`)
	s.control("reset", "")

	if got := len(s.log()); got != 0 {
		t.Errorf("log: got %d entries, want none", got)
	}
	s.api(access, http.MethodGet, notebooks, "", "").want(http.StatusUnauthorized)
	got := s.form(p.token, p.refresh(refresh)).want(http.StatusOK)
	if date := got.header.Get("Date"); date != "Sat, 21 Nov 2026 12:00:00 GMT" {
		t.Errorf("Date: got %s, want the clock where it was", date)
	}
	list := s.api(got.json()["access_token"].(string), http.MethodGet, notebooks, "", "").want(http.StatusOK).list()
	if len(list) != 2 {
		t.Errorf("notebooks: got %d, want the seed's 2", len(list))
	}
}

func TestAdvancedClockSetsDateHeader(t *testing.T) {
	s := newServer(t)
	if got := s.control("clock", `{"advance":"90m"}`).json()["now"]; got != "2026-11-21T13:30:00Z" {
		t.Errorf("got %v, want 2026-11-21T13:30:00Z", got)
	}
	if got := s.get(notebooks).header.Get("Date"); got != "Sat, 21 Nov 2026 13:30:00 GMT" {
		t.Errorf("Date: got %s, want the emulator's time", got)
	}
	s.clock.mu.Lock()
	s.clock.now = s.clock.now.Add(time.Hour)
	s.clock.mu.Unlock()
	if got := s.get(notebooks).header.Get("Date"); got != "Sat, 21 Nov 2026 14:30:00 GMT" {
		t.Errorf("Date: got %s, want the clock below to count", got)
	}
}
