// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

const (
	pagePath = "/api/v1.0/me/notes/pages/1/content"
	listPath = "/api/v1.0/me/notes/notebooks"

	page = `<html><head><title>https://www.onenote.com/api/v1.0/x</title></head><body>` +
		`<img src="https://www.onenote.com/api/v1.0/me/notes/resources/1-a!b/$value" data-src-type="image/png" ` +
		`data-fullres-src="https://www.onenote.com/api/beta/resources/1-c/$value" data-fullres-src-type="image/jpeg" />` +
		`<object data-attachment="a.pdf" type="application/pdf" data="https://www.onenote.com/api/v1.0/me/notes/resources/1-d/$value" />` +
		`</body></html>`

	list = `{"value":[{"name":"https://www.onenote.com/api/v1.0/x","self":"https://www.onenote.com/api/v1.0/me/notes/notebooks/1","href":"https:\/\/www.onenote.com\/api\/v1.0\/x"}]}`
)

// responding responds to every request in that way.
func responding(status int, body string, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// local returns the text with the API's addresses replaced by the proxy's.
func (s *site) local(text string) string {
	text = strings.ReplaceAll(text, `https:\/\/www.onenote.com`, strings.ReplaceAll(s.front.URL, "/", `\/`))
	return strings.ReplaceAll(text, "https://www.onenote.com", s.front.URL)
}

// newSigner returns a signer whose clock is the site's.
func newSigner() *picture.Signer {
	return must(picture.New(testNow, noise(32)))
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

func TestPicturesBecomePublicInDirectMode(t *testing.T) {
	s := newSite(t, responding(200, page, "Content-Type", "text/html; charset=utf-8"))
	res := s.send("GET", pagePath, nil)
	want := strings.NewReplacer(
		"resources/1-a!b/$value", "resources/1-a!b/content?publicAuth=true&amp;mimeType=image/png",
		"resources/1-c/$value", "resources/1-c/content?publicAuth=true&amp;mimeType=image/jpeg",
		`data="https://www.onenote.com`, `data="`+s.front.URL,
	).Replace(page)
	if res.body != want {
		t.Errorf("got\n%s\nwant\n%s", res.body, want)
	}
	if _, _, rewritten := s.observer.told(); rewritten != [4]int{2, 1, 0, 0} {
		t.Errorf("told of %v replaced, want 2 pictures and 1 link", rewritten)
	}
}

func TestPicturesStayWhenTheClientAsksForPrivateOnes(t *testing.T) {
	s := newSite(t, responding(200, page, "Content-Type", "text/html"), func(s *site) { s.dialect.Links = false })
	if res := s.send("GET", pagePath+"?preAuthenticated=false", nil); res.body != page {
		t.Errorf("got\n%s\nwant the page as it came", res.body)
	}
	if res := s.send("GET", pagePath+"?includeIDs=true,preAuthenticated=true", nil); !strings.Contains(res.body, "publicAuth=true") {
		t.Errorf("got\n%s\nwant public pictures", res.body)
	}
}

// The API writes bare ampersands into what it makes public. An app that did not ask
// for that reads its pages as XML.
func TestAmpersandsOfPublicPicturesAreEscapedUnlessTheClientAskedForPublicOnes(t *testing.T) {
	const public = `<img src="https://www.onenote.com/api/v1.0/me/notes/resources/1-a/content?publicAuth=true&mimeType=image/png" data-fullres-src='https://www.onenote.com/api/v1.0/resources/1-b/content?publicAuth=true&amp;mimeType=image/jpeg&x=&copy' />` +
		`<img src="https://pictures.example/?a=1&b=2" /><img alt="https://www.onenote.com/api/v1.0/resources/1-a/content?publicAuth=true&b=2" src=" https://www.onenote.com/api/v1.0/resources/1-a/content?publicAuth=True" />`
	s := newSite(t, responding(200, public, "Content-Type", "text/html"))
	want := strings.NewReplacer("true&mimeType=image/png", "true&amp;mimeType=image/png", "&x=&copy", "&amp;x=&copy").Replace(public)
	if res := s.send("GET", pagePath, nil); res.body != want {
		t.Errorf("got\n%s\nwant\n%s", res.body, want)
	}
	if _, _, rewritten := s.observer.told(); rewritten != [4]int{2, 0, 0, 0} {
		t.Errorf("told of %v replaced, want 2 pictures", rewritten)
	}
	if res := s.send("GET", pagePath+"?preAuthenticated=true", nil); res.body != public {
		t.Errorf("to a client that asked: got\n%s\nwant the page as it came", res.body)
	}
}

func TestPicturesLeadToTheProxyLikeAllLinksInLinksMode(t *testing.T) {
	const public = `<img src="https://www.onenote.com/api/v1.0/me/notes/resources/1-x/content?publicAuth=true&amp;mimeType=image/png" data-src-type="image/png" />`
	var queries []string
	s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.URL.RawQuery)
		responding(200, page+public, "Content-Type", "text/html").ServeHTTP(w, r)
	}), func(s *site) { s.dialect.Pictures = api.Links })
	res := s.send("GET", pagePath+"?includeIDs=true", nil)
	want := strings.NewReplacer(
		`src="https://www.onenote.com/api`, `src="`+s.front.URL+"/api",
		`data="https://www.onenote.com/api`, `data="`+s.front.URL+"/api",
	).Replace(page + public)
	if res.body != want || !slices.Equal(queries, []string{"includeIDs=true"}) {
		t.Errorf("got\n%s\nwant\n%s\nasked with %q, want no preAuthenticated", res.body, want, queries)
	}
	if strings.Contains(res.body, "sig=") {
		t.Errorf("got a signature in\n%s", res.body)
	}
}

