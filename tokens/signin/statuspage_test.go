// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// Once an account is usable, the page says how to try it.
func TestStatusPageShowsCommandToTry(t *testing.T) {
	s := newSite(t, entra())
	s.pages.API = &signin.API{Addresses: []string{"https://www.onenote.com"}, Sample: "/api/v1.0/me/notes/notebooks"}
	b := newBrowser(t)
	b.open(s.url("/"))
	b.sees("takes the place of https://www.onenote.com;")
	if strings.Contains(b.body, "curl ") {
		t.Error("signed out: the page has a command that cannot work")
	}
	s.begin(b, "default")
	b.decide("accept", "ada@example.com")
	command := "curl " + s.url("") + "/api/v1.0/me/notes/notebooks"
	if !strings.Contains(b.body, `value="`+command+`"`) {
		t.Errorf("page: got %s, want %s", b.body, command)
	}
	s.pages.API.Keyed = true
	b.open(s.url("/"))
	if !strings.Contains(b.body, `curl -H &#34;X-Onenote-Proxy-Key: YOUR-KEY&#34; http`) {
		t.Errorf("with keys: got %s, want the key in the command", b.body)
	}
	s.pages.PagesOnly = true
	b.open(s.url("/"))
	if strings.Contains(b.body, `id="base"`) {
		t.Error("a port for pages alone: got a base URL, where no app gets a response")
	}
}

// A person who closed the page with the code gets back to it.
func TestDeviceCodeIsFoundAgain(t *testing.T) {
	s := newSite(t, oauth.Config{Flow: oauth.FlowDevice})
	b := newBrowser(t)
	s.press(b)
	code := b.text("output")
	for _, path := range []string{"/", "/auth/default/signin"} {
		b.open(s.url(path))
		b.sees("A code is waiting to be typed in", "Back to the code")
		b.open(s.url("/auth/default/signin?attempt=" + attemptIn(b.body)))
		if got := b.text("output"); got != code {
			t.Errorf("%s: got the code %q, want %q", path, got, code)
		}
	}
	s.access.MaySignIn = false
	b.open(s.url("/"))
	if strings.Contains(b.body, "attempt=") {
		t.Error("a client that may not sign in is led to the code")
	}
	s.access.MaySignIn = true
	s.clock.advance(16 * time.Minute)
	b.open(s.url("/"))
	if strings.Contains(b.body, "attempt=") {
		t.Error("the page leads back to a code that has ended")
	}
}

// press presses the button of the only account.
func (s *site) press(b *browser) {
	s.t.Helper()
	b.open(s.url("/"))
	b.press("/auth/default/signin", nil)
}

// attemptIn returns the attempt that a page leads to.
func attemptIn(body string) string {
	_, rest, _ := strings.Cut(body, "?attempt=")
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// The provider does not tell the name of a personal account; the API does.
func TestNameIsAskedOfTheAPI(t *testing.T) {
	s := newSite(t, oauth.Config{})
	asked := make(chan string, 9)
	s.pages.Test = func(_ context.Context, account string) []signin.Test {
		asked <- account
		return []signin.Test{{Result: "2 notebooks", Owner: "Ada Lovelace"}}
	}
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "ada@outlook.com")
	b.sees("Ada Lovelace", "as the notebooks name their owner", "Tested: 2 notebooks")

	// A process that has not asked yet, as after a restart, asks once.
	again := signin.NewAttempts()
	t.Cleanup(func() { again.Close() })
	s.pages.Attempts = again
	<-asked
	b.open(s.url("/"))
	b.sees("Personal Microsoft account")
	if got := <-asked; got != "default" {
		t.Errorf("asked for %q, want default", got)
	}
	s.pages.Close() // waits
	if len(asked) > 0 {
		t.Error("the API was asked once more")
	}
	b.open(s.url("/"))
	b.sees("Ada Lovelace")
	if len(asked) > 0 {
		t.Error("the API was asked once more")
	}
}

// What the API told of one user says nothing of the next.
func TestNameOfAnotherUserIsNotShown(t *testing.T) {
	s := newSite(t, oauth.Config{})
	owner := "Ada Lovelace"
	s.pages.Test = func(context.Context, string) []signin.Test {
		return []signin.Test{{Result: "2 notebooks", Owner: owner}}
	}
	b := newBrowser(t)
	s.begin(b, "default")
	b.decide("accept", "ada@outlook.com")
	b.sees("Ada Lovelace")

	// Somebody else signs in where this process does not see it.
	grant := &oauth.Grant{AccessToken: "t", RefreshToken: "r", ObtainedAt: s.clock.Now(), Expiry: s.clock.Now().Add(time.Hour), User: oauth.User{ID: "eves-id"}}
	if err := s.pages.Accounts[0].Adopt(t.Context(), grant, true); err != nil {
		t.Fatal(err)
	}
	b.open(s.url("/"))
	b.sees("Personal Microsoft account", "ends in ves-id")
	if strings.Contains(b.body, "Ada Lovelace") {
		t.Error("the page calls the new user by the name of the old one")
	}
}

func TestIconIsServed(t *testing.T) {
	s := newSite(t, entra())
	res, err := newBrowser(t).client.Get(s.url("/favicon.ico"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || got != "image/x-icon" || res.ContentLength <= 0 {
		t.Errorf("got %d, %s, %d bytes; want an icon", res.StatusCode, got, res.ContentLength)
	}
}

// A refusal of the server around the pages tells strangers nothing else, and its links
// work at any depth.
func TestRefusalIsPage(t *testing.T) {
	s := newSite(t, entra())
	s.pages.Version = "v1.2.3"
	for path, root := range map[string]string{"/": "./", "/nothing": "./", "/auth/x": "./../", "/a/b/c/": "./../../../", "/a%2Fb": "./"} {
		w := httptest.NewRecorder()
		s.pages.ServeRefusal(w, httptest.NewRequest(http.MethodGet, path, nil), signin.Refusal{
			Status: http.StatusForbidden, Message: "this is <not> allowed.", Cause: "forbidden_client", Explanation: "https://docs.example/#forbidden_client",
		})
		body := w.Body.String()
		for _, want := range []string{"This is &lt;not&gt; allowed.", "<h1>Not allowed here</h1>", "forbidden_client", `href="https://docs.example/#forbidden_client"`, `<a href="` + root + `">`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: got %s, want %s", path, body, want)
			}
		}
		if w.Code != http.StatusForbidden || strings.Contains(body, "v1.2.3") || w.Header().Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: got %d, %v, %s", path, w.Code, w.Header(), body)
		}
	}
}

func TestOnlyBrowsersGetPages(t *testing.T) {
	for _, tc := range []struct {
		accept, mode string
		want         bool
	}{
		{"text/html,application/xhtml+xml,*/*;q=0.8", "navigate", true},
		{"text/html", "", true},
		{"text/html", "cors", false},
		{"*/*", "", false},
		{"", "", false},
		{"application/json", "navigate", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", tc.accept)
		if tc.mode != "" {
			r.Header.Set("Sec-Fetch-Mode", tc.mode)
		}
		if got := signin.WantsPage(r); got != tc.want {
			t.Errorf("Accept %q, mode %q: got %v, want %v", tc.accept, tc.mode, got, tc.want)
		}
	}
}
