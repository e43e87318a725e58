// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// An echo remembers the bodies it was sent and refuses the first of each.
type echo struct {
	mu      sync.Mutex
	bodies  []string
	lengths []int64
	header  http.Header
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.bodies = append(e.bodies, string(body))
	e.lengths = append(e.lengths, r.ContentLength)
	e.header = r.Header
	if r.Header.Get("Authorization") == "Bearer token-1" {
		unauthorized(w)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func TestURLsOfOursInRequestBodiesBecomeTheAPIs(t *testing.T) {
	const (
		form  = "--b\r\nContent-Disposition: form-data; name=\"Presentation\"\r\nContent-Type: text/html\r\n\r\n<img src=\"%[1]s/api/v1.0/r/1\">\r\n--b\r\nContent-Disposition: form-data; name=\"p\"\r\nContent-Type: image/png\r\n\r\n\x00%[2]s/api/\r\n--b--\r\n"
		batch = "--b\nContent-Type: application/http\nContent-Transfer-Encoding: binary\n\nPOST /api/v1.0/me/notes/sections/1/pages HTTP/1.1\nContent-Type: text/html\n\n<object data=\"%[1]s/api/v1.0/r/1\">\n\n--b--"
	)
	tests := []struct {
		name, method, target, contentType string
		body                              string // with %[1]s where the base is mapped, %[2]s where it stays
	}{
		{"a page", "POST", "/api/v1.0/me/notes/pages", "text/html", `<img src="%[1]s/api/v1.0/r/1?a=b"><p>%[2]s/api/</p><object data='%[1]s/api/v1.0/r/2' /><a href="%[2]s/api/x">`},
		{"a page in XHTML", "POST", "/api/v1.0/me/notes/pages", "application/xhtml+xml; charset=utf-8", `<img data-fullres-src="%[1]s/api/v1.0/r/1" />`},
		{"JSON", "POST", "/api/v1.0/x", "application/json", `{"url":"%[1]s/api/v1.0/r/1","title":"%[2]s/api/v1.0/r/1","content":"<img src=\"%[2]s/api/x\">"}`},
		{"commands", "PATCH", pagePath, "application/json", `[{"target":"body","content":"<img src=\"%[1]s/api/v1.0/r/1\"> %[2]s/api/"}]`},
		{"a form", "POST", "/api/v1.0/me/notes/pages", "multipart/form-data; boundary=b", form},
		{"a batch", "POST", "/api/beta/$batch", `multipart/mixed; boundary="b"`, batch},
		{"a batch with whole addresses", "POST", "/api/beta/$batch", `multipart/mixed; boundary="b"`, "--b\r\nContent-Type: application/http\r\n\r\nGET %[1]s/api/v1.0/me/notes/pages HTTP/1.1\r\nReferer: %[2]s/api/v1.0/x\r\nContent-Location: %[1]s/api/v1.0/x\r\n\r\n\r\n--b--\r\n"},
	}
	for _, tt := range tests {
		for _, length := range []string{"known", "unknown"} {
			t.Run(tt.name+"/"+length, func(t *testing.T) {
				api := new(echo)
				s := newSite(t, api)
				body := fmt.Sprintf(tt.body, s.front.URL, s.front.URL)
				want := fmt.Sprintf(tt.body, s.api.URL, s.front.URL)
				src := io.Reader(strings.NewReader(body))
				if length == "unknown" {
					src = chunked([]byte(body))
				}
				res := s.send(tt.method, tt.target, src, "Content-Type", tt.contentType, "Content-MD5", "x", "Digest", "y")
				if res.StatusCode != http.StatusCreated {
					t.Errorf("got %s, want 201", res.Status)
				}
				if !slices.Equal(api.bodies, []string{want, want}) {
					t.Errorf("the API got\n%q\nwant twice\n%q", api.bodies, want)
				}
				if n := int64(len(want)); !slices.Equal(api.lengths, []int64{n, n}) {
					t.Errorf("the API was told lengths %d, want %d", api.lengths, n)
				}
				if api.header.Get("Content-Md5") != "" || api.header.Get("Digest") != "" {
					t.Errorf("the API got header %v, with digests of another body", api.header)
				}
				if _, _, rewritten := s.observer.told(); rewritten[3] != strings.Count(tt.body, "%[1]s") {
					t.Errorf("told of %d URLs, want %d", rewritten[3], strings.Count(tt.body, "%[1]s"))
				}
			})
		}
	}
}

func TestRequestBodiesThatStayAsTheyAre(t *testing.T) {
	tests := []struct {
		name, contentType, body string
		header                  []string
		option                  func(*Transport)
	}{
		{name: "no URL of ours", contentType: "text/html", body: `<img src='https://www.onenote.com/api/v1.0/r/1' ><p>%s/api/</p>`},
		{name: "no URL of ours in commands", contentType: "application/json", body: ` [ {'content' : "<p>\u0041</p>" } ] %s`},
		{name: "no URL of ours in a form", contentType: "multipart/form-data; boundary=b", body: "--b\nContent-Length: 3\nContent-Type: text/html\n\n<p>\n--b-- %s"},
		{name: "links off", contentType: "text/html", body: `<img src="%s/api/v1.0/r/1">`, option: func(tr *Transport) { tr.Links = false }},
		{name: "a picture", contentType: "image/png", body: `<img src="%s/api/v1.0/r/1">`},
		{name: "no type", body: `<img src="%s/api/v1.0/r/1">`},
		{name: "another charset", contentType: "text/html; charset=iso-8859-1", body: `<img src="%s/api/v1.0/r/1">`},
		{name: "compressed", contentType: "text/html", header: []string{"Content-Encoding", "gzip"}, body: `<img src="%s/api/v1.0/r/1">`},
		{name: "no boundary", contentType: "multipart/form-data", body: `<img src="%s/api/v1.0/r/1">`},
		{name: "a path that is not the API's", contentType: "text/html", body: `<img src="%s/auth/work/signin">`},
	}
	for _, tt := range tests {
		for _, length := range []string{"known", "unknown"} {
			t.Run(tt.name+"/"+length, func(t *testing.T) {
				api := new(echo)
				s := newSite(t, api, func(s *site) {
					if tt.option != nil {
						tt.option(s.transport)
					}
				})
				body := fmt.Sprintf(tt.body, s.front.URL)
				src, want := io.Reader(strings.NewReader(body)), int64(len(body))
				if length == "unknown" {
					src, want = chunked([]byte(body)), -1
				}
				header := append(tt.header, "Content-MD5", "x")
				if tt.contentType != "" {
					header = append(header, "Content-Type", tt.contentType)
				}
				s.send("PATCH", pagePath, src, header...)
				if !slices.Equal(api.bodies, []string{body, body}) {
					t.Errorf("the API got\n%q\nwant twice\n%q", api.bodies, body)
				}
				if !slices.Equal(api.lengths, []int64{want, want}) || api.header.Get("Content-MD5") != "x" {
					t.Errorf("the API was told lengths %d and %v, want %d and the digest", api.lengths, api.header, want)
				}
			})
		}
	}
}

// What is too large to be kept is sent while it is read, and reaches the API
// whole, as it was.
func TestLargeRequestBodyIsSentUnmapped(t *testing.T) {
	for name, option := range map[string]func(*Transport){
		"above max_replay":      func(tr *Transport) { tr.MaxReplay = 1 << 20 },
		"above the spool":       func(tr *Transport) { tr.Spool = NewSpool(200<<10, 300<<10, "") },
		"above memory, no disk": func(tr *Transport) { tr.Spool = NewSpool(1<<20, 0, "") },
	} {
		for _, length := range []string{"known", "unknown"} {
			t.Run(name+"/"+length, func(t *testing.T) {
				seen := new(log)
				s := newSite(t, refuseUntil(seen, "token-1", created), func(s *site) { option(s.transport) })
				body := bytes.Repeat([]byte(`<img src="`+localBase+`/api/v1.0/r/1">`), 100000)
				src := io.Reader(bytes.NewReader(body))
				if length == "unknown" {
					src = chunked(body)
				}
				s.call.Base = must(url.Parse(localBase))
				res := s.send("POST", "/api/v1.0/me/notes/pages", src, "Content-Type", "text/html")
				if res.StatusCode != http.StatusCreated {
					t.Errorf("got %s, want 201", res.Status)
				}
				if got := seen.all(); len(got) != 1 || got[0].Sum != sha256.Sum256(body) {
					t.Errorf("got %d uploads, want one with the bytes that were sent", len(got))
				}
			})
		}
	}
}

// What a request in a batch is for may be told by a path and a host. Both are
// ours, where the app took them from what it read here.
func TestPathsAndHostsInABatchBecomeTheAPIs(t *testing.T) {
	const batch = "--b\nContent-Type: application/http\n\nGET %s HTTP/1.1\nHost: %s\n\n--b--"
	tests := []struct{ path, host, wantPath, wantHost string }{
		{"/notes/api/v1.0/me/notes/pages?a=%2f", "home.example", "/api/v1.0/me/notes/pages?a=%2f", "api"},
		{"/notes/api/v1.0/me/notes/pages?", "home.example", "/api/v1.0/me/notes/pages?", "api"},
		{"/pictures/api/v1.0/r/1/content?publicAuth=true&mimeType=image/png&account=work&expires=1&sig=x", "Pictures.Example:8443", "/api/v1.0/r/1/content?publicAuth=true&mimeType=image/png", "api"},
		{"/api/v1.0/me/notes/pages", "127.0.0.1", "", "api"},
		{"/api/v1.0/me/notes/pages", "www.onenote.com", "", ""},
		{"/notes/auth/work/signin", "elsewhere.example", "", ""},
		{"notes/api/v1.0/me/notes/pages", "home.example.elsewhere.example", "", ""},
	}
	for _, tt := range tests {
		api := new(echo)
		s := newSite(t, api, func(s *site) {
			s.call.Base = must(url.Parse("http://home.example/notes"))
			s.call.ImageBase = must(url.Parse("http://pictures.example:8443/pictures"))
		})
		wantPath, wantHost := tt.path, tt.host
		if tt.wantPath != "" {
			wantPath = tt.wantPath
		}
		if tt.wantHost == "api" {
			wantHost = must(url.Parse(s.api.URL)).Host
		}
		s.send("POST", "/api/beta/$batch", strings.NewReader(fmt.Sprintf(batch, tt.path, tt.host)), "Content-Type", "multipart/mixed; boundary=b")
		if want := fmt.Sprintf(batch, wantPath, wantHost); !slices.Equal(api.bodies, []string{want, want}) {
			t.Errorf("%s on %s: the API got\n%q\nwant twice\n%q", tt.path, tt.host, api.bodies, want)
		}
	}
}

func TestBasesThatAreOurs(t *testing.T) {
	x := &exchange{
		caller: &caller{Transport: new(Transport), Call: Call{
			Base:      must(url.Parse("https://notes.example/base")),
			ImageBase: must(url.Parse("https://pictures.example")),
		}},
		in: new(http.Request).WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}))),
	}
	want := []string{
		"http://127.0.0.1", "http://127.0.0.1:8080", "http://[::1]", "http://[::1]:8080", "http://localhost", "http://localhost:8080",
		"https://notes.example/base", "https://pictures.example",
	}
	if got := x.ours(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// An app reads a page, changes it, and posts it back: the API gets its own
// addresses again, to the letter.
func TestPageThatIsReadAndPostedBack(t *testing.T) {
	const source = `<img src="%s/api/v1.0/me/notes/resources/1-a/$value" data-src-type="image/png"><object data="%s/api/v1.0/me/notes/resources/1-b/$value" />`
	var posted string
	var api http.HandlerFunc = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			posted = string(must(io.ReadAll(r.Body)))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		base := "http://" + r.Host
		_, _ = fmt.Fprintf(w, source, base, base)
	}
	s := newSite(t, api, func(s *site) { s.transport.Pictures, s.transport.Signer = Local, newSigner() })
	read := s.send("GET", pagePath, nil).body
	if !strings.Contains(read, "sig=") || strings.Contains(read, s.api.URL) {
		t.Fatalf("got %s, want local addresses only", read)
	}
	s.send("POST", "/api/v1.0/me/notes/pages", strings.NewReader(read+"<p>more</p>"), "Content-Type", "text/html")
	want := fmt.Sprintf(source, s.api.URL, s.api.URL) + "<p>more</p>"
	if posted != want {
		t.Errorf("the API got\n%s\nwant\n%s", posted, want)
	}
}