func TestPicturesBecomeLocalAndSigned(t *testing.T) {
	signer := newSigner()
	s := newSite(t, responding(200, page, "Content-Type", "text/html"), func(s *site) {
		s.dialect.Pictures, s.call.Signer = api.Local, signer
		s.call.ImageBase = must(url.Parse("https://pictures.example/x"))
	})
	res := s.send("GET", pagePath, nil)
	_, rest, ok := strings.Cut(res.body, `src="https://pictures.example/x`)
	src, _, _ := strings.Cut(rest, `"`)
	path, query, _ := strings.Cut(strings.ReplaceAll(src, "&amp;", "&"), "?")
	if !ok || path != "/api/v1.0/me/notes/resources/1-a!b/$value" {
		t.Fatalf("got\n%s\nwant the picture's own path on the base of pictures", res.body)
	}
	got, err := signer.Verify(s.api.URL, path, query)
	if err != nil {
		t.Fatal(err)
	}
	want := picture.Picture{
		Account: "work", Upstream: s.api.URL, Path: path, MIMEType: "image/png",
		Expires: testNow().Add(time.Hour).Truncate(time.Second),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the picture (-want +got):\n%s", diff)
	}
}

func TestPreviewBecomesLocalWhenPicturesAreLocal(t *testing.T) {
	const preview = `{"previewText":"x","links":{"previewImageUrl":{"href":"https://www.onenote.com/api/v1.0/resources/1-a/content?publicAuth=true&mimeType=image/png"}},"self":"https://www.onenote.com/api/v1.0/pages/1"}`
	signer := newSigner()
	for _, links := range []bool{true, false} {
		s := newSite(t, responding(200, preview, "Content-Type", "application/json"), func(s *site) {
			s.dialect.Pictures, s.call.Signer, s.dialect.Links = api.Local, signer, links
		})
		res := s.send("GET", "/api/v1.0/me/notes/pages/1/preview", nil)
		if !strings.Contains(res.body, `"href":"`+s.front.URL+`/api/v1.0/resources/1-a/content?publicAuth=true&mimeType=image/png&account=work&`) {
			t.Errorf("links %t: got %s, want a signed picture", links, res.body)
		}
		if got := strings.Contains(res.body, `"self":"`+s.front.URL); got != links {
			t.Errorf("links %t: got %s", links, res.body)
		}
	}
}

func TestPreviewStaysPublicUnlessPicturesLeadToTheProxy(t *testing.T) {
	const (
		picture = "https://www.onenote.com/api/v1.0/resources/1-a/content?publicAuth=true&mimeType=image/png"
		preview = `{"previewText":"x","links":{"previewImageUrl":{"href":"` + picture + `"}},"self":"https://www.onenote.com/api/v1.0/pages/1","private":"https://www.onenote.com/api/v1.0/resources/1-a/content?a=b"}`
	)
	for mode, want := range map[api.PictureMode]bool{api.Direct: true, api.Off: true, api.Links: false} {
		s := newSite(t, responding(200, preview, "Content-Type", "application/json"), func(s *site) { s.dialect.Pictures = mode })
		res := s.send("GET", "/api/v1.0/me/notes/pages/1/preview", nil)
		if got := strings.Contains(res.body, picture); got != want {
			t.Errorf("images %v: got %s, want the API's own address of the picture: %t", mode, res.body, want)
		}
		for _, other := range []string{`"self":"`, `"private":"`} {
			if !strings.Contains(res.body, other+s.front.URL) {
				t.Errorf("images %v: got %s, want other links on the proxy", mode, res.body)
			}
		}
	}
}

