// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/internal/chromium"
	"github.com/caddy-onenote/caddy-onenote/internal/signinclients"
)

// signinFolder is where the sign-in libraries are that others wrote.
const signinFolder = "../internal/signinclients"

// Sign-in libraries get through, as they are: nobody is signed in at the beginning, and the
// proxy restarts in the middle. Each has a site and an account of its own, and all of them
// work at the same time.
func TestSignInLibrariesWorkUnchanged(t *testing.T) {
	libraries := signinclients.Libraries()
	for _, library := range libraries {
		library.Need(t, signinFolder)
	}
	m, s := startMicrosoft(t), newServer(t)
	config, sites := s.libraryConfig(m, libraries)
	s.mustLoad(config)
	var arrived, restarted sync.WaitGroup
	arrived.Add(len(libraries))
	restarted.Add(1)
	var running sync.WaitGroup
	for i, library := range libraries {
		running.Go(func() {
			reached := sync.OnceFunc(arrived.Done)
			defer reached() // also where it fails before
			r, err := library.Run(t.Context(), signinFolder, sites[i], s.authority(), func() {
				reached()
				restarted.Wait()
			})
			if err != nil {
				t.Error(err)
				return
			}
			wantSignedInByLibrary(t, library, r)
		})
	}
	arrived.Wait()
	if err := caddy.Stop(); err != nil {
		t.Error(err)
	}
	s.mustLoad(config)
	restarted.Done()
	running.Wait()
	wantKeysOnlyHere(t, m, s)
}

// libraryConfig is the configuration of a site and an account for each library, and the
// URLs of the sites.
func (s *caddyServer) libraryConfig(m *microsoft, libraries []signinclients.Library) (config string, sites []string) {
	s.t.Helper()
	var accounts, more strings.Builder
	for i := range libraries {
		name, port := fmt.Sprint("library", i), freePort(s.t)
		sites = append(sites, "https://localhost:"+port)
		fmt.Fprintf(&accounts, "account %s\n", name)
		fmt.Fprintf(&more, "https://localhost:%s {\nbind 127.0.0.1\ntls internal\nlog\nonenote %s {\naccount %s\npublic_url %s\napp_signin http://localhost/callback\n}\n}\n", port, m.url, name, sites[i])
	}
	return s.config("client_id test\nauthority "+m.url+"\n"+accounts.String(), "respond 204", "auto_https disable_redirects\nskip_install_trust") + more.String(), sites
}

// wantSignedInByLibrary fails the test unless a library got what the seed has.
func wantSignedInByLibrary(t *testing.T, library signinclients.Library, r signinclients.Report) {
	t.Helper()
	if len(r.Lists) < 4 {
		t.Errorf("%s: notebooks were listed %d times, want 4: %q", library, len(r.Lists), r.Lists)
	}
	for _, names := range r.Lists {
		if want := []string{"My Notebook", "Recipes & more"}; !slices.Equal(names, want) {
			t.Errorf("%s: got %q, want %q", library, names, want)
		}
	}
	if !slices.ContainsFunc(r.Pages, func(path string) bool { return strings.HasSuffix(path, "/signin") }) {
		t.Errorf("%s: nobody came by our sign-in page: %q", library, r.Pages)
	}
	if len(r.Secrets) < 3 {
		t.Errorf("%s: got %d secrets, want 3", library, len(r.Secrets))
	}
	for _, secret := range r.Secrets {
		if !strings.HasPrefix(secret, "onpxkey1") {
			t.Errorf("%s has been given %s, which is none of ours", library, secret)
		}
	}
}

// wantKeysOnlyHere fails the test if what apps were given is in the log or at Microsoft.
func wantKeysOnlyHere(t *testing.T, m *microsoft, s *caddyServer) {
	t.Helper()
	if strings.Contains(s.log(), "onpxkey1") {
		t.Error("a key is in the log")
	}
	if strings.Contains(string(m.control("GET", "requests", "")), "onpxkey1") {
		t.Error("a key has reached Microsoft")
	}
}

// authority is the file with the certificate of Caddy's own authority (tls internal).
func (s *caddyServer) authority() string {
	return filepath.Join(s.dir, "storage", "pki", "authorities", "local", "root.crt")
}

// hellojs runs in browsers, on a page of another origin, and opens the sign-in in a window
// of its own.
func TestBrowserSignsInToAppWithHelloJS(t *testing.T) {
	signinclients.HelloJS.Need(t, signinFolder)
	app := httptest.NewServer(http.FileServer(http.Dir(signinFolder)))
	t.Cleanup(app.Close)
	origin := strings.Replace(app.URL, "127.0.0.1", "localhost", 1)
	m, s, b := startMicrosoft(t), newServer(t), chromium.Start(t)
	config := s.config("client_id test\nauthority "+m.url, "log\nonenote "+m.url+" {\napp_signin http://localhost/hellojs.html\nallowed_origins "+origin+"\n}")
	s.mustLoad(config)
	tab := b.Tab(t)
	tab.Open(origin + "/hellojs.html?base=" + url.QueryEscape(s.url))
	notebooks := func() {
		t.Helper()
		var names []string
		tab.Press("#list")
		tab.Until("window.names || window.failure")
		tab.Eval("window.names ?? [window.failure]", &names)
		if want := []string{"My Notebook", "Recipes & more"}; !slices.Equal(names, want) {
			t.Errorf("got %q, want %q", names, want)
		}
	}
	keyAfter := func(press func()) (key string) {
		t.Helper()
		press()
		tab.Until("window.key || window.failure")
		tab.Eval("window.key ?? window.failure", &key)
		if !strings.HasPrefix(key, "onpxkey1a") {
			t.Fatalf("got %q, want a key", key)
		}
		return key
	}
	first := keyAfter(func() {
		popup := tab.Opened(func() { tab.Press("#signin") })
		popup.Until("location.pathname === '/auth/default/signin'")
		popup.Follow("form[action$='/signin']:not(:has([name=flow])):not(:has([name=another])) button")
		popup.Fill("input[name=user]", "someone@outlook.com")
		popup.Press(acceptButton)
	})
	notebooks()
	second := keyAfter(func() { tab.Press("#signin") }) // signed in: the window closes at once
	if first == second {
		t.Error("the second sign-in gave the first key")
	}
	s.restart(config)
	notebooks()
	tab.Press("#signout")
	tab.Until("window.signedOut")
	s.get("/api/v1.0/me/notes/notebooks").want(t, 200, "") // the account stays signed in
	wantKeysOnlyHere(t, m, s)
}
