// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/chromium"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// What the pages of the site and of the provider are used by.
const (
	signinButton = "form[action$='/signin']:not(:has(input)) button"
	acceptButton = "button[name=decision][value=accept]"
	denyButton   = "button[name=decision][value=deny]"
	onStatusPage = "location.pathname === '/' && document.querySelector('.state') !== null"
)

// browsed is a configuration whose account is to sign in with a browser.
func (s *caddyServer) browsed(m *microsoft, account ...string) string {
	options := append([]string{"client_id test", "authority " + m.url}, account...)
	return s.config(strings.Join(options, "\n"), "onenote "+m.url)
}

// status returns what /auth/status tells of the only account.
func (s *caddyServer) status() tokens.Status {
	s.t.Helper()
	var response struct{ Accounts []tokens.Status }
	res := s.get("/auth/status")
	if err := json.Unmarshal([]byte(res.body), &response); err != nil || len(response.Accounts) != 1 {
		s.t.Fatalf("/auth/status: got %s, %v", res.body, err)
	}
	return response.Accounts[0]
}

// wantState fails the test unless the account is in that state, and requests
// get what then is due to them.
func (s *caddyServer) wantState(t *testing.T, want tokens.State) {
	t.Helper()
	if got := s.status().State; got != want {
		t.Errorf("state: got %s, want %s", got, want)
	}
	if want.Usable() {
		s.get(notebooks).want(t, 200, "")
		return
	}
	s.get(notebooks).want(t, 401, "signin_required")
}

// wantUser fails the test unless that user is signed in.
func (s *caddyServer) wantUser(t *testing.T, want string) {
	t.Helper()
	got := "nobody"
	if user := s.status().User; user != nil {
		got = *user
	}
	if got != want {
		t.Errorf("signed in: got %s, want %s", got, want)
	}
}

// consent gives consent at the provider, as somebody.
func consent(tab *chromium.Tab, user string) {
	tab.Fill("input[name=user]", user)
	tab.Follow(acceptButton)
}

// wantQuiet fails the test if the console of the tab holds anything but that
// the emulator has no icon.
func wantQuiet(t *testing.T, tab *chromium.Tab) {
	t.Helper()
	for _, c := range tab.Complaints() {
		if !strings.HasPrefix(c.URL, "http://127.0.0.1:") || !strings.HasSuffix(c.URL, "/favicon.ico") {
			t.Errorf("console: %s (%s)", c.Text, c.URL)
		}
	}
}

func TestBrowserSignsIn(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	s.mustLoad(s.browsed(m))
	for _, host := range []string{"localhost", "127.0.0.1"} {
		t.Run(host, func(t *testing.T) {
			s.get(notebooks).want(t, 401, "signin_required")
			tab := b.Stranger(t)
			tab.Open("http://" + host + ":" + s.port() + "/")
			tab.Follow(signinButton)
			consent(tab, "someone@outlook.com")
			tab.Until(onStatusPage)
			if got := tab.Text(".state"); !strings.Contains(got, "Ready") {
				t.Errorf("after: got %q, want Ready", got)
			}
			if got, want := tab.Address().String(), s.url+"/"; got != want {
				t.Errorf("the browser is at %s, want %s", got, want)
			}
			wantQuiet(t, tab)
			s.wantState(t, tokens.Ready)
			tab.Follow("form[action$='/signout'] button")
		})
	}
}

// front starts a server before the site, as others have them, and returns the
// address that browsers know: below a path, which it strips. It may change
// what it sends on.
func (s *caddyServer) front(path string, change func(*http.Request)) string {
	s.t.Helper()
	to, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	front := httptest.NewServer(http.StripPrefix(path, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			change(r.Out)
		},
		Transport: &http.Transport{DisableKeepAlives: true},
	}))
	s.t.Cleanup(front.Close)
	return strings.Replace(front.URL, "127.0.0.1", "localhost", 1) + path
}

// Behind another server the site may live below a path, and all that a browser
// does there stays below it: links, forms, cookies, pictures.
func TestBrowserSignsInBelowPathOfPublicURL(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	base := s.front("/notes", func(*http.Request) {}) // adds nothing that would make its visitors remote
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url+" {\npublic_url "+base+"\nimages local\n}"))
	tab := b.Tab(t)
	tab.Open(base + "/")
	tab.Follow(signinButton)
	tab.Follow(denyButton)
	tab.Until("document.querySelector('h1').innerText === 'Sign-in failed: default'")
	tab.Follow(signinButton)
	consent(tab, "someone@outlook.com")
	tab.Until("document.querySelector('.state') !== null")
	if got, want := tab.Address().String(), base+"/"; got != want {
		t.Errorf("the browser is at %s, want %s", got, want)
	}
	s.wantState(t, tokens.Ready)

	page := s.page("/api/v1.0/me/notes/", "Pictures")
	if !strings.HasPrefix(page.ContentURL, base+"/api/") {
		t.Errorf("the page is at %s, want it below %s", page.ContentURL, base)
	}
	tab.Open(page.ContentURL)
	for _, p := range wantPictures(t, tab, 4) {
		if !strings.HasPrefix(p.Src, base+"/api/") {
			t.Errorf("a picture is at %s, want it below %s", p.Src, base)
		}
	}

	tab.Open(base + "/")
	tab.Follow("form[action$='/signout'] button")
	tab.Until("document.querySelector('h1').innerText === 'Signed out'")
	tab.Follow("nav a")
	if got, want := tab.Address().String(), base+"/"; got != want {
		t.Errorf("after signing out the browser is at %s, want %s", got, want)
	}
	wantQuiet(t, tab)
	s.wantState(t, tokens.SignedOut)
}

