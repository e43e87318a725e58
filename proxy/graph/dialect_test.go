// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

const (
	appBase   = "http://localhost:8080"
	graphBase = "https://graph.microsoft.com"
	pageID    = "0-0123456789abcdef0123456789abcdef!1-752C1AAF7737895C!482"
	pageOnGo  = "0-0123456789abcdef0123456789abcdef%211-752C1AAF7737895C%21482" // in a path to Graph
)

// A graphSite is a site in front of a Graph that a test plays.
type graphSite struct {
	t       *testing.T
	account string
	mode    api.PictureMode
	links   bool
	clock   time.Time
	key     []byte
	sites   *graph.Sites
	respond func(r *http.Request, body string) *http.Response

	unknownLength bool // of the app's bodies

	sent     []*http.Request
	sentBody []string
}

func newGraphSite(t *testing.T, respond func(r *http.Request, body string) *http.Response) *graphSite {
	return &graphSite{
		t: t, account: "anna", mode: api.Local, links: true, respond: respond, sites: graph.NewSites(""),
		clock: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), key: bytes.Repeat([]byte{7}, 32),
	}
}

// RoundTrip implements http.RoundTripper: it is Graph.
func (s *graphSite) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	s.sent, s.sentBody = append(s.sent, r), append(s.sentBody, string(body))
	res := s.respond(r, string(body))
	res.Proto, res.ProtoMajor, res.ProtoMinor, res.Request = "HTTP/1.1", 1, 1, r
	return res, nil
}

// Token and the other methods make it a source of tokens.
func (s *graphSite) Token(context.Context) (string, uint64, error) { return "Bearer t", 1, nil }
func (s *graphSite) Refresh(context.Context, string, uint64, string) (string, uint64, error) {
	return "Bearer t", 1, nil
}
func (*graphSite) Refused(string, uint64, string) {}
func (*graphSite) Accepted(string, uint64)        {}

func (s *graphSite) now() time.Time { return s.clock }

func (s *graphSite) signer() *picture.Signer {
	signer, err := picture.New(s.now, s.key)
	if err != nil {
		s.t.Fatal(err)
	}
	return signer
}