func TestPagesInJSONBatchAreRewritten(t *testing.T) {
	const html = `<html><body><img src="https://graph.microsoft.com/v1.0/me/onenote/resources/1-a/$value" data-src-type="image/png" /><object data="https://graph.microsoft.com/v1.0/me/onenote/resources/1-b/$value" /></body></html>`
	signer := newSigner()
	for name, written := range map[string]string{
		"text":                string(must(json.Marshal(html))),
		"base64":              `"` + base64.StdEncoding.EncodeToString([]byte(html)) + `"`,
		"base64 for URLs":     `"` + base64.RawURLEncoding.EncodeToString([]byte(html)) + `"`,
		"base64 with escapes": `"` + strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte("\uFEFF\r\n"+html)), "/", `\/`) + `"`,
	} {
		body := `{"responses":[{"id":"1","status":200,"headers":{"Content-Type":"text/html"},"body":` + written + `},` +
			`{"id":"2","status":200,"headers":{"Content-Type":"image/svg+xml"},"body":` + written + `},` +
			`{"id":"3","status":200,"body":{"self":"https://graph.microsoft.com/v1.0/me/onenote/pages/1","content":` + written + `}}]}`
		s := newSite(t, responding(200, body, "Content-Type", "application/json"), func(s *site) {
			s.preset, _ = api.PresetNamed("graph")
			s.dialect.Pictures, s.call.Signer = api.Local, signer
		})
		res := s.send("POST", "/v1.0/$batch", strings.NewReader(`{"requests":[]}`), "Content-Type", "application/json")
		var got struct{ Responses []struct{ Body any } }
		if err := json.Unmarshal([]byte(res.body), &got); err != nil || len(got.Responses) != 3 {
			t.Fatalf("%s: got %s, %v", name, res.body, err)
		}
		text := got.Responses[0].Body.(string)
		if name != "text" {
			text = decodedBase64(t, text)
		}
		if strings.Contains(text, "graph.microsoft.com") || strings.Count(text, s.front.URL) != 2 || !strings.Contains(text, "sig=") {
			t.Errorf("%s: got the page %s", name, text)
		}
		if !strings.Contains(res.body, `"image/svg+xml"},"body":`+written+"}") || !strings.HasSuffix(res.body, `"content":`+written+"}}]}") {
			t.Errorf("%s: got %s, want all other texts as they came", name, res.body)
		}
		if !strings.Contains(res.body, `"self":"`+s.front.URL) {
			t.Errorf("%s: got %s, want links on the proxy", name, res.body)
		}
	}
}

func decodedBase64(t *testing.T, text string) string {
	t.Helper()
	encoding := base64.StdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.URLEncoding
	}
	if len(text)%4 != 0 {
		encoding = encoding.WithPadding(base64.NoPadding)
	}
	b, err := encoding.DecodeString(text)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return string(b)
}

func TestSignedPictureHasXResourceExpires(t *testing.T) {
	s := newSite(t, responding(200, "GIF89a", "Content-Type", "image/gif", "Content-Length", "6", "ETag", `"1"`), func(s *site) {
		s.dialect.Pictures = api.Local
		s.call.Picture = &picture.Picture{Expires: time.Date(2016, 3, 21, 23, 8, 27, 0, time.UTC)}
	})
	res := s.send("GET", "/api/v1.0/me/notes/resources/1/content?publicAuth=true&mimeType=image/jpeg&account=work&expires=1&sig=x", nil)
	want := map[string]string{
		"X-ResourceExpires":            "3/21/2016 11:08:27 PM",
		"Content-Type":                 "image/gif",
		"Content-Length":               "6",
		"Etag":                         `"1"`,
		"Cross-Origin-Resource-Policy": "cross-origin",
		"X-Content-Type-Options":       "nosniff",
	}
	for name, value := range want {
		if got := res.Header.Get(name); got != value {
			t.Errorf("got %s %q, want %q", name, got, value)
		}
	}
}

func TestLinksInJSONBecomeLocal(t *testing.T) {
	for _, contentType := range []string{"application/json; odata.metadata=minimal; odata.streaming=true;", "application/problem+json", "APPLICATION/JSON;charset=UTF-8", "text/json; charset=utf-8"} {
		for _, status := range []int{200, 201, 202, 404, 500} {
			s := newSite(t, responding(status, list, "Content-Type", contentType))
			res := s.send("GET", listPath, nil)
			want := strings.Replace(s.local(list), `"name":"`+s.front.URL, `"name":"https://www.onenote.com`, 1)
			if res.StatusCode != status || res.body != want {
				t.Errorf("%s: got %s\n%s\nwant\n%s", contentType, res.Status, res.body, want)
			}
			if _, _, rewritten := s.observer.told(); rewritten != [4]int{0, 2, 0, 0} {
				t.Errorf("told of %v replaced, want 2 links", rewritten)
			}
		}
	}
}

func TestLinksInHeaderFieldsBecomeLocal(t *testing.T) {
	s := newSite(t, responding(202, "",
		"Location", "https://www.onenote.com/api/v1.0/me/notes/notebooks/1?a=%2f",
		"Operation-Location", "https://www.onenote.com/api/beta/me/notes/operations/copy-1",
		"Content-Location", "/api/v1.0/x",
		"Link", `<https://www.onenote.com/api/v1.0/a>; rel="next"; title="<https://www.onenote.com/api/v1.0/b>", <https://elsewhere.example/api/>; rel=prev`,
		"Link", `<https://www.onenote.com/api/v1.0/c>; title="a \" <https://www.onenote.com/api/v1.0/d>", <https://www.onenote.com/api/v1.0/e>`,
		"X-Other", "https://www.onenote.com/api/v1.0/x",
	))
	res := s.send("POST", listPath+"/1/copyNotebook", strings.NewReader("{}"))
	want := map[string][]string{
		"Location":           {s.front.URL + "/api/v1.0/me/notes/notebooks/1?a=%2f"},
		"Operation-Location": {s.front.URL + "/api/beta/me/notes/operations/copy-1"},
		"Content-Location":   {"/api/v1.0/x"},
		"Link": {
			`<` + s.front.URL + `/api/v1.0/a>; rel="next"; title="<https://www.onenote.com/api/v1.0/b>", <https://elsewhere.example/api/>; rel=prev`,
			`<` + s.front.URL + `/api/v1.0/c>; title="a \" <https://www.onenote.com/api/v1.0/d>", <` + s.front.URL + `/api/v1.0/e>`,
		},
		"X-Other": {"https://www.onenote.com/api/v1.0/x"},
	}
	for name, values := range want {
		if got := res.Header[name]; !slices.Equal(got, values) {
			t.Errorf("got %s %q, want %q", name, got, values)
		}
	}
	if _, _, rewritten := s.observer.told(); rewritten != [4]int{0, 0, 5, 0} {
		t.Errorf("told of %v replaced, want 5 in headers", rewritten)
	}
}