// Visitors from elsewhere have a key, which browsers ask for, and may sign in
// where that is allowed. The response of the provider needs none.
func TestBrowserOnOtherMachineSignsIn(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	base := s.front("", func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.7") })
	const key = "a-key-of-thirty-two-letters-or-so"
	t.Setenv("ONENOTE_TEST_CLIENT_KEY", key)
	site := func(more string) string {
		return s.config("client_id test\nauthority "+m.url, "onenote "+m.url+" {\npublic_url "+base+"\nclient_key phone {env.ONENOTE_TEST_CLIENT_KEY}\ntrusted_peers 127.0.0.1\n"+more+"\n}")
	}
	s.mustLoad(site(""))
	tab := b.Stranger(t)
	tab.Open(base + "/")
	if tab.Has(".state") {
		t.Error("a client without a key sees the accounts")
	}
	withKey := strings.Replace(base, "http://", "http://phone:"+key+"@", 1)
	tab.Open(withKey + "/")
	tab.Until("document.querySelector('.state') !== null")
	if tab.Has("form") {
		t.Error("a client that may not sign in is offered to")
	}

	s.mustLoad(site("allow_remote_signin"))
	tab.Open(base + "/")
	tab.Follow(signinButton)
	consent(tab, "someone@outlook.com")
	tab.Until("document.querySelector('.state')?.innerText.includes('Ready')")
	s.wantState(t, tokens.Ready)
	tab.Follow("form[action$='/signout'] button")
	tab.Until("document.querySelector('h1').innerText === 'Signed out'")
	s.wantState(t, tokens.SignedOut)
}

// A page that came over plain HTTP from a name that is not localhost: browsers
// then do not say in a field of its own whose form it is, so that Origin has to.
func TestBrowserSignsInOverPlainHTTP(t *testing.T) {
	const host = "notes.example"
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t, host)
	base := strings.Replace(s.front("", func(*http.Request) {}), "localhost", host, 1)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url+" {\npublic_url "+base+"\n}"))
	tab := b.Tab(t)
	tab.Open(base + "/")
	tab.Follow(signinButton)
	consent(tab, "someone@outlook.com")
	tab.Until("document.querySelector('.state')?.innerText.includes('Ready')")
	m.wantNoReferrer(t, base)
	s.wantState(t, tokens.Ready)
	tab.Follow("form[action$='/signout'] button")
	tab.Until("document.querySelector('h1').innerText === 'Signed out'")
	s.wantState(t, tokens.SignedOut)
}

// wantNoReferrer fails the test if the provider was told that the browser came
// from the site.
func (m *microsoft) wantNoReferrer(t *testing.T, base string) {
	t.Helper()
	for _, r := range m.requests("/") {
		if from := strings.Join(r.Headers["Referer"], ", "); strings.HasPrefix(from, base) {
			t.Errorf("%s %s was told that the browser comes from %s", r.Method, r.Path, from)
		}
	}
}

// The script that posts the fragment takes it out of the address first: the
// page may be shown for long while it is posted, and an address is copied,
// bookmarked, and kept by the browser.
func TestFragmentLeavesAddressBeforeItIsPosted(t *testing.T) {
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	var posted atomic.Bool
	held := make(chan struct{})
	goOn := sync.OnceFunc(func() { close(held) })
	defer goOn()
	base := s.front("", func(r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/callback") {
			posted.Store(true)
			<-held
		}
	})
	s.mustLoad(s.config("client_id test\nauthority "+m.url+"\nflow token\nscopes office.onenote_update", "onenote "+m.url+" {\npublic_url "+base+"\n}"))
	tab := b.Tab(t)
	tab.Open(base + "/")
	tab.Follow(signinButton)
	tab.Fill("input[name=user]", "someone@outlook.com")
	tab.Press(acceptButton)
	eventually(t, "the fragment is posted", posted.Load)
	if got, want := tab.Address().String(), base+"/auth/default/callback"; got != want {
		t.Errorf("while the response is posted the address is %s, want %s", got, want)
	}
	goOn()
	tab.Until("document.querySelector('.state')?.innerText.includes('Ready')")
	s.wantState(t, tokens.Ready)
}
