// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
)

// clean does to a path what careless servers do, in the order that lets most
// through: decode once more, take backslashes for slashes, drop parameters of
// segments, merge slashes, follow dots.
func clean(p string) string {
	p = strings.ReplaceAll(p, `\`, "/")
	segments := strings.Split(p, "/")
	for i, s := range segments {
		s, _, _ = strings.Cut(s, ";")
		segments[i] = strings.TrimSpace(s)
	}
	return path.Clean(strings.Join(segments, "/"))
}

// overlong decodes UTF-8 as decoders did before RFC 3629: any lead byte with
// its continuation bytes, however many it takes.
func overlong(p string) string {
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		n, v := 0, rune(p[i])
		switch {
		case p[i]&0xe0 == 0xc0:
			n, v = 1, rune(p[i]&0x1f)
		case p[i]&0xf0 == 0xe0:
			n, v = 2, rune(p[i]&0x0f)
		case p[i]&0xf8 == 0xf0:
			n, v = 3, rune(p[i]&0x07)
		}
		ok := i+n < len(p)
		for j := 1; ok && j <= n; j++ {
			ok = p[i+j]&0xc0 == 0x80
			v = v<<6 | rune(p[i+j]&0x3f)
		}
		if !ok || n == 0 {
			b.WriteByte(p[i])
			continue
		}
		if v < 0x80 {
			b.WriteByte(byte(v))
		} else {
			b.WriteString(p[i : i+n+1])
		}
		i += n
	}
	return b.String()
}

// decodeOnce decodes with net/url if that succeeds, and else byte by byte. It is
// an implementation of its own, so that the guard is not checked against itself.
func decodeOnce(p string) string {
	if s, err := url.PathUnescape(p); err == nil {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		if i+2 < len(p) {
			if s, err := url.PathUnescape(p[i : i+3]); err == nil && len(s) == 1 {
				b.WriteString(s)
				i += 2
				continue
			}
		}
		b.WriteByte(p[i])
	}
	return b.String()
}

// An admitted path stays under the API however often and carelessly it is
// decoded, and nothing in it ends a line or names a host. The target of the
// route is the end of what the client wrote.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{
		notebooks, "/api/../x", "/api/%252e%252e/x", "/api/..%255cx", "/api/..;/x", "/api/%c0%ae%c0%ae/x", "//evil/x",
		"/api/FromUrl(url='https%3A%2F%2Fx')", "/api/('../..')", "/api/x?y#z", "http://localhost:8080/api/x", "http://evil/api/x",
		"/api/%25%32%65%25%32%65/x", "/api/%%32%65%%32%65/x", "/auth/a/callback?code=c", "*", "", "/api/('a''/..\\'", "/api/.%20./x",
	} {
		f.Add(s)
	}
	g := newGuard(f, guard.Config{})
	f.Fuzz(func(t *testing.T, raw string) {
		r := &http.Request{Method: "GET", RequestURI: raw, URL: &url.URL{}, Host: "localhost:8080", RemoteAddr: local, Header: http.Header{}}
		route, refusal := g.Admit(r, guard.Peer{})
		if (route == nil) == (refusal == nil) {
			t.Fatalf("%q: route %v and refusal %v", raw, route, refusal)
		}
		if refusal != nil {
			refusal.ServeHTTP(httptest.NewRecorder(), r)
			return
		}
		if strings.ContainsAny(raw, "\x00\r\n\t #") {
			t.Fatalf("%q: admitted", raw)
		}
		if route.Kind != guard.API {
			return
		}
		before, ok := strings.CutSuffix(raw, route.Target)
		if !ok || before != "" && !strings.EqualFold(before, "http://localhost:8080") && !strings.EqualFold(before, "https://localhost:8080") {
			t.Fatalf("%q: target %q", raw, route.Target)
		}
		p, _, _ := strings.Cut(route.Target, "?")
		for range 4 {
			for _, reading := range []string{clean(p), path.Clean(p), clean(overlong(p))} {
				if !strings.HasPrefix(reading+"/", "/api/") {
					t.Fatalf("%q: read as %q", raw, reading)
				}
			}
			if strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\x00\r\n") {
				t.Fatalf("%q: decoded to %q", raw, p)
			}
			p = decodeOnce(p)
		}
	})
}

// Only the exact key lets a client in, whatever stands around it.
func FuzzKey(f *testing.F) {
	f.Add("Bearer key-of-scanner", "")
	f.Add("bearer  key-of-scanner ", "")
	f.Add(basic("x", "key-of-scanner"), "")
	f.Add("Basic key-of-scanner", "")
	f.Add("", "key-of-scanner")
	f.Add("Bearer key-of-scanner", "x")
	f.Add("Basic Og==", "")
	g := newGuard(f, guard.Config{ClientKeys: []guard.ClientKey{{Name: "scanner", Key: "key-of-scanner", Account: "work"}}})
	f.Fuzz(func(t *testing.T, authorization, own string) {
		h := http.Header{}
		if authorization != "" {
			h.Set("Authorization", authorization)
		}
		if own != "" {
			h.Set("X-Onenote-Proxy-Key", own)
		}
		// Authenticated, so that the rate limiter does not count wrong keys.
		c := call{from: remote, header: h, peer: guard.Peer{Authenticated: true}}
		route, refusal := g.Admit(c.request(t), c.peer)
		if (route == nil) == (refusal == nil) {
			t.Fatalf("route %v and refusal %v", route, refusal)
		}
		if route == nil || route.KeyName == "" {
			return
		}
		if route.KeyName != "scanner" || route.Account != "work" {
			t.Fatalf("got %+v", route)
		}
		if strings.TrimSpace(own) == "key-of-scanner" || own == "" && holdsKey(authorization) {
			return
		}
		t.Fatalf("%q and %q open", authorization, own)
	})
}

func holdsKey(authorization string) bool {
	r := http.Request{Header: http.Header{"Authorization": {strings.TrimSpace(authorization)}}}
	if _, password, ok := r.BasicAuth(); ok && password == "key-of-scanner" {
		return true
	}
	fields := strings.Fields(authorization)
	if len(fields) == 2 && strings.EqualFold(fields[0], "basic") {
		r.Header.Set("Authorization", strings.Join(fields, " "))
		_, password, ok := r.BasicAuth()
		return ok && password == "key-of-scanner"
	}
	return len(fields) == 2 && strings.EqualFold(fields[0], "bearer") && fields[1] == "key-of-scanner"
}

// Only our origin and the allowed ones are admitted or named to a browser.
func FuzzOrigin(f *testing.F) {
	f.Add("https://app.example", "cross-site", "GET")
	f.Add("http://localhost:8080", "same-origin", "POST")
	f.Add("null", "same-origin", "POST")
	f.Add("https://app.example\x00", "", "OPTIONS")
	f.Add("*", "none", "GET")
	g := newGuard(f, guard.Config{AllowedOrigins: []string{"https://app.example"}})
	f.Fuzz(func(t *testing.T, origin, site, method string) {
		r := call{header: http.Header{"Origin": {origin}, "Sec-Fetch-Site": {site}, "Access-Control-Request-Method": {"GET"}}}.request(t)
		r.Method = method
		route, refusal := g.Admit(r, guard.Peer{})
		if (route == nil) == (refusal == nil) {
			t.Fatalf("route %v and refusal %v", route, refusal)
		}
		known := origin == "https://app.example" || origin == "http://localhost:8080" || origin == "null" && site == "same-origin"
		if route != nil && !known {
			t.Fatalf("%q %q: admitted", origin, site)
		}
		rec := httptest.NewRecorder()
		g.SetCORS(rec.Header(), r)
		if got := rec.Header().Get("Access-Control-Allow-Origin"); got != "" && got != "https://app.example" {
			t.Fatalf("%q: Access-Control-Allow-Origin: %q", origin, got)
		}
		g.ServePreflight(rec, r)
		if got := rec.Header().Get("Access-Control-Allow-Origin"); got != "" && !known {
			t.Fatalf("%q: preflight: Access-Control-Allow-Origin: %q", origin, got)
		}
	})
}

// An admitted host is one of the configured names, or loopback.
func FuzzHost(f *testing.F) {
	for _, s := range []string{"localhost:8080", "LOCALHOST.", "[::1]:1", "[::ffff:127.0.0.1]", "127.0.0.1.", "evil.example", "[::1]x", ":", "[]", "notes.example:0"} {
		f.Add(s)
	}
	g := newGuard(f, guard.Config{AllowedHosts: []string{"notes.example"}})
	f.Fuzz(func(t *testing.T, host string) {
		r := call{}.request(t)
		r.Host = host
		route, refusal := g.Admit(r, guard.Peer{})
		if refusal != nil {
			refusal.ServeHTTP(httptest.NewRecorder(), r)
			return
		}
		u, err := url.Parse(route.Base.String())
		if err != nil {
			t.Fatalf("%q: base %q: %v", host, route.Base, err)
		}
		name := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
		if name == "notes.example" || name == "localhost" {
			return
		}
		if addr, err := netip.ParseAddr(name); err != nil || !addr.Unmap().IsLoopback() {
			t.Fatalf("%q: admitted as %q", host, name)
		}
	})
}
