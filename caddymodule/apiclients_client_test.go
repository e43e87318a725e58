// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/internal/apiclients"
	"github.com/caddy-onenote/caddy-onenote/internal/chromium"
)

// clientsFolder is where the clients are that others wrote.
const clientsFolder = "../internal/apiclients"

// The API's own client, which apps give nothing but another address, works as
// it always did: in Node, and on pages of an origin that is allowed.
func TestOneNoteAPIClientWorks(t *testing.T) {
	for _, mode := range []string{"direct", "local", "off"} {
		t.Run("in Node, images "+mode, func(t *testing.T) {
			m, s := startMicrosoft(t), newServer(t)
			s.mustLoad(s.plain(m, "images "+mode))
			m.refuseSome("/api/*")
			r := apiclients.OneNoteAPI.RunInNode(t, clientsFolder, s.url)
			wantOneNote(t, s, r)
			wantFound(t, r)
			wantOurToken(t, m)
		})
	}
	for _, mode := range pictureModes {
		t.Run("in a browser, images "+mode, func(t *testing.T) {
			page := httptest.NewServer(apiclients.OneNotePage(t, clientsFolder))
			t.Cleanup(page.Close)
			m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t, "app.example")
			origin := strings.Replace(page.URL, "127.0.0.1", "app.example", 1)
			s.mustLoad(s.plain(m, "images "+mode, "allowed_origins "+origin))
			m.refuseSome("/api/*")
			tab := b.Tab(t)
			tab.Open(apiclients.OneNotePageURL(origin, s.url))
			r := reported(t, tab)
			wantOneNote(t, s, r)
			wantFound(t, r)
			wantOurToken(t, m)
			tab.Forget() // the app sends a token of its own, out of habit
			wantShown(t, tab, r.Page, 4)
			wantShown(t, tab, r.Content, 1)
			wantNoToken(t, m, tab)
		})
	}
}

// Microsoft's client of Graph finds Graph where it is told that it is.
func TestMicrosoftGraphClientWorks(t *testing.T) {
	m, s := startGraph(t)
	s.mustLoad(m.graphSite(s))
	m.refuseSome("/v1.0/*")
	t.Setenv("NODE_EXTRA_CA_CERTS", m.ours)
	r := apiclients.Graph.RunInNode(t, clientsFolder, s.url)
	wantReport(t, s, r)
	wantOurToken(t, m.microsoft)
	if n := strings.Count(r.Page, `src="`+s.url+"/v1.0/"); n != 8 {
		t.Errorf("got %d renditions of pictures at %s, want 8: %s", n, s.url, r.Page)
	}
}

// refuseSome makes the API refuse the token of a read, of a page that is made,
// and of one that is changed.
func (m *microsoft) refuseSome(path string) {
	m.t.Helper()
	for _, method := range []string{"GET", "POST", "PATCH"} {
		m.control("POST", "faults", `{"method":"`+method+`","path":"`+path+`","status":401,"times":1}`)
	}
}

// reported waits for what the client on a page did.
func reported(t *testing.T, tab *chromium.Tab) (r apiclients.Report) {
	t.Helper()
	var failure string
	tab.Until("window.report || window.failure")
	tab.Eval("window.failure ?? ''", &failure)
	if failure != "" {
		t.Fatalf("%s; console: %q", failure, tab.Complaints())
	}
	tab.Eval("window.report", &r)
	return r
}

// wantShown fails the test unless HTML that an app puts into a page of its own
// shows that many pictures.
func wantShown(t *testing.T, tab *chromium.Tab, html string, pictures int) {
	t.Helper()
	tab.Eval("void (document.body.innerHTML = "+inJS(html)+")", nil)
	wantPictures(t, tab, pictures)
}

// wantReport fails the test unless a client got what the seed has, at addresses
// of ours, and made what it meant to make.
func wantReport(t *testing.T, s *caddyServer, r apiclients.Report) {
	t.Helper()
	if want := []string{"My Notebook", "Recipes & more"}; !slices.Equal(r.Notebooks, want) {
		t.Errorf("notebooks: got %q, want %q", r.Notebooks, want)
	}
	if r.Self != "My Notebook" || r.Expanded < 3 {
		t.Errorf("got %q at the self link and %d sections, want My Notebook and 3", r.Self, r.Expanded)
	}
	if len(r.Recipes) != 24 || r.Recipes[0] != "Recipe 01" || r.Recipes[23] != "Recipe 24" {
		t.Errorf("got %d recipes, %q", len(r.Recipes), r.Recipes)
	}
	if len(r.Addresses) < 6 {
		t.Errorf("got %d addresses: %q", len(r.Addresses), r.Addresses)
	}
	for _, address := range r.Addresses {
		if !strings.HasPrefix(address, s.url+"/") {
			t.Errorf("an app is led to %s, want it at %s", address, s.url)
		}
	}
	if !strings.Contains(r.Content, "Made by an app.") || !strings.Contains(r.Content, "One more line.") || !strings.Contains(r.Content, "<title>A changed page</title>") {
		t.Errorf("the page that was made and changed: got %s", r.Content)
	}
	if r.Missing != http.StatusNotFound {
		t.Errorf("what does not exist: got status %d, want 404", r.Missing)
	}
	wantAttachment(t, r.Content)
}

