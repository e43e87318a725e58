// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
)

const localBase = "http://localhost:8080"

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

func TestCredentialsInRequestsOfBatchAreRemoved(t *testing.T) {
	const batch = "--b\r\nContent-Type: application/http\r\n\r\nGET /api/v1.0/me/notes/pages HTTP/1.1\r\nAccept: application/json\r\n%s\r\n\r\n--b--\r\n"
	api := new(echo)
	s := newSite(t, api)
	res := s.send("POST", "/api/v1.0/$batch", strings.NewReader(fmt.Sprintf(batch,
		"Authorization: Bearer client-key\r\nX-Onenote-Proxy-Key: client-key\r\nX_Onenote_Proxy_Key: client-key\r\nCookie: a=b\r\nproxy-authorization: Basic x\r\n")),
		"Content-Type", "multipart/mixed; boundary=b")
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("got %s", res.Status)
	}
	want := fmt.Sprintf(batch, "")
	for i, got := range api.bodies {
		if got != want {
			t.Errorf("try %d: got\n%s\nwant\n%s", i, got, want)
		}
	}
	if len(api.bodies) == 0 {
		t.Error("nothing was sent")
	}
}

func TestCredentialsInRequestsOfJSONBatchBecomeEmpty(t *testing.T) {
	const batch = `{"requests":[{"id":"1","headers":{"Accept":"%[1]s","Authorization":"%[2]s","x-onenote-proxy-key" : "%[2]s","Cooki\u0065":"%[2]s","Content-Type":"application/json"},"body":{"Authorization":"%[1]s","headers":{"Cookie":"%[1]s"}}},{"id":"2","headers":{},"Cookie":"%[1]s"}],"headers":{"Cookie":"%[1]s"}}`
	for _, secret := range []string{"Bearer client-key", `\\\"\\`, strings.Repeat(`\"a`, 40<<10), ""} {
		api := new(echo)
		s := newSite(t, api)
		res := s.send("POST", "/api/v1.0/$batch", strings.NewReader(fmt.Sprintf(batch, "stays", secret)), "Content-Type", "application/json")
		if res.StatusCode != http.StatusCreated {
			t.Fatalf("got %s", res.Status)
		}
		if len(api.bodies) == 0 {
			t.Error("nothing was sent")
		}
		for i, got := range api.bodies {
			if want := fmt.Sprintf(batch, "stays", ""); got != want {
				t.Errorf("try %d: got\n%.600s\nwant\n%s", i, got, want)
			}
		}
	}
}

func TestSignatureInTargetOfBatchIsRemoved(t *testing.T) {
	const batch = "--b\r\nContent-Type: application/http\r\n\r\nGET %s HTTP/1.1\r\n\r\n\r\n--b--\r\n"
	const path = "/api/v1.0/me/notes/resources/0-a/$value"
	api := new(echo)
	s := newSite(t, api)
	signed := path + "?publicAuth=true&mimeType=image/png&account=home&expires=1795957537&sig=OhlYcVUTW3CihtuH7LXdu49R9Nc8UZ_ArszrBGLqQzI"
	res := s.send("POST", "/api/v1.0/$batch", strings.NewReader(fmt.Sprintf(batch, signed)), "Content-Type", "multipart/mixed; boundary=b")
	if res.StatusCode != http.StatusCreated || len(api.bodies) == 0 {
		t.Fatalf("got %s and %d bodies", res.Status, len(api.bodies))
	}
	if want := fmt.Sprintf(batch, path); api.bodies[0] != want {
		t.Errorf("got\n%s\nwant\n%s", api.bodies[0], want)
	}
}