// The client resolves a path on the host that it asked, where the proxy's base may
// have a path in front of it that the API does not know.
func TestLinksInHeaderFieldsBecomeLocalBelowABasePath(t *testing.T) {
	const absolute = "http://home.example/my%20notes"
	tests := []struct{ value, below, atRoot string }{
		{"/api/v1.0/me/notes/pages/1?a=%2f#b", absolute + "/api/v1.0/me/notes/pages/1?a=%2f#b", ""},
		{"https://www.onenote.com/api/v1.0/x", absolute + "/api/v1.0/x", "http://home.example/api/v1.0/x"},
		{"//www.onenote.com/api/v1.0/x", absolute + "/api/v1.0/x", "http://home.example/api/v1.0/x"},
		{"//elsewhere.example/api/v1.0/x", "", ""},
		{"/hrd", "", ""},
		{"/my%20notes/api/v1.0/x", "", ""},
		{"pages/1", "", ""},
		{"../pages/1", "", ""},
		{"?$skip=20", "", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		for base, want := range map[string]string{absolute: tt.below, "http://home.example": tt.atRoot} {
			if want == "" {
				want = tt.value
			}
			s := newSite(t, responding(201, "",
				"Location", tt.value, "Operation-Location", tt.value, "Content-Location", tt.value, "OData-EntityId", tt.value,
				"Link", `<`+tt.value+`>; rel="next"; title="<`+tt.value+`>"`,
			), func(s *site) { s.call.Base = must(url.Parse(base)) })
			res := s.send("POST", listPath, strings.NewReader("{}"))
			for _, name := range []string{"Location", "Operation-Location", "Content-Location", "Odata-Entityid"} {
				if got := res.Header[name]; !slices.Equal(got, []string{want}) {
					t.Errorf("%s at %s: got %s %q, want %q", tt.value, base, name, got, want)
				}
			}
			if got, want := res.Header.Get("Link"), `<`+want+`>; rel="next"; title="<`+tt.value+`>"`; got != want {
				t.Errorf("%s at %s: got Link %q, want %q", tt.value, base, got, want)
			}
		}
	}
}

// The responses in a batch have heads of their own.
func TestLinksInTheResponsesOfABatchBecomeLocal(t *testing.T) {
	const batch = "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" +
		"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nLocation: %[1]s/api/v1.0/me/notes/pages/1\r\n\r\n{\"self\":\"%[1]s/api/v1.0/me/notes/pages/1\"}\r\n" +
		"--b\r\nContent-Type: application/http\r\n\r\n" +
		"HTTP/1.1 202 Accepted\r\noperation-location: %[1]s/api/v1.0/me/notes/operations/1\r\nOData-EntityId: %[1]s/api/v1.0/x\r\nLocation: %[2]s/api/v1.0/x\r\nX-Other: %[3]s/api/v1.0/x\r\nContent-Length: 0\r\n\r\n\r\n" +
		"--b--\r\n"
	const upstream = "https://www.onenote.com"
	for base, path := range map[string]string{"http://localhost:8080": "", "http://home.example/notes": "http://home.example/notes"} {
		body := fmt.Sprintf(batch, upstream, "", upstream)
		s := newSite(t, responding(200, body, "Content-Type", "multipart/mixed; boundary=b"), func(s *site) { s.call.Base = must(url.Parse(base)) })
		res := s.send("POST", "/api/beta/$batch", strings.NewReader("--x--"), "Content-Type", "multipart/mixed; boundary=x")
		if want := fmt.Sprintf(batch, base, path, upstream); res.body != want {
			t.Errorf("%s: got\n%s\nwant\n%s", base, res.body, want)
		}

		s = newSite(t, responding(200, body, "Content-Type", "multipart/mixed; boundary=b"), func(s *site) { s.dialect.Links = false })
		if res := s.send("POST", "/api/beta/$batch", nil); res.body != body {
			t.Errorf("with links off: got\n%s\nwant it as it came", res.body)
		}
	}
}

func TestHeaderFieldsOfTheAPIThatAreRemoved(t *testing.T) {
	gone := []string{
		"Set-Cookie", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
		"Strict-Transport-Security", "Clear-Site-Data", "Alt-Svc", "NEL", "Report-To", "Reporting-Endpoints", "Public-Key-Pins", "Service-Worker-Allowed", "Set-Login", "X-Onenote-Proxy-Error",
	}
	header := []string{"X-CorrelationId", "8943c159", "Content-Security-Policy", "default-src *", "Cross-Origin-Resource-Policy", "cross-origin", "X-Content-Type-Options", "x"}
	for _, name := range gone {
		header = append(header, name, "something")
	}
	for _, status := range []int{200, 204, 304, 401, 404, 503} {
		s := newSite(t, responding(status, "", header...))
		s.account.stale = true
		res := s.send("GET", listPath, nil)
		for _, name := range gone {
			if got := res.Header.Values(name); len(got) > 0 {
				t.Errorf("%d: got %s %q, want none", status, name, got)
			}
		}
		want := map[string]string{
			"X-Correlationid":              "8943c159",
			"X-Content-Type-Options":       "nosniff",
			"Content-Security-Policy":      "sandbox",
			"Cross-Origin-Resource-Policy": "same-origin",
		}
		for name, value := range want {
			if got := res.Header[http.CanonicalHeaderKey(name)]; !slices.Equal(got, []string{value}) {
				t.Errorf("%d: got %s %q, want %q", status, name, got, value)
			}
		}
	}
}

func TestRewrittenResponseHasNoHeaderFieldsOfTheOldBody(t *testing.T) {
	for _, coding := range []string{"", "gzip", "x-gzip", "GZIP", "identity"} {
		t.Run(coding, func(t *testing.T) {
			body := list
			header := []string{
				"Content-Type", "application/json", "Accept-Ranges", "bytes", "Etag", `"1"`, "Content-MD5", "x",
				"Digest", "sha-256=x", "Content-Digest", "x", "Repr-Digest", "x", "Last-Modified", "Sat, 21 Nov 2026 12:00:00 GMT",
			}
			if coding != "" {
				header = append(header, "Content-Encoding", coding)
			}
			if strings.Contains(strings.ToLower(coding), "gzip") {
				body = gzipped(list)
			}
			s := newSite(t, responding(200, body, append(header, "Content-Length", fmt.Sprint(len(body)))...))
			res := s.send("GET", listPath, nil)
			if !strings.Contains(res.body, s.front.URL) {
				t.Errorf("got %q, want the list with local links", res.body)
			}
			for _, name := range []string{"Accept-Ranges", "Etag", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest"} {
				if got, ok := res.Header[name]; ok {
					t.Errorf("got %s %q, want none", name, got)
				}
			}
			if got := res.Header.Get("Content-Encoding"); got != "" && got != "identity" {
				t.Errorf("got Content-Encoding %q", got)
			}
			if got := res.Header.Get("Last-Modified"); got == "" {
				t.Error("Last-Modified is gone")
			}
			if res.ContentLength == int64(len(body)) {
				t.Errorf("got Content-Length %d, that of the old body", res.ContentLength)
			}
		})
	}
}

// A browser may use a page with a Last-Modified of last year for weeks, or for
// longer after a 304, when its pictures have long expired.
// What the API sends in one piece is passed on in one piece, with its new length.
func TestShortResponseIsSentWithItsNewLength(t *testing.T) {
	entry := strings.Repeat(list+",", 40<<10/len(list))
	for name, test := range map[string]struct {
		body   string
		header []string
		known  bool
	}{
		"short":                   {"[" + list + "]", []string{"Content-Length", strconv.Itoa(len(list) + 2)}, true},
		"short in gzip":           {gzipped("[" + entry + list + "]"), []string{"Content-Encoding", "gzip", "Content-Length", strconv.Itoa(len(gzipped("[" + entry + list + "]")))}, true},
		"of unknown length":       {"[" + entry + list + "]", nil, false},
		"long":                    {"[" + entry + entry + list + "]", []string{"Content-Length", strconv.Itoa(2*len(entry) + len(list) + 2)}, false},
		"short, but long in gzip": {gzipped("[" + entry + entry + list + "]"), []string{"Content-Encoding", "gzip", "Content-Length", strconv.Itoa(len(gzipped("[" + entry + entry + list + "]")))}, false},
	} {
		s := newSite(t, responding(200, test.body, append(test.header, "Content-Type", "application/json")...))
		res := s.send("GET", listPath, nil)
		if got := res.ContentLength >= 0; got != test.known || got && res.ContentLength != int64(len(res.body)) {
			t.Errorf("%s: got a length of %d for %d bytes, want one: %t", name, res.ContentLength, len(res.body), test.known)
		}
		if !json.Valid([]byte(res.body)) || strings.Contains(res.body, `"self":"https://www.onenote.com`) {
			t.Errorf("%s: got %.300s", name, res.body)
		}
	}
}

func TestPageWhosePicturesExpireHasNoLastModified(t *testing.T) {
	for mode, want := range map[api.PictureMode]bool{api.Direct: false, api.Local: false, api.Off: true} {
		s := newSite(t, responding(200, page, "Content-Type", "text/html", "Last-Modified", "Fri, 21 Nov 2025 12:00:00 GMT"), func(s *site) {
			s.dialect.Pictures, s.call.Signer = mode, newSigner()
		})
		res := s.send("GET", pagePath, nil)
		if got := res.Header.Get("Last-Modified"); (got != "") != want || res.body == page {
			t.Errorf("mode %v: got Last-Modified %q with %s, want it: %t", mode, got, res.body, want)
		}
	}
}

func TestResponseBodyStaysWhenItCannotOrMustNotBeRewritten(t *testing.T) {
	utf16 := "text/html; charset=utf-16"
	tests := []struct {
		name, method, target string
		status               int
		body                 string
		header               []string
		option               func(*api.Passthrough)
	}{
		{name: "a coding that cannot be undone", method: "GET", target: listPath, status: 200, body: list, header: []string{"Content-Type", "application/json", "Content-Encoding", "br"}},
		{name: "several codings", method: "GET", target: listPath, status: 200, body: list, header: []string{"Content-Type", "application/json", "Content-Encoding", "gzip, br"}},
		{name: "several codings in several fields", method: "GET", target: listPath, status: 200, body: list, header: []string{"Content-Type", "application/json", "Content-Encoding", "gzip", "Content-Encoding", "br"}},
		{name: "no-transform", method: "GET", target: listPath, status: 200, body: list, header: []string{"Content-Type", "application/json", "Cache-Control", "private, No-Transform"}},
		{name: "a part", method: "GET", target: pagePath, status: 206, body: page, header: []string{"Content-Type", "text/html", "Content-Range", "bytes 0-9/100"}},
		{name: "another charset", method: "GET", target: pagePath, status: 200, body: page, header: []string{"Content-Type", utf16}},
		{name: "a charset nobody can read", method: "GET", target: pagePath, status: 200, body: page, header: []string{"Content-Type", "text/html; charset"}},
		{name: "a text", method: "GET", target: pagePath, status: 200, body: page, header: []string{"Content-Type", "text/plain"}},
		{name: "a page that is none", method: "GET", target: pagePath, status: 404, body: page, header: []string{"Content-Type", "text/html"}},
		{name: "HTML that is no page", method: "GET", target: listPath, status: 200, body: page, header: []string{"Content-Type", "text/html"}},
		{name: "HTML in response to a change", method: "PATCH", target: pagePath, status: 200, body: page, header: []string{"Content-Type", "text/html"}},
		{name: "an attachment in HTML", method: "GET", target: "/api/v1.0/me/notes/resources/1/$value", status: 200, body: page, header: []string{"Content-Type", "text/html"}},
		{name: "an attachment in JSON", method: "GET", target: "/api/v1.0/me/notes/resources/1/content", status: 200, body: list, header: []string{"Content-Type", "application/json"}},
		{name: "JSON with links off", method: "GET", target: listPath, status: 200, body: list, header: []string{"Content-Type", "application/json"}, option: func(d *api.Passthrough) { d.Links = false }},
		{name: "a page with all off", method: "GET", target: pagePath, status: 200, body: page, header: []string{"Content-Type", "text/html"}, option: func(d *api.Passthrough) { d.Links, d.Pictures = false, api.Off }},
		{name: "multipart without boundary", method: "GET", target: pagePath, status: 200, body: page, header: []string{"Content-Type", "multipart/mixed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			header := append(tt.header, "ETag", `"1"`, "Content-Length", fmt.Sprint(len(tt.body)))
			s := newSite(t, responding(tt.status, tt.body, header...), func(s *site) {
				if tt.option != nil {
					tt.option(s.dialect)
				}
			})
			res := s.send(tt.method, tt.target, nil, "Accept-Encoding", "br")
			if res.StatusCode != tt.status || res.body != tt.body {
				t.Errorf("got %s\n%s\nwant it as it came", res.Status, res.body)
			}
			for i := 0; i+1 < len(header); i += 2 {
				if got := res.Header.Values(header[i]); !slices.Contains(got, header[i+1]) {
					t.Errorf("got %s %q, want %q", header[i], got, header[i+1])
				}
			}
		})
	}
}

// The transport asks for gzip where a response may have to be rewritten. Where
// nothing is rewritten after all, a client that did not ask for gzip must not get it.
func TestClientGetsNoCodingThatItDidNotAskFor(t *testing.T) {
	const metadata = "<edmx:Edmx/>"
	tests := []struct {
		accepts []string
		want    bool // gzip
	}{
		{[]string{"identity"}, false},
		{[]string{"br"}, false},
		{[]string{"gzip;q=0, *"}, false},
		{[]string{"GZIP ; q=0.000"}, false},
		{[]string{"br, gzip"}, true},
		{[]string{"br", "x-gzip; q=0.5"}, true},
		{[]string{"*"}, true},
		{[]string{"br, *;q=0"}, false},
	}
	for _, tt := range tests {
		for _, control := range []string{"private", "no-transform"} {
			s := newSite(t, responding(200, gzipped(metadata), "Content-Type", "application/xml", "Content-Encoding", "gzip", "ETag", `"1"`, "Cache-Control", control))
			var header []string
			for _, value := range tt.accepts {
				header = append(header, "Accept-Encoding", value)
			}
			res := s.send("GET", "/api/v1.0/$metadata", nil, header...)
			want, etag := metadata, ""
			if tt.want {
				want, etag = gzipped(metadata), `"1"`
			}
			if res.body != want || (res.Header.Get("Content-Encoding") == "gzip") != tt.want || res.Header.Get("ETag") != etag {
				t.Errorf("%q: got %v %q, want gzip %t", tt.accepts, res.Header, res.body, tt.want)
			}
		}
	}
}

func TestHeadKeepsTheHeaderOfTheBody(t *testing.T) {
	s := newSite(t, responding(200, "", "Content-Type", "text/html", "Content-Length", "1234", "ETag", `"1"`, "Accept-Ranges", "bytes"))
	res := s.send("HEAD", pagePath, nil)
	if res.ContentLength != 1234 || res.Header.Get("ETag") != `"1"` || res.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("got length %d and header %v, want them as they came", res.ContentLength, res.Header)
	}
}

