// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// elements returns the elements of a name in a page, as maps of attributes.
func elements(t *testing.T, page, name string) []map[string]string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var found []map[string]string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != name {
			continue
		}
		attributes := make(map[string]string)
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
		}
		found = append(found, attributes)
	}
	return found
}

// pages returns the account's pages by title.
func (s *server) pages(token string) map[string]map[string]any {
	s.t.Helper()
	byTitle := make(map[string]map[string]any)
	for _, p := range s.api(token, http.MethodGet, "/api/v1.0/me/notes/pages?top=100", "", "").want(http.StatusOK).list() {
		byTitle[p["title"].(string)] = p
	}
	return byTitle
}

func (s *server) content(token, title, query string) string {
	s.t.Helper()
	target := s.pages(token)[title]["contentUrl"].(string)
	return s.api(token, http.MethodGet, target+query, "", "").want(http.StatusOK).body
}

func TestPicturesNeedToken(t *testing.T) {
	s := newServer(t)
	token := s.token()
	for title := range s.pages(token) {
		for _, img := range elements(t, s.content(token, title, ""), "img") {
			for _, name := range []string{"src", "data-fullres-src"} {
				address := img[name]
				if !strings.HasPrefix(address, s.url+"/api/v1.0/") || !strings.HasSuffix(address, "/$value") {
					t.Errorf("%s: %s: got %s, want a private address", title, name, address)
				}
				s.get(address).want(http.StatusUnauthorized)
				got := s.get(address, "Authorization", "Bearer "+token).want(http.StatusOK)
				if typ := got.header.Get("Content-Type"); typ != img[typeOfAttribute(name)] {
					t.Errorf("%s: Content-Type: got %s, want %s", address, typ, img[typeOfAttribute(name)])
				}
				decode(t, got)
				s.get(strings.TrimSuffix(address, "$value")+"content", "Authorization", "Bearer "+token).want(http.StatusOK)
			}
		}
	}
}

func typeOfAttribute(name string) string {
	return map[string]string{"src": "data-src-type", "data-fullres-src": "data-fullres-src-type"}[name]
}

