// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever a client writes, what reaches the API through all of Caddy has
// exactly our bearer, is below the API's path, and has nothing of the client's
// that could make it another request than the one that was checked.
func TestForgedHeadersDoNotReachAPI(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	configs := map[string]string{
		"": s.plain(m),
		// Caddy drops aliases before we see them, unless it is told to expect some.
		", aliases expected": s.config(importedAccount(m), "onenote "+m.url,
			"servers {\nexpected_underscore_headers proxy_authorization x_* transfer_encoding content_length\n}"),
	}
	const get = "GET " + notebooks + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	const hidden = "0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
	tests := []struct{ name, raw string }{
		{"Connection names our field", "GET " + notebooks + " HTTP/1.1\r\nHost: localhost\r\nConnection: close, Authorization, Host, Cdn-Loop\r\n\r\n"},
		{"two tokens", get + "Authorization: Bearer one\r\nauthorization: Bearer two\r\nAUTHORIZATION: Basic dGhyZWU6\r\n\r\n"},
		{"a token in a trailer", "POST " + notebooks + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n0\r\nAuthorization: Bearer late\r\n\r\n"},
		{"aliases", get + "Proxy_Authorization: Basic x\r\nX_Http_Method_Override: DELETE\r\nX_Original_Url: /hidden\r\nTransfer_Encoding: chunked\r\nContent_Length: 5\r\n\r\n"},
		{"another method", get + "X-HTTP-Method-Override: DELETE\r\nX-HTTP-Method: DELETE\r\nX-Method-Override: DELETE\r\n\r\n"},
		{"another address", get + "X-Original-URL: /hidden\r\nX-Rewrite-URL: /hidden\r\n\r\n"},
		{"another host", "GET http://localhost" + notebooks + " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"},
		{"two framings", "POST " + notebooks + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 49\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + hidden},
		{"cookies of other servers of this machine", get + "Cookie: session=x\r\nCookie: b=c\r\n\r\n"},
		{"an offer of h2c", "GET " + notebooks + " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"},
	}
	for config, text := range configs {
		s.mustLoad(text)
		s.get(notebooks).want(t, 200, "")
		earlier := len(m.requests("/api/"))
		for _, tt := range tests {
			t.Run(tt.name+config, func(t *testing.T) {
				before := len(m.requests("/"))
				conn := s.raw(tt.raw)
				if _, err := io.ReadAll(conn); err != nil && !strings.Contains(err.Error(), "reset") {
					t.Fatal(err)
				}
				for _, r := range m.requests("/")[before:] {
					checkUpstream(t, r)
				}
			})
		}
		// The one for another host is refused.
		if n := len(m.requests("/api/")) - earlier; n < len(tests)-1 {
			t.Errorf("the API saw %d requests of %d%s", n, len(tests), config)
		}
	}
}

// strangers are fields that no client may send to the API.
var strangers = [...]string{
	"Proxy-Authorization", "Cookie", "X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Rewrite-Url",
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Via", "Upgrade", "Http2-Settings", "X-Onenote-Proxy-Key",
}

func checkUpstream(t *testing.T, r seen) {
	t.Helper()
	if !strings.HasPrefix(r.Path, "/api/") {
		t.Errorf("the API was asked for %s", r.Path)
	}
	if r.Method != "GET" && r.Method != "POST" {
		t.Errorf("method: got %s", r.Method)
	}
	tokens := r.Headers["Authorization"]
	if len(tokens) != 1 || !strings.HasPrefix(tokens[0], "Bearer ") || len(tokens[0]) < 40 {
		t.Errorf("Authorization: got %q, want our token alone", tokens)
	}
	for _, name := range strangers {
		if values := r.Headers[name]; len(values) > 0 {
			t.Errorf("%s: got %q, want none", name, values)
		}
	}
	for name := range r.Headers {
		if strings.Contains(name, "_") {
			t.Errorf("an alias went up: %s", name)
		}
	}
}

// Some servers add trailers to the header, and then a trailer could replace our
// token, the method or the cookies.
func TestForgedTrailersDoNotReachAPI(t *testing.T) {
	var mu sync.Mutex
	var got []http.Header
	s := startAPI(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.Trailer.Clone())
	}, "onenote UPSTREAM")
	const announced = "Authorization, authorization, Cookie, X-HTTP-Method-Override, X_HTTP_Method, X-Onenote-Proxy-Key, X-Forwarded-For, Host, X-Sum"
	const fields = "Authorization: Bearer late\r\nCookie: a=b\r\nX-HTTP-Method-Override: DELETE\r\nX_HTTP_Method: DELETE\r\n" +
		"X-Onenote-Proxy-Key: k\r\nX-Forwarded-For: 192.0.2.1\r\nHost: evil.example\r\nX-Sum: 42\r\nX-Original-URL: /not/announced\r\n\r\n"
	for _, body := range []string{"", "2\r\n{}\r\n"} {
		conn := s.raw("POST " + notebooks + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n" +
			"Transfer-Encoding: chunked\r\nTrailer: " + announced + "\r\n\r\n" + body + "0\r\n" + fields)
		if _, err := io.ReadAll(conn); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(got) != 2 {
		t.Fatalf("the API saw %d requests, want 2", len(got))
	}
	for _, trailer := range got {
		if diff := cmp.Diff(http.Header{"X-Sum": {"42"}}, trailer); diff != "" {
			t.Errorf("trailers (-want +got):\n%s", diff)
		}
	}
}