func TestUnknownCodingIsLogged(t *testing.T) {
	var out bytes.Buffer
	s := newSite(t, responding(200, list, "Content-Type", "application/json", "Content-Encoding", "zstd"), func(s *site) {
		s.transport.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	s.send("GET", listPath+"?secret", nil, "Accept-Encoding", "zstd")
	for _, want := range []string{"level=DEBUG", "coding=zstd", "account=work"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got log %q, want %q in it", out.String(), want)
		}
	}
	if strings.Contains(out.String(), "secret") || strings.Contains(out.String(), "token-1") {
		t.Errorf("got log %q, which says too much", out.String())
	}
}

func TestBrokenGzipIsAnErrorAndNoShortResponse(t *testing.T) {
	whole := gzipped(strings.Repeat(list, 1000))
	for name, body := range map[string]string{"cut off": whole[:len(whole)-20], "no gzip": strings.Repeat(list, 100), "spoilt": whole[:len(whole)-8] + "xxxxxxxx", "the next member cut off": whole + whole[:len(whole)-20], "its head cut off": whole + whole[:5]} {
		s := newSite(t, responding(200, body, "Content-Type", "application/json", "Content-Encoding", "gzip"))
		res, err := s.front.Client().Get(s.front.URL + listPath)
		if err != nil {
			continue
		}
		if _, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("%s: got a whole response, want an error", name)
		}
		res.Body.Close()
	}
}