func decode(t *testing.T, a response) {
	t.Helper()
	img, format, err := image.Decode(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds().Dx() == 0 || "image/"+format != a.header.Get("Content-Type") {
		t.Errorf("got a %s of width %d as %s", format, img.Bounds().Dx(), a.header.Get("Content-Type"))
	}
}

func TestSeedHoldsCasesThatMisleadRewriters(t *testing.T) {
	s := newServer(t)
	token := s.token()
	tour := elements(t, s.content(token, "Lighthouse Tour", ""), "img")[0]
	if tour["src"] == tour["data-fullres-src"] || tour["data-src-type"] == tour["data-fullres-src-type"] {
		t.Errorf("got %v, want two renditions of two types", tour)
	}
	pictures := elements(t, s.content(token, "Pictures", ""), "img")
	var roots, greater, sharing bool
	for _, img := range pictures {
		roots = roots || strings.Contains(img["src"], "/me/notes/") != strings.Contains(img["data-fullres-src"], "/me/notes/")
		greater = greater || strings.Contains(img["alt"], ">") && strings.Contains(img["alt"], "\n")
		sharing = sharing || img["data-id"] == "stripes"
	}
	if !roots || !greater || !sharing {
		t.Errorf("got mixed roots %v, a > in alt %v, a shared data-id %v, want all", roots, greater, sharing)
	}
	if object := elements(t, s.content(token, "Lighthouse Tour", ""), "object"); len(object) != 1 || object[0]["data-attachment"] == "" {
		t.Errorf("got %v, want one attachment", object)
	}
	if !strings.Contains(s.content(token, "Text & traps", ""), "<!-- InkNode is not supported -->") {
		t.Error("got no page with drawings")
	}
}

func TestPreAuthenticatedPicturesNeedNoToken(t *testing.T) {
	for _, query := range []string{
		"?preAuthenticated=true", "?preauthenticated=True", "?includeIDs=true&preAuthenticated=true",
		"?includeIDs=true,preAuthenticated=true", "?x=1&&preAuthenticated=true",
	} {
		t.Run(query, func(t *testing.T) {
			s := newServer(t)
			token := s.token()
			page := s.content(token, "Lighthouse Tour", query)
			if !strings.Contains(page, "&amp;mimeType=") {
				t.Error("the ampersand in addresses is not written &amp;")
			}
			img := elements(t, page, "img")[0]
			for _, name := range []string{"src", "data-fullres-src"} {
				if want := "/content?publicAuth=true&mimeType=" + img[typeOfAttribute(name)]; !strings.HasSuffix(img[name], want) {
					t.Errorf("%s: got %s, want %s at its end", name, img[name], want)
				}
				got := s.get(img[name]).want(http.StatusOK)
				if expires := got.header.Get("X-ResourceExpires"); expires != "11/21/2026 1:00:00 PM" {
					t.Errorf("X-ResourceExpires: got %s, want 11/21/2026 1:00:00 PM", expires)
				}
				decode(t, got)
				s.do(http.MethodHead, img[name], "").want(http.StatusOK)
				s.do(http.MethodPost, img[name], "").want(http.StatusUnauthorized)
				s.get(strings.Split(img[name], "?")[0]).want(http.StatusUnauthorized)
			}
			object := elements(t, page, "object")[0]["data"]
			if strings.Contains(object, "publicAuth") {
				t.Errorf("attachment: got %s, want it private", object)
			}
			s.get(object).want(http.StatusUnauthorized)
			s.get(strings.Replace(object, "$value", "content?publicAuth=true&mimeType=image/png", 1)).want(http.StatusUnauthorized)
		})
	}
}

func TestPublicPicturesExpireAfterAnHour(t *testing.T) {
	s := newServer(t)
	token := s.control("tokens", `{"expires_in":86400}`).json()["access_token"].(string)
	src := elements(t, s.content(token, "Lighthouse Tour", "?preAuthenticated=true"), "img")[0]["src"]
	s.control("clock", `{"advance":"59m"}`)
	s.get(src).want(http.StatusOK)
	s.content(token, "Lighthouse Tour", "?preAuthenticated=true") // another hour
	s.control("clock", `{"advance":"59m"}`)
	if got := s.get(src).want(http.StatusOK).header.Get("X-ResourceExpires"); got != "11/21/2026 1:59:00 PM" {
		t.Errorf("X-ResourceExpires: got %s, want an hour after the latest call", got)
	}
	s.control("clock", `{"advance":"1m"}`)
	s.get(src).want(http.StatusUnauthorized)
	s.get(src, "Authorization", "Bearer "+token).want(http.StatusOK)
}

func TestPictureIsPrivateBeforePreAuthenticatedRequest(t *testing.T) {
	s := newServer(t)
	src := elements(t, s.content(s.token(), "Lighthouse Tour", ""), "img")[0]["src"]
	s.get(strings.Replace(src, "$value", "content?publicAuth=true&mimeType=image/png", 1)).want(http.StatusUnauthorized)
}

func TestPreviewMakesItsPicturePublic(t *testing.T) {
	s := newServer(t)
	token := s.token()
	preview := func(title string) map[string]any {
		return s.api(token, http.MethodGet, s.pages(token)[title]["self"].(string)+"/preview", "", "").want(http.StatusOK).json()
	}
	got := preview("Lighthouse Tour")
	if text := got["previewText"].(string); !strings.Contains(text, "Old Lighthouse") || len([]rune(text)) > 300 {
		t.Errorf("previewText: got %q", text)
	}
	href := got["links"].(map[string]any)["previewImageUrl"].(map[string]any)["href"].(string)
	if !strings.HasPrefix(href, s.url+"/api/v1.0/resources/") {
		t.Errorf("got %s, want the short root", href)
	}
	decode(t, s.get(href).want(http.StatusOK))
	if href := preview("Plan")["links"].(map[string]any)["previewImageUrl"].(map[string]any)["href"]; href != nil {
		t.Errorf("page without pictures: got %v, want null", href)
	}
}

func TestGeneratedIDsAppearOnRequest(t *testing.T) {
	s := newServer(t)
	token := s.token()
	id := regexp.MustCompile(`^img:\{[0-9a-f-]{36}\}\{\d+\}$`)
	for _, query := range []string{"?includeIDs=true", "?includeIds=true", "?includeids=true"} {
		if got := elements(t, s.content(token, "Lighthouse Tour", query), "img")[0]["id"]; !id.MatchString(got) {
			t.Errorf("%s: got id %q", query, got)
		}
	}
	if got := elements(t, s.content(token, "Lighthouse Tour", ""), "img")[0]["id"]; got != "" {
		t.Errorf("unasked: got id %q", got)
	}
}

func TestValueReturnsPageContent(t *testing.T) {
	s := newServer(t)
	token := s.token()
	p := s.pages(token)["Pictures"]
	value := s.api(token, http.MethodGet, p["self"].(string)+"/$value", "", "").want(http.StatusOK)
	if value.body != s.content(token, "Pictures", "") || !strings.HasPrefix(value.header.Get("Content-Type"), "text/html") {
		t.Errorf("got %s, want the page's HTML", value.header.Get("Content-Type"))
	}
}

func TestPageWithDrawingsIsMultipart(t *testing.T) {
	s := newServer(t)
	token := s.token()
	get := func(title string) response {
		return s.api(token, http.MethodGet, s.pages(token)[title]["contentUrl"].(string)+"?includeInkML=true", "", "").want(http.StatusOK)
	}
	got := get("Text & traps")
	_, parameters, err := mime.ParseMediaType(got.header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	reader := multipart.NewReader(strings.NewReader(got.body), parameters["boundary"])
	for _, want := range []string{"text/html", "application/inkml+xml"} {
		p, err := reader.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if typ := p.Header.Get("Content-Type"); typ != want {
			t.Errorf("part: got %s, want %s", typ, want)
		}
	}
	if typ := get("Pictures").header.Get("Content-Type"); !strings.HasPrefix(typ, "text/html") {
		t.Errorf("page without drawings: got %s, want text/html", typ)
	}
}

func TestAttachmentSupportsRanges(t *testing.T) {
	s := newServer(t)
	token := s.token()
	object := elements(t, s.content(token, "Lighthouse Tour", ""), "object")[0]
	got := s.get(object["data"], "Authorization", "Bearer "+token).want(http.StatusOK)
	if got.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(got.body, "%PDF-") {
		t.Errorf("got %s %.10q", got.header.Get("Content-Type"), got.body)
	}
	part := s.get(object["data"], "Authorization", "Bearer "+token, "Range", "bytes=0-4").want(http.StatusPartialContent)
	if part.body != "%PDF-" {
		t.Errorf("range: got %q", part.body)
	}
}

func TestCreatedPageIsNormalized(t *testing.T) {
	s := newServer(t)
	token := s.token()
	source := `<!DOCTYPE html><html><head><title>My &amp; page</title><meta name="created" content="2015-09-09T12:45:00-08:00"/>
		<script>alert(1)</script></head><body>Bare text<p id="mine" class="c" data-id="x">Para</p></body></html>`
	for _, contentType := range []string{"text/html", "text/html; charset=utf-8", "application/xhtml+xml"} {
		got := s.api(token, http.MethodPost, "/api/v1.0/me/notes/pages", contentType, source).want(http.StatusCreated)
		page := got.json()
		if got.header.Get("Location") != page["self"] || page["title"] != "My & page" || page["createdTime"] != "2015-09-09T20:45:00Z" {
			t.Errorf("%s: got %s, Location %s", contentType, got.body, got.header.Get("Location"))
		}
		content := s.api(token, http.MethodGet, page["contentUrl"].(string), "", "").want(http.StatusOK).body
		for _, want := range []string{`<div data-id="_default" style="position:absolute`, "<p>Bare text</p>", `<p data-id="x">Para</p>`, "<title>My &amp; page</title>"} {
			if !strings.Contains(content, want) {
				t.Errorf("%s: got no %s in %s", contentType, want, content)
			}
		}
		if strings.Contains(content, "alert") || strings.Contains(content, "mine") {
			t.Errorf("%s: got script or ids in %s", contentType, content)
		}
	}
}

func TestPageIsCreatedInSection(t *testing.T) {
	s := newServer(t)
	token := s.token()
	sections := s.api(token, http.MethodGet, "/api/v1.0/me/notes/sections", "", "").list()
	page := s.api(token, http.MethodPost, sections[3]["pagesUrl"].(string), "text/html", "<title>There</title>x").want(http.StatusCreated).json()
	if got := page["parentSection"].(map[string]any)["name"]; got != "Empty" {
		t.Errorf("parentSection: got %v, want Empty", got)
	}
	page = s.api(token, http.MethodPost, "/api/v1.0/me/notes/pages?sectionName=Fresh", "text/html", "<title>There</title>x").want(http.StatusCreated).json()
	if got := page["parentSection"].(map[string]any)["name"]; got != "Fresh" {
		t.Errorf("parentSection: got %v, want a new one", got)
	}
}

// form makes a multipart body of parts given as name, type, content.
func form(t *testing.T, parts ...string) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(parts); i += 3 {
		p, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {`form-data; name="` + parts[i] + `"`},
			"Content-Type":        {parts[i+1]},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write([]byte(parts[i+2])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

// picture is a picture of the seed, to be sent back.
func (s *server) picture(token string) string {
	s.t.Helper()
	src := elements(s.t, s.content(token, "Lighthouse Tour", ""), "img")[0]["src"]
	return s.get(src, "Authorization", "Bearer "+token).want(http.StatusOK).body
}

func TestPartsBecomePicturesAndAttachments(t *testing.T) {
	s := newServer(t)
	token := s.token()
	contentType, body := form(t,
		"Presentation", "text/html", `<title>Parts</title><body><p>x</p><img src="name:pic" alt="a"/>
			<img data-render-src="name:doc" width="500"/><object data-attachment="a.csv" data="name:file" type="text/csv" /><p>after</p></body>`,
		"pic", "image/png", s.picture(token),
		"doc", "application/pdf", "%PDF-1.4",
		"file", "application/octet-stream", "a,b\n")
	page := s.api(token, http.MethodPost, "/api/v1.0/me/notes/pages", contentType, body).want(http.StatusCreated).json()
	content := s.api(token, http.MethodGet, page["contentUrl"].(string)+"?preAuthenticated=true", "", "").want(http.StatusOK).body
	images := elements(t, content, "img")
	if len(images) != 2 || images[0]["width"] != "100" || images[0]["height"] != "62" || images[1]["width"] != "500" {
		t.Fatalf("got %v, want two pictures with their sizes", images)
	}
	for _, img := range images {
		decode(t, s.get(img["src"]).want(http.StatusOK))
	}
	object := elements(t, content, "object")[0]
	if got := s.get(object["data"], "Authorization", "Bearer "+token).want(http.StatusOK); got.body != "a,b\n" || got.header.Get("Content-Type") != "text/csv" {
		t.Errorf("attachment: got %q as %s", got.body, got.header.Get("Content-Type"))
	}
	if strings.Index(content, "after") < strings.Index(content, "</object>") {
		t.Error("a self-closed object swallowed what follows")
	}
}

func TestMultipartWithBareLineFeedsIsAccepted(t *testing.T) {
	s := newServer(t)
	body := strings.Join([]string{
		"--B", `Content-Disposition:form-data; name="Presentation"`, "Content-type:application/xhtml+xml", "",
		`<?xml version="1.0" encoding="utf-8" ?><html><head><title>Bare</title></head><body><p>x</p></body></html>`, "--B--",
	}, "\n")
	s.api(s.token(), http.MethodPost, "/api/v1.0/pages", "multipart/form-data; boundary=B", body).want(http.StatusCreated)
	source := sample(t, "create-page-with-pdf-part.http")
	_, body, _ = strings.Cut(strings.ReplaceAll(source, "\r\n", "\n"), "\n\n")
	s.api(s.token(), http.MethodPost, "/api/v1.0/pages", "multipart/form-data; boundary=MyAppPartBoundary", body).want(http.StatusCreated)
}

func TestPageSentBackKeepsPictures(t *testing.T) {
	s := newServer(t)
	token := s.token()
	for _, query := range []string{"", "?preAuthenticated=true"} {
		content := s.content(token, "Lighthouse Tour", query)
		page := s.api(token, http.MethodPost, "/api/v1.0/me/notes/pages", "text/html", strings.Replace(content, "Lighthouse", "Edited", 1)).want(http.StatusCreated).json()
		img := elements(t, s.api(token, http.MethodGet, page["contentUrl"].(string), "", "").body, "img")
		if len(img) != 1 || img[0]["data-src-type"] != "image/png" || img[0]["data-fullres-src-type"] != "image/jpeg" {
			t.Fatalf("got %v, want the picture with both its renditions", img)
		}
		decode(t, s.get(img[0]["src"], "Authorization", "Bearer "+token).want(http.StatusOK))
		decode(t, s.get(img[0]["data-fullres-src"], "Authorization", "Bearer "+token).want(http.StatusOK))
	}
}

func TestForeignPictureKeepsAddress(t *testing.T) {
	s := newServer(t)
	token := s.token()
	page := s.api(token, http.MethodPost, "/api/v1.0/me/notes/pages", "text/html",
		`<title>x</title><img src="https://elsewhere.example/api/v1.0/me/notes/resources/a/$value" /><img alt="none" />`).want(http.StatusCreated).json()
	img := elements(t, s.api(token, http.MethodGet, page["contentUrl"].(string), "", "").body, "img")
	if len(img) != 1 || img[0]["src"] != "https://elsewhere.example/api/v1.0/me/notes/resources/a/$value" {
		t.Errorf("got %v, want the one address as it was", img)
	}
}

func TestInvalidPagesAreRejected(t *testing.T) {
	s := newServer(t)
	token := s.token()
	multi := func(parts ...string) [2]string {
		contentType, body := form(t, parts...)
		return [2]string{contentType, body}
	}
	many := []string{"Presentation", "text/html", "x"}
	for i := range 500 {
		many = append(many, fmt.Sprint("p", i), "text/plain", "x")
	}
	tests := []struct {
		name    string
		request [2]string
		status  int
		code    string
	}{
		{"no type", [2]string{"", "x"}, 415, "20110"},
		{"JSON", [2]string{"application/json", "{}"}, 415, "20110"},
		{"nothing", [2]string{"text/html", " \n"}, 400, "20132"},
		{"no Presentation", multi("Other", "text/html", "x"), 400, "20001"},
		{"two Presentations", multi("Presentation", "text/html", "x", "presentation", "text/html", "x"), 400, "20002"},
		{"Presentation of another type", multi("Presentation", "text/plain", "x"), 400, "20003"},
		{"parts of one name", multi("Presentation", "text/html", "x", "a", "text/plain", "x", "a", "text/plain", "y"), 400, "20009"},
		{"no boundary", [2]string{"multipart/form-data", "x"}, 400, "20011"},
		{"no parts", [2]string{"multipart/form-data; boundary=B", "nonsense"}, 400, "20011"},
		{"missing part", multi("Presentation", "text/html", `<img src="name:none">`), 400, "20132"},
		{"missing file", multi("Presentation", "text/html", `<object data="name:none"></object>`), 400, "20132"},
		{"part of 25 MB and more", multi("Presentation", "text/html", "x", "a", "image/png", strings.Repeat("x", 25<<20+1)), 413, "20014"},
		{"many parts", multi(many...), 400, "20015"},
	}
	for _, test := range tests {
		got := s.api(token, http.MethodPost, "/api/v1.0/me/notes/pages", test.request[0], test.request[1])
		if got.status != test.status || got.errorCode() != test.code {
			t.Errorf("%s: got %d %s, want %d %s", test.name, got.status, got.body, test.status, test.code)
		}
	}
}

func TestDeletedPageIsGone(t *testing.T) {
	s := newServer(t)
	token := s.token()
	self := s.pages(token)["Plan"]["self"].(string)
	s.api(token, http.MethodDelete, self, "", "").want(http.StatusNoContent)
	s.api(token, http.MethodGet, self, "", "").want(http.StatusNotFound)
	s.api(token, http.MethodDelete, self, "", "").want(http.StatusNotFound)
}

func TestPageLevelAppearsOnRequest(t *testing.T) {
	s := newServer(t)
	token := s.token()
	self := s.pages(token)["Plan"]["self"].(string)
	if got := s.api(token, http.MethodGet, self+"?pagelevel=true", "", "").want(http.StatusOK).json(); got["level"] == nil || got["order"] == nil {
		t.Errorf("got %v, want level and order", got)
	}
}

// patched makes a page, patches it, and returns its content.
func patched(t *testing.T, source string, commands func(content string) string) (response, string) {
	t.Helper()
	s := newServer(t)
	token := s.token()
	page := s.api(token, http.MethodPost, "/api/v1.0/me/notes/pages", "text/html", source).want(http.StatusCreated).json()
	target := page["contentUrl"].(string)
	content := s.api(token, http.MethodGet, target+"?includeIDs=true", "", "").want(http.StatusOK).body
	s.clock.mu.Lock()
	s.clock.now = s.clock.now.Add(time.Minute)
	s.clock.mu.Unlock()
	got := s.api(token, http.MethodPatch, target, "application/json", commands(content))
	return got, strings.Join(strings.Fields(s.api(token, http.MethodGet, target, "", "").want(http.StatusOK).body), " ")
}

func TestPatchChangesPage(t *testing.T) {
	const source = `<title>Old</title><body><p data-id="a">A</p><ul data-id="list"><li data-id="i">one</li></ul><p data-id="b">B</p></body>`
	tests := []struct {
		name, commands, want string
	}{
		{"append to the body", `[{"target":"body","action":"append","content":"<p>new</p>"}]`, `<p data-id="b">B</p> <p>new</p> </div>`},
		{"append before", `[{"target":"body","action":"append","position":"before","content":"<p>new</p>"}]`, `<p>new</p> <p data-id="a">A</p>`},
		{"prepend", `[{"target":"body","action":"prepend","content":"<p>1</p><p>2</p>"}]`, `<p>1</p> <p>2</p> <p data-id="a">A</p>`},
		{"insert", `[{"target":"#a","action":"insert","content":"<p>new</p>"}]`, `<p data-id="a">A</p> <p>new</p> <ul`},
		{"insert before", `[{"target":"#b","action":"insert","position":"before","content":"<p>new</p>"}]`, `</ul> <p>new</p> <p data-id="b">B</p>`},
		{"append to a list", `[{"target":"#list","action":"append","content":"<li>two</li>"}]`, `<li data-id="i">one</li> <li>two</li> </ul>`},
		{"replace", `[{"target":"#a","action":"replace","content":"<h1>H</h1>"}]`, `<h1>H</h1> <ul`},
		{"title", `[{"target":"title","action":"replace","content":"New &amp; <b>bold</b>"}]`, `<title>New &amp; bold</title>`},
		{"several", `[{"target":"#a","action":"replace","content":"<p data-id=\"c\">C</p>"},{"target":"#c","action":"insert","content":"<p>D</p>"}]`, `<p data-id="c">C</p> <p>D</p>`},
		{"single quotes", `[{'target':'#a','action':'replace','content':'<p data-id="q">it\'s "C"</p>'}]`, `<p data-id="q">it's "C"</p>`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, content := patched(t, source, func(string) string { return test.commands })
			if got.want(http.StatusNoContent); got.body != "" {
				t.Errorf("got a body %q", got.body)
			}
			if !strings.Contains(content, test.want) {
				t.Errorf("got %s, want %s in it", content, test.want)
			}
		})
	}
}

func TestPatchFindsGeneratedID(t *testing.T) {
	id := regexp.MustCompile(`<p id="(p:[^"]+)" data-id="a"`)
	for _, prefix := range []string{"", "#"} {
		got, content := patched(t, `<title>x</title><p data-id="a">A</p>`, func(content string) string {
			match := id.FindStringSubmatch(content)
			if match == nil {
				t.Fatalf("got no id in %s", content)
			}
			return `[{"target":"` + prefix + match[1] + `","action":"replace","content":"<p>new</p>"}]`
		})
		got.want(http.StatusNoContent)
		if !strings.Contains(content, "<p>new</p>") || strings.Contains(content, ">A<") {
			t.Errorf("got %s", content)
		}
	}
}

func TestInvalidPatchChangesNothing(t *testing.T) {
	tests := []struct {
		name, commands, code string
	}{
		{"no JSON", `nonsense`, "20109"},
		{"no commands", `[]`, "20125"},
		{"unknown target", `[{"target":"#a","action":"replace","content":"x"},{"target":"#none","action":"append","content":"x"}]`, "20120"},
		{"no target", `[{"target":"","action":"append","content":"x"}]`, "20120"},
		{"hash alone", `[{"target":"#","action":"append","content":"x"}]`, "20120"},
		{"unknown action", `[{"target":"#a","action":"explode","content":"x"}]`, "20122"},
		{"unknown position", `[{"target":"#a","action":"insert","position":"inside","content":"x"}]`, "20121"},
		{"replace the body", `[{"target":"body","action":"replace","content":"x"}]`, "20141"},
		{"append to the title", `[{"target":"title","action":"append","content":"x"}]`, "20141"},
		{"append to a paragraph", `[{"target":"#a","action":"append","content":"x"}]`, "20138"},
		{"missing part", `[{"target":"#a","action":"replace","content":"<img src=\"name:none\">"}]`, "20132"},
	}
	for _, test := range tests {
		got, content := patched(t, `<title>x</title><p data-id="a">A</p>`, func(string) string { return test.commands })
		if got.status != http.StatusBadRequest || got.errorCode() != test.code {
			t.Errorf("%s: got %d %s, want 400 %s", test.name, got.status, got.body, test.code)
		}
		if !strings.Contains(content, `<p data-id="a">A</p>`) {
			t.Errorf("%s: the page changed to %s", test.name, content)
		}
	}
}

func TestPatchWithPartsReplacesPicture(t *testing.T) {
	s := newServer(t)
	token := s.token()
	target := s.pages(token)["Lighthouse Tour"]["contentUrl"].(string)
	id := elements(t, s.api(token, http.MethodGet, target+"?includeIDs=true", "", "").body, "img")[0]["id"]
	contentType, body := form(t,
		"Commands", "application/json", `[{'target':'`+id+`','action':'replace','content':'<img src="name:pic" alt="New binary image" />'}]`,
		"pic", "image/png", s.picture(token))
	s.api(token, http.MethodPatch, target, contentType, body).want(http.StatusNoContent)
	img := elements(t, s.api(token, http.MethodGet, target+"?preAuthenticated=true", "", "").body, "img")
	if len(img) != 1 || img[0]["alt"] != "New binary image" {
		t.Fatalf("got %v, want the new picture", img)
	}
	decode(t, s.get(img[0]["src"]).want(http.StatusOK))

	contentType, body = form(t, "other", "application/json", `[]`)
	if got := s.api(token, http.MethodPatch, target, contentType, body).want(http.StatusBadRequest); got.errorCode() != "20124" {
		t.Errorf("without commands: got %s, want 20124", got.body)
	}
	if got := s.api(token, http.MethodPatch, target, "text/plain", "x").want(http.StatusUnsupportedMediaType); got.errorCode() != "20131" {
		t.Errorf("text: got %s, want 20131", got.body)
	}
}

// TestMultipartPatchMayUseSingleQuotes sends a sample of the documentation, with the
// ids of a page that exists.
func TestMultipartPatchMayUseSingleQuotes(t *testing.T) {
	s := newServer(t)
	token := s.token()
	contentType, body := form(t,
		"Presentation", "text/html", `<title>x</title><body><img src="name:pic" alt="old" /><ul data-id="list-id"><li>one</li></ul></body>`,
		"pic", "image/png", s.picture(token))
	page := s.api(token, http.MethodPost, "/api/v1.0/me/notes/pages", contentType, body).want(http.StatusCreated).json()
	target := page["contentUrl"].(string)
	id := elements(t, s.api(token, http.MethodGet, target+"?includeIDs=true", "", "").body, "img")[0]["id"]

	_, patch, _ := strings.Cut(sample(t, "patch-with-picture-part.http"), "--PartBoundary123")
	patch = strings.Replace("--PartBoundary123"+patch, "img:{2998967e-69b3-413f-a221-c1a3b5cbe0fc}{42}", id, 1)
	s.api(token, http.MethodPatch, target, "multipart/form-data; boundary=PartBoundary123", patch).want(http.StatusNoContent)
	content := s.api(token, http.MethodGet, target, "", "").want(http.StatusOK).body
	if img := elements(t, content, "img"); len(img) != 1 || img[0]["alt"] != "New binary image" {
		t.Errorf("got %v, want the new picture", img)
	}
	if !strings.Contains(content, "<li>Item at the bottom of the list</li>") {
		t.Errorf("got no new item in %s", content)
	}
}

func TestBatchServesEachRequest(t *testing.T) {
	s := newServer(t)
	token := s.token()
	section := s.api(token, http.MethodGet, "/api/v1.0/me/notes/sections", "", "").list()[3]["id"].(string)
	_, source, _ := strings.Cut(sample(t, "batch-with-new-page.txt"), "\n\n")
	source = strings.ReplaceAll(source, "{section-id}", section)
	body := strings.Replace(source, "--batch_123--", strings.Join([]string{
		"--batch_123", "Content-Type: application/http", "Content-Transfer-Encoding: binary", "",
		"GET /api/v1.0/me/notes/notebooks HTTP/1.1", "", "",
		"--batch_123", "Content-Type: application/http", "", "GET /api/v1.0/me/notes/pages/none HTTP/1.1", "Accept: application/json", "", "",
		"--batch_123", "Content-Type: application/http", "", "POST /api/beta/$batch HTTP/1.1", "", "",
		"--batch_123", "Content-Type: application/http", "", "nonsense", "", "",
		"--batch_123--",
	}, "\n"), 1)
	got := s.api(token, http.MethodPost, "/api/beta/$batch", `multipart/mixed; boundary="batch_123"`, body).want(http.StatusOK)
	_, parameters, err := mime.ParseMediaType(got.header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	reader := multipart.NewReader(strings.NewReader(got.body), parameters["boundary"])
	for _, want := range []string{"HTTP/1.1 201 ", "HTTP/1.1 200 ", "HTTP/1.1 404 ", "HTTP/1.1 400 ", "HTTP/1.1 400 "} {
		p, err := reader.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		line := make([]byte, len(want))
		if _, err := p.Read(line); err != nil || string(line) != want {
			t.Errorf("got %q, %v, want %q", line, err, want)
		}
	}
	s.do(http.MethodPost, "/api/beta/$batch", body, "Content-Type", `multipart/mixed; boundary="batch_123"`).want(http.StatusUnauthorized)
	s.api(token, http.MethodPost, "/api/beta/$batch", "application/json", "{}").want(http.StatusUnsupportedMediaType)
}

func TestSamplePagesKeepTheirElements(t *testing.T) {
	s := newServer(t)
	token := s.token()
	for _, name := range []string{"page-with-table-and-picture.html", "picture-with-line-breaks-in-alt.html", "attachment-with-http-address.html"} {
		page := s.api(token, http.MethodPost, "/api/v1.0/me/notes/pages", "text/html", sample(t, name)).want(http.StatusCreated).json()
		content := s.api(token, http.MethodGet, page["contentUrl"].(string), "", "").want(http.StatusOK).body
		source := sample(t, name)
		for _, element := range []string{"img", "object", "td", "a"} {
			before, after := elements(t, source, element), elements(t, content, element)
			if len(before) != len(after) {
				t.Fatalf("%s: got %d %s, want %d", name, len(after), element, len(before))
			}
			for i := range before {
				if before[i]["alt"] != after[i]["alt"] || before[i]["href"] != after[i]["href"] {
					t.Errorf("%s: got %v, want %v", name, after[i], before[i])
				}
			}
		}
	}
}

func TestPatchOfEmptyPageAddsBox(t *testing.T) {
	got, content := patched(t, `<title>x</title><body data-absolute-enabled="true"></body>`, func(string) string {
		return `[{"target":"body","action":"append","content":"<p>first</p>"}]`
	})
	got.want(http.StatusNoContent)
	if !strings.Contains(content, `<div data-id="_default" style="position:absolute;left:48px;top:120px;width:624px"> <p>first</p> </div>`) {
		t.Errorf("got %s", content)
	}
}

func TestGeneratedIDsAreNotReused(t *testing.T) {
	s := newServer(t)
	token := s.token()
	target := s.pages(token)["Plan"]["contentUrl"].(string)
	seen := make(map[string]bool)
	for range 3 {
		p := elements(t, s.api(token, http.MethodGet, target+"?includeIDs=true", "", "").body, "p")[0]["id"]
		if seen[p] {
			t.Fatalf("got %s again for another paragraph", p)
		}
		seen[p] = true
		s.api(token, http.MethodPatch, target, "application/json", `[{"target":"`+p+`","action":"replace","content":"<p>next</p>"}]`).want(http.StatusNoContent)
	}
}