// wantOneNote is wantReport for the client that knows batches.
func wantOneNote(t *testing.T, s *caddyServer, r apiclients.Report) {
	t.Helper()
	wantReport(t, s, r)
	if want := []string{"First of a batch", "Second of a batch"}; !slices.Equal(r.Batched, want) {
		t.Errorf("made by a batch: got %q, want %q", r.Batched, want)
	}
}

// wantFound fails the test unless the client has found again what a batch has made.
func wantFound(t *testing.T, r apiclients.Report) {
	t.Helper()
	if !slices.Equal(r.Searched.Found, r.Batched) {
		t.Errorf("found: got %q and status %d, want %q", r.Searched.Found, r.Searched.Failure, r.Batched)
	}
}

// wantAttachment fails the test unless the file that was sent is at the address
// that the page has for it, every byte of it.
func wantAttachment(t *testing.T, html string) {
	t.Helper()
	_, rest, _ := strings.Cut(html, "<object")
	_, rest, _ = strings.Cut(rest, ` data="`)
	address, _, _ := strings.Cut(rest, `"`)
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // the certificate is one of this test
	}}
	res, err := client.Get(address)
	if err != nil {
		t.Errorf("the attachment at %q: %v", address, err)
		return
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	if len(got) != 70000 {
		t.Errorf("the attachment: got %s with %d bytes, want 70000", res.Status, len(got))
		return
	}
	for i, c := range got {
		if c != byte(i) {
			t.Errorf("byte %d of the attachment: got %d, want %d", i, c, byte(i))
			return
		}
	}
}

// wantOurToken fails the test unless each request went up with a token of ours
// in place of the client's, those too that were refused once.
func wantOurToken(t *testing.T, m *microsoft) {
	t.Helper()
	refused := 0
	for _, r := range slices.Concat(m.requests("/api/"), m.requests("/v1.0/")) {
		if r.Status == http.StatusUnauthorized {
			refused++
		}
		if h := r.Headers["Authorization"]; len(h) != 1 || strings.Contains(h[0], "an-old-one") {
			t.Errorf("%s %s went up with %q", r.Method, r.Path, h)
		}
	}
	if refused != 3 {
		t.Errorf("got %d requests that were refused, want 3", refused)
	}
}

// graphService is the emulator, which also is graph.microsoft.com.
type graphService struct {
	*microsoft
	address, authority string // of the API
	certificate        string // of the site, as options of Caddy's tls
	ours               string // whom to trust for that
}

// startGraph starts it, and reserves a server that has a certificate.
func startGraph(t *testing.T) (graphService, *caddyServer) {
	t.Helper()
	e := emulator.New(emulator.Options{})
	plain := httptest.NewServer(e)
	t.Cleanup(plain.Close)
	pair, authority := certificateFor(t, "graph.microsoft.com")
	api := httptest.NewUnstartedServer(e)
	api.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	api.Config.ErrorLog = log.New(io.Discard, "", 0)
	api.StartTLS()
	t.Cleanup(api.Close)

	own, ours := certificateFor(t, "localhost")
	der, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "key.pem")
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))

	s := newServer(t)
	s.url = strings.Replace(s.url, "http:", "https:", 1)
	return graphService{
		microsoft: &microsoft{t: t, url: plain.URL},
		address:   strings.TrimPrefix(api.URL, "https://"), authority: authority,
		certificate: ours + " " + key, ours: ours,
	}, s
}

// graphSite is the configuration of a site on it, over TLS.
func (g graphService) graphSite(s *caddyServer) string {
	config := s.config(importedAccount(g.microsoft)+"\nprovider entra\nscopes https://graph.microsoft.com/Notes.ReadWrite offline_access",
		"tls "+g.certificate+"\nonenote graph {\ntransport {\nnetwork_proxy url "+startTunnel(s.t, g.address)+
			"\ntls_trust_pool file "+g.authority+"\n}\n}",
		"auto_https disable_redirects")
	return strings.Replace(config, "http://:", "https://localhost:", 1)
}