// Browsers and gzip itself ignore what follows the last member: padding, or what a
// server in between has added.
func TestBytesAfterTheLastGzipMemberAreIgnored(t *testing.T) {
	whole, half := gzipped(list), len(list)/2
	members := gzipped(list[:half]) + gzipped("") + gzipped(list[half:])
	for name, body := range map[string]string{
		"nothing":       whole,
		"more members":  members,
		"padding":       whole + strings.Repeat("\x00", 512),
		"one byte":      members + "\x00",
		"other bytes":   whole + "<!-- served in 3 ms -->",
		"many of those": whole + strings.Repeat("x", 100_000),
	} {
		z := newGzipReader(iotest.OneByteReader(strings.NewReader(body)))
		got, err := io.ReadAll(z)
		z.release()
		if err != nil || string(got) != list {
			t.Errorf("%s: got %q, %v, want the list", name, got, err)
		}
	}
}

// After a connection that breaks it is unknown whether the last member was the
// last.
func TestGzipOnABrokenConnectionIsAnError(t *testing.T) {
	for name, body := range map[string]string{
		"behind a member":  gzipped(list),
		"behind padding":   gzipped(list) + "\x00\x00\x00\x00",
		"inside of a head": gzipped(list) + gzipped(list)[:1],
	} {
		z := newGzipReader(io.MultiReader(strings.NewReader(body), iotest.ErrReader(io.ErrUnexpectedEOF)))
		got, err := io.ReadAll(z)
		z.release()
		if err != io.ErrUnexpectedEOF || string(got) != list {
			t.Errorf("%s: got %d bytes and %v, want %d and that the connection broke", name, len(got), err, len(list))
		}
	}
}