// send sends an app's request. Each one meets a process that was started again.
func (s *graphSite) send(method, target, body string, header ...string) (*http.Response, string) {
	s.t.Helper()
	upstream, base := mustParse(s.t, graphBase), mustParse(s.t, appBase)
	dialect := &graph.Dialect{
		Native: &api.Passthrough{
			Hosts: api.NewHosts(api.Presets[1], upstream), Pictures: s.mode, Links: s.links, ImageLifetime: time.Hour, Now: s.now,
		},
		OneNote:    api.NewHosts(api.Presets[0], nil),
		Sites:      s.sites,
		Operations: &graph.Operations{Keys: func() ([][]byte, error) { return [][]byte{s.key}, nil }, Now: s.now},
	}
	transport := &proxy.Transport{Next: s, Upstream: upstream, Dialect: dialect, MaxReplay: 80 << 20, Spool: proxy.NewSpool(80<<20, 80<<20, s.t.TempDir())}
	var content io.Reader = strings.NewReader(body)
	if s.unknownLength {
		content = onlyReader{content}
	}
	req, err := http.NewRequest(method, graphBase+"/", content)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	call := proxy.Call{Tokens: s, Account: s.account, Base: base, Target: target, Signer: s.signer()}
	if strings.Contains(target, "sig=") {
		path, query, _ := strings.Cut(target, "?")
		p, err := call.Signer.Verify(graphBase, path, query)
		if err != nil {
			s.t.Fatalf("%s: %v", target, err)
		}
		call.Picture = &p
	}
	res, err := transport.For(call).RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(got)
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// last returns what went up last.
func (s *graphSite) last() (request, body string) {
	n := len(s.sent) - 1
	return s.sent[n].Method + " " + s.sent[n].URL.RequestURI(), s.sentBody[n]
}

// response is one of Graph; header are pairs of name and value.
func response(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// always makes a Graph that sends the same to everybody.
func always(status int, body string, header ...string) func(*http.Request, string) *http.Response {
	return func(*http.Request, string) *http.Response { return response(status, body, header...) }
}

func TestHeaderOfTranslatedResponse(t *testing.T) {
	const json = "application/json"
	for _, tt := range []struct {
		name, method, target string
		status               int
		header               []string
		want                 map[string]string
	}{
		{"new entity of me", "POST", "/api/v1.0/me/notes/notebooks", 201,
			[]string{"Location", graphBase + "/v1.0/users/a@b.example/onenote/notebooks/1-2"},
			map[string]string{"Location": appBase + "/api/v1.0/me/notes/notebooks/1-2"}},
		{"new entity of a group", "POST", "/api/beta/myOrganization/groups/g/notes/notebooks", 201,
			[]string{"Location", graphBase + "/v1.0/groups/g/onenote/notebooks/1-2"},
			map[string]string{"Location": appBase + "/api/beta/myOrganization/groups/g/notes/notebooks/1-2"}},
		{"a path", "POST", "/api/v1.0/me/notes/notebooks", 201,
			[]string{"Location", "/v1.0/groups('g')/onenote/notebooks('1-2')"},
			map[string]string{"Location": appBase + "/api/v1.0/myOrganization/groups/g/notes/notebooks/1-2"}},
		{"elsewhere", "GET", "/api/v1.0/me/notes/notebooks", 302,
			[]string{"Location", "https://evil.example/v1.0/me/onenote/pages"},
			map[string]string{"Location": "https://evil.example/v1.0/me/onenote/pages"}},
		{"no note", "GET", "/api/v1.0/me/notes/notebooks", 302,
			[]string{"Location", graphBase + "/v1.0/me/messages"},
			map[string]string{"Location": graphBase + "/v1.0/me/messages"}},
		{"ids", "GET", "/api/v1.0/me/notes/notebooks", 200,
			[]string{"Request-Id", "r-1", "Client-Request-Id", "c-1"},
			map[string]string{"X-CorrelationId": "r-1"}},
		{"no id of Graph", "GET", "/api/v1.0/me/notes/notebooks", 504, nil,
			map[string]string{"X-CorrelationId": "app-1"}},
		{"challenge", "GET", "/api/v1.0/me/notes/notebooks", 401,
			[]string{"WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"`},
			map[string]string{"WWW-Authenticate": ""}},
		{"fraction of a second", "GET", "/api/v1.0/me/notes/notebooks", 429, []string{"Retry-After", "2.128"}, map[string]string{"Retry-After": "3"}},
		{"seconds", "GET", "/api/v1.0/me/notes/notebooks", 429, []string{"Retry-After", "17"}, map[string]string{"Retry-After": "17"}},
		{"date", "GET", "/api/v1.0/me/notes/notebooks", 503, []string{"Retry-After", "Sun, 29 Nov 2026 12:00:00 GMT"},
			map[string]string{"Retry-After": "Sun, 29 Nov 2026 12:00:00 GMT"}},
		{"no number", "GET", "/api/v1.0/me/notes/notebooks", 503, []string{"Retry-After", "NaN."}, map[string]string{"Retry-After": "NaN."}},
		{"negative", "GET", "/api/v1.0/me/notes/notebooks", 503, []string{"Retry-After", "-1.5"}, map[string]string{"Retry-After": "-1.5"}},
		{"HEAD of a list", "HEAD", "/api/v1.0/me/notes/notebooks", 200, []string{"Content-Length", "99", "Etag", `"x"`},
			map[string]string{"Content-Length": "", "Etag": ""}},
		{"HEAD of bytes", "HEAD", "/api/v1.0/me/notes/resources/1/$value", 200, []string{"Content-Length", "99", "Etag", `"x"`},
			map[string]string{"Content-Length": "99", "Etag": `"x"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newGraphSite(t, always(tt.status, "", append(tt.header, "Content-Type", json)...))
			res, _ := s.send(tt.method, tt.target, "", "X-CorrelationId", "app-1")
			for name, want := range tt.want {
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if got := s.sent[0].Header.Get("Client-Request-Id"); got != "app-1" {
				t.Errorf("client-request-id: got %q, want app-1", got)
			}
		})
	}
}

func TestErrorsHaveBodiesOfOneNote(t *testing.T) {
	for name, body := range map[string]string{"nothing": "", "HTML": "<html>Bad</html>", "half of JSON": `{"error":{"code":"2`} {
		for _, target := range []string{"/api/v1.0/me/notes/pages", "/api/v1.0/me/notes/pages/1/content", "/api/v1.0/me/notes/resources/1/$value",
			"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https://contoso.sharepoint.com')"} {
			s := newGraphSite(t, func(*http.Request, string) *http.Response {
				res := response(404, body, "Content-Type", "text/html")
				if body == "" {
					res.Body = http.NoBody // as net/http has it
				}
				return res
			})
			res, got := s.send("GET", target, "")
			if res.StatusCode != 404 || res.Header.Get("Content-Type") != "application/json" || !strings.Contains(got, `{"error":{"code":"20102","message":"`) {
				t.Errorf("%s at %s: got %d %s %s", name, target, res.StatusCode, res.Header.Get("Content-Type"), got)
			}
		}
	}
}

const pageOfGraph = `<html lang="en-US"><head><title>https://graph.microsoft.com/v1.0/me/onenote/pages</title></head><body>
<p>https://graph.microsoft.com/v1.0/users('a@b.example')/onenote/resources/1/$value</p>
<img src="https://graph.microsoft.com/v1.0/users('a@b.example')/onenote/resources/1-r/$value" data-src-type="image/png" data-fullres-src="https://graph.microsoft.com/v1.0/me/onenote/resources/1-s/content?publicAuth=true&amp;mimeType=image/jpeg" data-fullres-src-type="image/jpeg" />
<img src="https://graph.microsoft.com/v1.0/siteCollections/contoso.sharepoint.com,c1,w1/onenote/resources/1-t/$value" />
<img src="https://www.onenote.com/api/v1.0/me/notes/resources/1-u/$value" />
<img src="https://example.org/x.png" data-render-src="https://graph.microsoft.com/v1.0/groups('g')/onenote/resources/1-v/$value" />
<object data="https://graph.microsoft.com/v1.0/groups('g')/onenote/resources/1-w/$value" data-attachment="f.pdf" type="application/pdf"></object>
</body></html>`

var addresses = regexp.MustCompile(`(?:src|data)="([^"]*)"`)

func TestPicturesOfGraphAreSignedAndLoad(t *testing.T) {
	s := newGraphSite(t, func(r *http.Request, _ string) *http.Response {
		if strings.Contains(r.URL.Path+r.URL.Opaque, "/pages/") {
			return response(200, pageOfGraph, "Content-Type", "text/html; charset=utf-8", "Last-Modified", "Sun, 29 Nov 2026 12:00:00 GMT")
		}
		return response(200, "bytes", "Content-Type", "image/png")
	})
	res, page := s.send("GET", "/api/v1.0/me/notes/pages/"+pageID+"/content?preAuthenticated=true", "")
	if request, _ := s.last(); request != "GET /v1.0/me/onenote/pages/"+pageOnGo+"/content" {
		t.Errorf("got %s", request)
	}
	if res.Header.Get("Last-Modified") != "" {
		t.Error("the page can be validated, although its pictures expire")
	}
	if !strings.Contains(page, "<title>https://graph.microsoft.com/v1.0/me/onenote/pages</title>") || !strings.Contains(page, "<p>https://graph.microsoft.com/v1.0/users('a@b.example')/onenote/resources/1/$value</p>") {
		t.Errorf("texts changed: %s", page)
	}
	var asked []string
	for _, found := range addresses.FindAllStringSubmatch(page, -1) {
		address := strings.ReplaceAll(strings.ReplaceAll(found[1], "&amp;", "&"), "&#39;", "'")
		target, ours := strings.CutPrefix(address, appBase)
		if !ours {
			if address != "https://example.org/x.png" {
				t.Errorf("a picture stays at %s", address)
			}
			continue
		}
		res, body := s.send("GET", target, "")
		// An attachment, and what the service is to render, is a link of this site.
		isPicture := !strings.Contains(target, "groups")
		if signed := res.Header.Get("X-ResourceExpires") != ""; res.StatusCode != 200 || body != "bytes" || signed != isPicture {
			t.Errorf("GET %s: got %d %q, signed %t", target, res.StatusCode, body, signed)
		}
		request, _ := s.last()
		asked = append(asked, request)
	}
	want := []string{
		"GET /v1.0/users/a@b.example/onenote/resources/1-r/$value",
		"GET /v1.0/me/onenote/resources/1-s/$value",
		"GET /v1.0/sites/contoso.sharepoint.com,c1,w1/onenote/resources/1-t/$value",
		"GET /v1.0/me/onenote/resources/1-u/$value",
		"GET /v1.0/groups/g/onenote/resources/1-v/$value",
		"GET /v1.0/groups/g/onenote/resources/1-w/$value",
	}
	if !slices.Equal(asked, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
}

func TestPictureModesOfPagesOfGraph(t *testing.T) {
	const path = "/api/v1.0/users/a@b.example/notes/resources/1-r/$value"
	for _, tt := range []struct {
		mode  api.PictureMode
		links bool
		want  string
	}{
		{api.Links, true, `<img src="` + appBase + path + `"`},
		{api.Off, true, `<img src="` + graphBase + `/v1.0/users('a@b.example')/onenote/resources/1-r/$value"`},
		{api.Off, false, `<img src="` + graphBase + `/v1.0/users('a@b.example')/onenote/resources/1-r/$value"`},
		{api.Local, false, `<img src="` + appBase + `/api/v1.0/users/a@b.example/notes/resources/1-r/content?`},
	} {
		s := newGraphSite(t, always(200, pageOfGraph, "Content-Type", "text/html"))
		s.mode, s.links = tt.mode, tt.links
		if _, page := s.send("GET", "/api/v1.0/me/notes/pages/1/content", ""); !strings.Contains(page, tt.want) {
			t.Errorf("%v, links %t: want %s in %s", tt.mode, tt.links, tt.want, page)
		}
	}
}

// What a person has written into a page teaches nothing about sites.
func TestPageTeachesNoSites(t *testing.T) {
	s := newGraphSite(t, always(200, `<html><body><object data="https://graph.microsoft.com/v1.0/sites/evil.example.com,c1,w1/onenote/pages/1"></object></body></html>`, "Content-Type", "text/html"))
	s.send("GET", "/api/v1.0/me/notes/pages/1/content", "")
	if host, ok := s.sites.Host("c1"); ok {
		t.Errorf("got the host %s", host)
	}
}

func TestRequestBodiesNameGraph(t *testing.T) {
	s := newGraphSite(t, always(200, pageOfGraph, "Content-Type", "text/html"))
	_, page := s.send("GET", "/api/v1.0/me/notes/pages/1/content", "")
	signed := addresses.FindStringSubmatch(page)[1]
	s.respond = always(201, "{}", "Content-Type", "application/json")
	const up = "https://graph.microsoft.com/v1.0/"
	html := func(src string) string { return `<html><body><img src="` + src + `"/></body></html>` }
	for _, tt := range []struct{ name, method, target, kind, body, want string }{
		{"a signed picture", "POST", "pages", "text/html", html(signed), html(up + "users/a@b.example/onenote/resources/1-r/$value")},
		{"a link", "POST", "pages", "text/html", html(appBase + "/api/v1.0/me/notes/resources/1-r/$value"), html(up + "me/onenote/resources/1-r/$value")},
		{"by another name of this machine", "POST", "pages", "text/html", html("http://127.0.0.1:8080/api/v1.0/resources/1-r/content"), html(up + "me/onenote/resources/1-r/$value")},
		{"Graph's form here", "POST", "pages", "text/html", html(appBase + "/v1.0/me/onenote/resources/1-r/$value"), html(up + "me/onenote/resources/1-r/$value")},
		{"the OneNote API itself", "POST", "pages", "text/html", html("https://www.onenote.com/api/v1.0/resources/0-1!2/content?publicAuth=true&amp;mimeType=image/png"), html(up + "me/onenote/resources/0-1%212/$value")},
		{"text", "POST", "pages", "text/html", "<html><body><p>" + appBase + "/api/v1.0/me/notes/resources/1-r/$value https://www.onenote.com/api/v1.0/resources/1/content</p></body></html>", ""},
		{"another host", "POST", "pages", "text/html", html("https://evil.example/api/v1.0/me/notes/resources/1-r/$value"), ""},
		{"no resource", "POST", "pages", "text/html", html("https://www.onenote.com/api/v1.0/me/notes/pages/1/content"), ""},
		{"no note", "POST", "pages", "text/html", html(appBase + "/api/v1.0/me/messages"), ""},
		{"commands", "PATCH", "pages/1/content", "application/json",
			`[{"target":"body","action":"append","content":"<img src=\"` + appBase + `/api/v1.0/me/notes/resources/1-r/$value\"/>"}]`,
			`[{"target":"body","action":"append","content":"<img src=\"` + up + `me/onenote/resources/1-r/$value\"/>"}]`},
		{"commands in single quotes", "PATCH", "pages/1/content", "application/json",
			`[{'target':'body','action':'append','content':'<p>displayName "x" name</p>'}]`, ""},
		{"commands in parts", "PATCH", "pages/1/content", "multipart/form-data; boundary=b",
			"--b\r\nContent-Disposition: form-data; name=\"Commands\"\r\nContent-Type: application/json\r\n\r\n[{\"content\":\"<img src='" + appBase + "/api/v1.0/resources/1-r/$value'>\"}]\r\n--b--\r\n",
			"--b\r\nContent-Disposition: form-data; name=\"Commands\"\r\nContent-Type: application/json\r\n\r\n[{\"content\":\"<img src='" + up + "me/onenote/resources/1-r/$value'>\"}]\r\n--b--\r\n"},
		{"a new notebook", "POST", "notebooks", "application/json", `{name:'x'}`, `{"displayName":"x"}`},
		{"a copy", "POST", "pages/1/copyToSection", "application/json", `{"id":"1","name":"x"}`, ""},
	} {
		s.send(tt.method, "/api/v1.0/me/notes/"+tt.target, tt.body, "Content-Type", tt.kind)
		want := tt.want
		if want == "" {
			want = tt.body
		}
		if _, got := s.last(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, want)
		}
	}
}