func TestURLsOfTheProxyInRequestBodiesBecomeTheAPIs(t *testing.T) {
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
		{"a page as HttpClient of Apache labels it", "POST", "/api/v1.0/me/notes/pages", "text/html; charset=ISO-8859-1", "<p>caf\xe9</p><img alt=\"\xe9\" src=\"%[1]s/api/v1.0/r/1?t=\xe9\"><p>%[2]s/api/</p>"},
		{"a page in Windows-1252", "POST", "/api/v1.0/me/notes/pages", `text/html; charset="windows-1252"`, "<p>\x93x\x94</p><img src=\"%[1]s/api/v1.0/r/1\">"},
		{"JSON", "POST", "/api/v1.0/x", "application/json", `{"url":"%[1]s/api/v1.0/r/1","title":"%[2]s/api/v1.0/r/1","content":"<img src=\"%[2]s/api/x\">"}`},
		{"commands", "PATCH", pagePath, "application/json", `[{"target":"body","content":"<img src=\"%[1]s/api/v1.0/r/1\"> %[2]s/api/"}]`},
		{"commands to the page itself", "PATCH", "/api/v1.0/me/notes/pages/1", "application/json", `[{"target":"body","content":"<img src=\"%[1]s/api/v1.0/r/1\"> %[2]s/api/"}]`},
		{"commands to the page in parentheses", "PATCH", "/api/v1.0/users('a%40b')/notes/pages('1')", "application/json", `[{"target":"body","content":"<img src='%[1]s/api/v1.0/r/1'>"}]`},
		{"commands as text/json", "PATCH", pagePath, "text/json; charset=utf-8", `[{"target":"body","content":"<img src=\"%[1]s/api/v1.0/r/1\"> %[2]s/api/"}]`},
		{"commands as Text/JSON to the page itself", "PATCH", "/api/v1.0/me/notes/pages/1", "Text/JSON", `[{"content":"<img src=\"%[1]s/api/v1.0/r/1\">","url":"%[1]s/api/v1.0/r/2"}]`},
		{"commands with quotes in the address", "PATCH", pagePath, "application/json", `[{"content":"<img src='%[1]s/api/v1.0/users(&#39;a&#39;)/r/1'><img src=\"%[1]s/api/v1.0/users(\u0027a')/r/1\">"},{"target":"title","content":"write src=%[2]s/api/x here"}]`},
		{"a page to be rendered", "POST", "/api/v1.0/me/notes/pages", "text/html", `<img data-render-src="%[1]s/api/v1.0/r/1" alt="x" /><div data-render-method="extract" data-render-src='%[1]s/api/v1.0/r/2'></div><div title="%[2]s/api/x"><iframe src="x" /><img src="%[1]s/api/v1.0/r/3">`},
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

// What Microsoft Graph takes in JSON: batches, and an action of its own.
func TestURLsOfTheProxyInBodiesForGraphBecomeTheAPIs(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	page := func(base string) string {
		return `<html><body><img src="` + base + `/v1.0/me/onenote/resources/1/$value" /></body></html>`
	}
	tests := []struct {
		name, target string
		body         func(ours, theirs string) string // theirs is what becomes of ours
	}{
		{"commands in a batch", "/v1.0/$batch", func(_, theirs string) string {
			return `{"requests":[{"id":"1","method":"PATCH","url":"/me/onenote/pages/1/content","headers":{"Content-Type":"application/json"},"body":[{"target":"body","content":"<img src='` + theirs + `/v1.0/users(&#39;a&#39;)/onenote/resources/1/$value'>"}]}]}`
		}},
		{"a page in a batch", "/beta/$batch", func(_, theirs string) string {
			return `{"requests":[{"id":"1","method":"POST","url":"/me/onenote/pages","body":"` + encode([]byte(page(theirs))) + `","headers":{"Content-Type":"text/html"}}]}`
		}},
		{"pages and what is none", "/v1.0/$batch", func(ours, theirs string) string {
			return `{"requests":[{"headers":{"content-type":"text\/html"},"body":"` + encode([]byte(page(theirs))) + `"},` +
				`{"headers":{"content-type":"image/svg+xml"},"body":"` + encode([]byte(page(ours))) + `"},{"body":"` + encode([]byte("\x89PNG"+page(ours))) + `"},` +
				`{"body":"` + encode([]byte(page(theirs))) + `"},{"body":""},{"body":"PA"},{"body":"a < b"}]}`
		}},
		{"the action", "/v1.0/me/onenote/pages/1/onenotePatchContent", func(_, theirs string) string {
			return `{"commands":[{"target":"body","action":"Append","content":"<img src=\"` + theirs + `/v1.0/me/onenote/resources/1/$value\">"}]}`
		}},
		{"the action with its namespace", "/beta/me/onenote/pages/1/microsoft.graph.onenotePatchContent", func(_, theirs string) string {
			return `{"commands":[{"content":"<object data=\"` + theirs + `/beta/me/onenote/resources/1/$value\">"}]}`
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sent := new(echo)
			s := newSite(t, sent, func(s *site) {
				s.preset, _ = api.PresetNamed("graph")
				s.dialect.Pictures = api.Local
			})
			want := tt.body(s.front.URL, s.api.URL)
			s.send("POST", tt.target, strings.NewReader(tt.body(s.front.URL, s.front.URL)), "Content-Type", "application/json")
			if !slices.Equal(sent.bodies, []string{want, want}) {
				t.Errorf("the API got\n%q\nwant twice\n%q", sent.bodies, want)
			}
		})
	}
}

func TestRequestBodyStaysWhenItCannotOrMustNotBeRewritten(t *testing.T) {
	tests := []struct {
		name, contentType, body string
		header                  []string
		option                  func(*api.Passthrough)
	}{
		{name: "no URL of ours", contentType: "text/html", body: `<img src='https://www.onenote.com/api/v1.0/r/1' ><p>%s/api/</p>`},
		{name: "no URL of ours in commands", contentType: "application/json", body: ` [ {'content' : "<p>\u0041</p>" } ] %s`},
		{name: "no URL of ours in a form", contentType: "multipart/form-data; boundary=b", body: "--b\nContent-Length: 3\nContent-Type: text/html\n\n<p>\n--b-- %s"},
		{name: "links off", contentType: "text/html", body: `<img src="%s/api/v1.0/r/1">`, option: func(d *api.Passthrough) { d.Links = false }},
		{name: "a picture", contentType: "image/png", body: `<img src="%s/api/v1.0/r/1">`},
		{name: "no type", body: `<img src="%s/api/v1.0/r/1">`},
		{name: "another charset", contentType: "text/html; charset=utf-16", body: `<img src="%s/api/v1.0/r/1">`},
		{name: "a charset whose letters hold bytes of ASCII", contentType: "text/html; charset=shift_jis", body: `<img src="%s/api/v1.0/r/1">`},
		{name: "JSON that is not in UTF-8", contentType: "application/json; charset=iso-8859-1", body: `{"url":"%s/api/v1.0/r/1"}`},
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
						tt.option(s.dialect)
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

// What is too large to be buffered is sent while it is read, and reaches the API
// whole, as it was.
func TestRequestBodyLargerThanTheBufferIsSentAsItCame(t *testing.T) {
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

// A request in a batch may name its target by a path and a host. Both are the
// proxy's where the app took them from a response.
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

// An app reads a page, changes it, and posts it back: the API gets its own URLs
// again, byte for byte.
func TestPageReadAndPostedBackHasTheAPIsURLs(t *testing.T) {
	const source = `<img src="%s/api/v1.0/me/notes/resources/1-a/$value" data-src-type="image/png"><object data="%s/api/v1.0/me/notes/resources/1-b/$value" />`
	var posted string
	var echoing http.HandlerFunc = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			posted = string(must(io.ReadAll(r.Body)))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		base := "http://" + r.Host
		_, _ = fmt.Fprintf(w, source, base, base)
	}
	s := newSite(t, echoing, func(s *site) { s.dialect.Pictures, s.call.Signer = api.Local, newSigner() })
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
