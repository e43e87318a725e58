// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/chromium"
)

// listed is a page in a list of pages.
type listed struct {
	ID, Title, ContentURL string
}

// pages lists the pages below a root such as /api/v1.0/me/notes/.
func (s *caddyServer) pages(root string) []listed {
	s.t.Helper()
	var list struct{ Value []listed }
	res := s.get(root + "pages?$top=100")
	if err := json.Unmarshal([]byte(res.body), &list); err != nil || res.StatusCode != 200 {
		s.t.Fatalf("%s: got %s, %v: %s", root, res.Status, err, res.body)
	}
	return list.Value
}

// page returns the page of that title.
func (s *caddyServer) page(root, title string) listed {
	s.t.Helper()
	return titled(s.t, s.pages(root), title)
}

func titled(t *testing.T, pages []listed, title string) listed {
	t.Helper()
	for _, p := range pages {
		if p.Title == title {
			return p
		}
	}
	t.Fatalf("no page %q", title)
	return listed{}
}

// image is an img element, as the browser has it.
type image struct {
	Src     string
	Fullres string
	Width   int
}

// shown returns the pictures of the page that a tab shows, each loaded, or
// failed.
func shown(tab *chromium.Tab) []image {
	tab.Until("[...document.images].every(i => i.complete)")
	var all []image
	tab.Eval(`[...document.images].map(i => ({Src: i.src, Fullres: i.dataset.fullresSrc ?? '', Width: i.naturalWidth}))`, &all)
	return all
}

// wantPictures fails the test unless the tab shows that many pictures.
func wantPictures(t *testing.T, tab *chromium.Tab, want int) []image {
	t.Helper()
	all := shown(tab)
	if len(all) != want {
		t.Errorf("%s: got %d pictures, want %d", tab.Address(), len(all), want)
	}
	for _, p := range all {
		if p.Width == 0 {
			t.Errorf("%s: the picture at %s did not load", tab.Address(), p.Src)
		}
	}
	return all
}

// bearers returns the tokens that went to the API.
func (m *microsoft) bearers() []string {
	m.t.Helper()
	seen := map[string]bool{}
	var all []string
	for _, r := range m.requests("/api/") {
		token := strings.TrimPrefix(r.Headers.Get("Authorization"), "Bearer ")
		if token != "" && !seen[token] {
			seen[token] = true
			all = append(all, token)
		}
	}
	return all
}

// wantNoToken fails the test if the browser was shown a token, or sent one.
func wantNoToken(t *testing.T, m *microsoft, tab *chromium.Tab) {
	t.Helper()
	var html string
	tab.Eval("document.documentElement.outerHTML", &html)
	for _, token := range m.bearers() {
		if strings.Contains(html, token) {
			t.Errorf("%s: the page holds a token", tab.Address())
		}
	}
	for _, r := range tab.Requests() {
		if r.Header["authorization"] != "" || r.Header["cookie"] != "" || strings.Contains(r.URL, "token") {
			t.Errorf("the browser sent a secret: %s %s %v", r.Method, r.URL, r.Header)
		}
	}
}

// pictureModes are the modes in which pictures load without a token.
var pictureModes = []string{"direct", "local"}

// roots are places where pages with pictures are, each with the short form of
// what it stands for.
var roots = []string{
	"/api/v1.0/me/notes/",
	"/api/beta/me/notes/",
	"/api/v1.0/",
	"/api/v1.0/users/someone@example.com/notes/",
	"/api/v1.0/users('someone%40example.com')/notes/",
	"/api/v1.0/myOrganization/groups/7eb70cc1-0000-4000-8000-000000000001/notes/",
	"/api/v1.0/myOrganization/siteCollections/cc999b8c-7b3b-42fa-8b78-853029dd094f/sites/4a38c317-8bb1-426f-b9df-b87ce88e724d/notes/",
}