func TestEmptyGzipIsEmpty(t *testing.T) {
	s := newSite(t, responding(200, "", "Content-Type", "application/json", "Content-Encoding", "gzip"))
	if res := s.send("GET", listPath, nil); res.body != "" || res.StatusCode != 200 {
		t.Errorf("got %s %q, want 200 and nothing", res.Status, res.body)
	}
}

func TestEndlessGzipIsAnError(t *testing.T) {
	z := newGzipReader(strings.NewReader(gzipped(strings.Repeat("x", 1000))))
	defer z.release()
	z.left = 999
	got, err := io.ReadAll(z)
	if err != errTooLarge || len(got) != 999 {
		t.Errorf("got %d bytes and %v, want 999 and an error", len(got), err)
	}
}

func TestTrailersOfARewrittenResponseArrive(t *testing.T) {
	for _, coding := range []string{"identity", "gzip"} {
		s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", coding)
			body := list
			if coding == "gzip" {
				body = gzipped(list)
			}
			_, _ = io.WriteString(w, body)
			w.Header().Set("X-Sum", "42")
		}))
		res := s.send("GET", listPath, nil)
		if got := res.Trailer.Get("X-Sum"); got != "42" || !strings.Contains(res.body, s.front.URL) {
			t.Errorf("%s: got trailer %q behind %q, want 42", coding, got, res.body)
		}
	}
}