// Pictures load in every form in which a page may name them, wherever the page
// is shown, and no token comes near a browser for it.
func TestPicturesLoadInBrowser(t *testing.T) {
	b := chromium.Start(t, "app.example")
	for _, mode := range pictureModes {
		for _, tc := range []struct {
			name string
			run  func(gallery)
		}{
			{"of all roots", ofAllRoots},
			{"however they are written", howeverWritten},
			{"on pages of other origins", onOtherPages},
			{"after an editor", afterEditing},
		} {
			t.Run(mode+"/"+tc.name, func(t *testing.T) {
				m, s := startMicrosoft(t), newServer(t)
				s.mustLoad(s.plain(m, "images "+mode, "api_hosts localhost"+m.url[strings.LastIndexByte(m.url, ':'):]))
				tc.run(gallery{t, m, s, b, mode})
			})
		}
	}
}

// gallery is a site with pictures in one mode.
type gallery struct {
	t    *testing.T
	m    *microsoft
	s    *caddyServer
	b    *chromium.Browser
	mode string
}

// page returns a page and its HTML.
func (g gallery) page(title string) (listed, string) {
	g.t.Helper()
	page := g.s.page(roots[0], title)
	return page, g.s.get(strings.TrimPrefix(page.ContentURL, g.s.url)).body
}

// The seed has a page with split pictures, a printout and one outside of all
// boxes, and a page with a picture of which there are two.
func ofAllRoots(g gallery) {
	tab := g.b.Stranger(g.t)
	for _, root := range roots {
		pages := g.s.pages(root)
		tab.Open(titled(g.t, pages, "Pictures").ContentURL)
		wantPictures(g.t, tab, 4)
		wantQuiet(g.t, tab)
		tab.Open(titled(g.t, pages, "Lighthouse Tour").ContentURL)
		wantPictures(g.t, tab, 1)
		wantNoToken(g.t, g.m, tab)
		tab.Forget() // a page that is sandboxed does not embed its attachment
	}
}

// forms are ways in which an img element may name a picture. {api} stands for
// the API's address, {id} for the picture's id.
var forms = []string{
	`<img src="{api}/api/v1.0/me/notes/resources/{id}/$value" data-src-type="image/png" />`,
	`<img data-src-type="image/png" src="{api}/api/v1.0/me/notes/resources/{id}/content">`,
	`<IMG SRC='{api}/api/v1.0/me/notes/resources/{id}/$value' DATA-SRC-TYPE='image/png'>`,
	`<img src={api}/api/v1.0/me/notes/resources/{id}/$value data-src-type=image/png>`,
	`<img src="{api}/api/v1.0/me/notes/resources/{id}/%24value" data-src-type="image/png">`,
	`<img alt="a > b" src="{api}/api/v1.0/me/notes/resources/{id}/$value" data-src-type="image/png">`,
	`<img src="{api}/api/v1.0/me/notes/resources/{id}/$value?a=1&b=2" data-src-type="image/png">`,
	`<img src="{api}/api/v1.0/me/notes/resources/{id}/$value?a=1&amp;b=2" data-src-type="image/png">`,
	`<img src="{api}/api/v1.0/me/notes/resources/{id}/$value?a=1&#38;b=2#top" data-src-type="image/png">`,
	`<img src="{api}/api/v1.0/me/notes/resources/{id}/content?publicAuth=true&mimeType=image/png">`,
	`<img src="{api}/api/v1.0/me/notes/resources/{id}/content?publicAuth=true&amp;mimeType=image/png" data-src-type="image/png">`,
	`<img src="{api}/api/v1.0/me/notes/resources/{id}/$value">`,
	`<img src="{api}/api/v1.0/resources/{id}/$value" data-src-type="image/png">`,
	`<img src="{api}/api/beta/me/notes/resources/{id}/$value" data-src-type="image/png">`,
	`<img src="{api}/api/v1.0/users/someone@example.com/notes/resources/{id}/$value" data-src-type="image/png">`,
	`<img src="{api}/api/v1.0/users('someone%40example.com')/notes/resources/{id}/$value" data-src-type="image/png">`,
	`<img src="&#x68;ttp&colon;//` + `{host}/api/v1.0/me/notes/resources/{id}/$value" data-src-type="image/png">`,
	`<img src="HTTP://{HOST}/api/v1.0/me/notes/resources/{id}/$value" data-src-type="image/png">`,
	"<img\n\tsrc = \" {api}/api/v1.0/me/notes/resources/{id}/$value\n\"\n\tdata-src-type='image/png'\n>",
}

// localForms load only from us, since no browser reaches the API's own hosts
// here.
var localForms = []string{
	`<img src="https://www.onenote.com/api/v1.0/me/notes/resources/{id}/$value" data-src-type="image/png">`,
	`<img src="http://WWW.OneNote.com:80/api/v1.0/me/notes/resources/{id}/content?publicAuth=true&amp;mimeType=image/png">`,
}

// writeForms puts a page together that names one picture in all those ways.
func writeForms(forms []string, m *microsoft, id string) string {
	host := strings.TrimPrefix(m.url, "http://")
	named := "localhost" + host[strings.LastIndexByte(host, ':'):]
	return "<html><head><title>Forms</title></head><body>" + strings.NewReplacer(
		"{api}", m.url, "{host}", host, "{HOST}", strings.ToUpper(named), "{id}", id,
	).Replace(strings.Join(forms, "\n")) + "</body></html>"
}

func howeverWritten(g gallery) {
	_, html := g.page("Pictures") // in direct mode this makes them public
	written := forms
	if g.mode == "local" {
		written = append(written[:len(written):len(written)], localForms...)
	}
	html = writeForms(written, g.m, pictureID(g.t, html))
	g.m.control("POST", "faults", `{"path":"*/pages/forms/content","status":200,"headers":{"Content-Type":"text/html; charset=utf-8"},"body":`+inJS(html)+`}`)
	tab := g.b.Stranger(g.t)
	tab.Open(g.s.url + "/api/v1.0/me/notes/pages/forms/content")
	wantPictures(g.t, tab, len(written))
	wantNoToken(g.t, g.m, tab)
	wantQuiet(g.t, tab)
}

// pictureID returns the id of the first picture of a page.
func pictureID(t *testing.T, html string) string {
	t.Helper()
	_, rest, _ := strings.Cut(html, "/resources/")
	id, _, found := strings.Cut(rest, "/")
	if !found {
		t.Fatalf("the page has no picture: %s", html)
	}
	return id
}

// Apps show what they read on pages of their own: of another origin, and with
// either rendition of a picture.
func onOtherPages(g gallery) {
	_, html := g.page("Lighthouse Tour")
	app := serveHTML(g.t, html)
	for _, host := range []string{"app.example", "localhost", "127.0.0.1"} {
		tab := g.b.Stranger(g.t)
		tab.Open(strings.Replace(app, "127.0.0.1", host, 1))
		for _, p := range wantPictures(g.t, tab, 1) {
			var width int
			tab.Eval(`new Promise(done => {
				const original = new Image();
				original.onload = original.onerror = () => done(original.naturalWidth);
				original.src = `+inJS(p.Fullres)+`;
			})`, &width)
			if width == 0 || p.Fullres == p.Src {
				g.t.Errorf("the original at %s (rendition at %s) has a width of %d", p.Fullres, p.Src, width)
			}
		}
		wantNoToken(g.t, g.m, tab)
	}
}

// serveHTML serves a page from a server of its own, and returns its address.
func serveHTML(t *testing.T, html string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusNoContent) // icons
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, html) // a browser that goes away is none of our business
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// A page that was read, edited and posted back is a page like any other.
func afterEditing(g gallery) {
	page, html := g.page("Pictures")
	html = strings.Replace(html, "<title>Pictures</title>", "<title>Edited</title>", 1)
	html = strings.Replace(html, "</body>", "<p>One more line.</p></body>", 1)
	res := g.s.do("POST", "/api/v1.0/me/notes/pages", html, "Content-Type", "text/html")
	res.want(g.t, 201, "")
	var made listed
	if err := json.Unmarshal([]byte(res.body), &made); err != nil || made.ContentURL == page.ContentURL {
		g.t.Fatalf("the new page is at %q, %v", made.ContentURL, err)
	}
	tab := g.b.Stranger(g.t)
	tab.Open(made.ContentURL)
	if got := tab.Text("body"); !strings.Contains(got, "One more line.") {
		g.t.Errorf("the page says %q", got)
	}
	wantPictures(g.t, tab, 4)
	wantNoToken(g.t, g.m, tab)
	wantQuiet(g.t, tab)
}