// The page's beginning reaches the client while the API still writes the rest.
func TestPageIsRewrittenWhileItArrives(t *testing.T) {
	for _, coding := range []string{"identity", "gzip"} {
		more := make(chan struct{})
		s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Encoding", coding)
			out, flush := io.Writer(w), func() {}
			if coding == "gzip" {
				z := gzip.NewWriter(w)
				defer z.Close()
				out, flush = z, func() { _ = z.Flush() }
			}
			_, _ = io.WriteString(out, page+strings.Repeat("<p>some text</p>", 4000))
			flush()
			_ = http.NewResponseController(w).Flush()
			<-more
			_, _ = io.WriteString(out, page)
		}))
		res, err := s.front.Client().Get(s.front.URL + pagePath)
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, 1024)
		if _, err := io.ReadFull(res.Body, first); err != nil || !bytes.Contains(first, []byte("publicAuth=true")) {
			t.Errorf("%s: got %q, %v before the rest was written", coding, first, err)
		}
		close(more)
		if _, err := io.ReadAll(res.Body); err != nil {
			t.Error(err)
		}
		res.Body.Close()
	}
}

// Reverse proxies flush after each write where a response has no length. That
// costs more than rewriting and has no use here.
func TestRewrittenPageIsNotFlushedAtEachWrite(t *testing.T) {
	large := strings.Repeat(page, 2000)
	for name, header := range map[string][]string{
		"with a length":  {"Content-Length", fmt.Sprint(len(large))},
		"without length": nil,
	} {
		s := newSite(t, responding(200, large, append(header, "Content-Type", "text/html")...))
		upstream := must(url.Parse(s.api.URL))
		var flushes atomic.Int64
		call := s.call
		call.Base = must(url.Parse(localBase))
		counting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			(&httputil.ReverseProxy{
				Rewrite:   func(p *httputil.ProxyRequest) { p.Out.URL.Scheme, p.Out.URL.Host = upstream.Scheme, upstream.Host },
				Transport: s.transport.For(call),
			}).ServeHTTP(flushCounter{w, &flushes}, r)
		}))
		res, err := counting.Client().Get(counting.URL + pagePath)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		res.Body.Close()
		counting.Close()
		if err != nil || n < int64(len(large)) {
			t.Errorf("%s: got %d bytes, %v", name, n, err)
		}
		if got := flushes.Load(); got > 1 {
			t.Errorf("%s: got %d flushes of a page of %d bytes, want at most 1", name, got, n)
		}
	}
}

type flushCounter struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (w flushCounter) FlushError() error {
	w.n.Add(1)
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w flushCounter) Flush() { _ = w.FlushError() }

func TestReadAfterCloseIsAnError(t *testing.T) {
	s := newSite(t, responding(200, strings.Repeat(page, 100), "Content-Type", "text/html"))
	req := must(http.NewRequest("GET", s.api.URL+pagePath, nil))
	call := s.call
	call.Base = must(url.Parse(localBase))
	call.Trace = new(Trace)
	res, err := s.transport.For(call).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := res.Body.Read(make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	if n, err := res.Body.Read(make([]byte, 10)); n != 0 || err == nil {
		t.Errorf("got %d, %v; want an error", n, err)
	}
	if call.Trace.Pictures == 0 || call.Trace.Retried {
		t.Errorf("got trace %+v, want pictures and no second try", call.Trace)
	}
}

// Closing a response ends a read that waits for the API.
func TestCloseEndsAWaitingRead(t *testing.T) {
	release := make(chan struct{})
	s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	call := s.call
	call.Base = must(url.Parse(localBase))
	res, err := s.transport.For(call).RoundTrip(must(http.NewRequestWithContext(context.Background(), "GET", s.api.URL+listPath, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := res.Body.Read(make([]byte, 10))
		ended <- err
	}()
	_ = res.Body.Close()
	if err := <-ended; err == nil {
		t.Error("the read ended well, want an error")
	}
	close(release)
}

func TestOnlyTheHTMLOfAPageWithInkIsRewritten(t *testing.T) {
	ink := string(must(os.ReadFile("testdata/page-with-ink.multipart.txt")))
	graph, _ := api.PresetNamed("graph")
	unix := strings.ReplaceAll(ink, "\r\n", "\n")
	for _, body := range []string{ink, unix, strings.ReplaceAll(unix, "\n", "\r\n")} {
		s := newSite(t, responding(200, body, "Content-Type", `multipart/mixed; boundary="Part_ab12"`), func(s *site) {
			s.preset = graph
			s.dialect.Pictures, s.call.Signer = api.Local, newSigner()
		})
		res := s.send("GET", "/v1.0/users/me/onenote/pages/1/content?includeInkML=true", nil)
		html, rest, _ := strings.Cut(body, "Content-Type: application/inkml+xml")
		if !strings.HasSuffix(res.body, rest) {
			t.Errorf("got\n%s\nwant the ink as it came", res.body)
		}
		if n := strings.Count(res.body, `src="`+s.front.URL+`/v1.0/users('me')/onenote/resources/`); n != 2 {
			t.Errorf("got %d local pictures in\n%s\nwant 2", n, res.body)
		}
		if !strings.Contains(res.body, `data="`+s.front.URL+`/v1.0/users('me')/onenote/resources/0-pdf/$value"`) {
			t.Errorf("got\n%s\nwant a local link to the attachment", res.body)
		}
		if strings.Contains(res.body, "https://graph.microsoft.com") || !strings.HasPrefix(res.body, html[:60]) {
			t.Errorf("got\n%s", res.body)
		}
	}
}
