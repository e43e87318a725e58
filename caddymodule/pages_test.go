// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"html"
	"regexp"
	"strings"
	"testing"
)

// What a browser asks for, and what programs do.
const (
	browserAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	programAccept = "*/*"
)

// People get our refusals as a page with the same words, programs as JSON. Paths of
// the API always have the API's shape: an app may ask for a page of notes.
func TestRefusalsArePagesForPeople(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	t.Setenv("ONENOTE_TEST_CLIENT_KEY", "a-key-of-thirty-two-letters-or-so")
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url+" {\nclient_key app {env.ONENOTE_TEST_CLIENT_KEY}\n}"))
	const key = "a-key-of-thirty-two-letters-or-so"
	for _, tc := range []struct {
		name, method, path string
		headers            []string
		status             int
		cause              string
		page               bool
		words              string
	}{
		{"nothing there", "GET", "/wiki/start", nil, 404, "not_found", true, "There is nothing at this path."},
		{"no key", "GET", "/", nil, 401, "forbidden_client", true, "A key is needed"},
		{"foreign host", "GET", "/", []string{"Host", "evil.example"}, 403, "forbidden_host", true, "allowed_hosts"},
		{"wrong method", "PUT", "/auth/default/signin", nil, 405, "method_not_allowed", true, "This path takes"},
		{"no such page", "GET", "/auth/default/nothing", []string{"X-Onenote-Proxy-Key", key}, 404, "not_found", true, "There is no such page"},
		{"page of no account", "POST", "/auth/nobody/signout", []string{"X-Onenote-Proxy-Key", key}, 404, "not_found", true, "There is no such page"},
		{"page of notes, nobody signed in", "GET", "/api/v1.0/me/notes/pages/1/content", []string{"X-Onenote-Proxy-Key", key}, 401, "signin_required", false, `"code":"40001"`},
		{"page of notes, no key", "GET", "/api/v1.0/me/notes/pages/1/content", nil, 403, "forbidden_client", false, `"code":"40003"`},
		{"page of notes, bad path", "GET", "/api/v1.0/%2e%2e/content", nil, 400, "bad_path", false, `"code":"20111"`},
		{"bad path that may be the API's", "GET", "/x/..%2fAPI/v1.0/me", nil, 400, "bad_path", false, `"code":"20111"`},
		{"bad path elsewhere", "GET", "/wiki//start", nil, 400, "bad_path", true, "Not understood"},
		{"probe", "POST", "/healthz", nil, 405, "method_not_allowed", false, `"code":"20111"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, accept := range []string{browserAccept, programAccept} {
				res := s.do(tc.method, tc.path, "", append([]string{"Accept", accept}, tc.headers...)...)
				res.want(t, tc.status, tc.cause)
				wantType, words := "application/json", ""
				if accept == browserAccept {
					words = tc.words
				}
				if tc.page && accept == browserAccept {
					wantType = "text/html; charset=utf-8"
				}
				if got := res.Header.Get("Content-Type"); got != wantType || !strings.Contains(res.body, words) {
					t.Errorf("Accept %s: got %s: %s; want %s with %q", accept, got, res.body, wantType, words)
				}
				if got := res.Header.Get("Cache-Control"); got != "no-store" {
					t.Errorf("Accept %s: Cache-Control: got %q, want no-store", accept, got)
				}
				if version := moduleVersion(); version != "" && strings.Contains(res.body, version) {
					t.Errorf("Accept %s: a stranger is told the version", accept)
				}
			}
		})
	}
	if res := s.get("/", "Accept", browserAccept); res.Header.Get("WWW-Authenticate") == "" {
		t.Error("the page about a missing key does not make browsers ask for one")
	}
}

// A person sees by the page that apps get through, also after a reload.
func TestStatusPageShowsWhatWasServed(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	config := s.config("client_id test\nauthority "+m.url, "onenote "+m.url+" {\nimages local\n}")
	s.mustLoad(config)
	page := s.signIn(browser(), "default", "megan.bowen@outlook.com").body
	for _, want := range []string{"Megan Bowen", "as the notebooks name their owner", "2 notebooks", "No request since the start"} {
		if !strings.Contains(page, want) {
			t.Errorf("after the sign-in: got %s, want %q", page, want)
		}
	}
	s.get(notebooks).want(t, 200, "")
	s.get("/api/v1.0/me/notes/notebooks/nothing").want(t, 404, "")
	m.control("POST", "tokens/revoke", `{"kind":"access"}`)
	s.get(notebooks).want(t, 200, "")
	content := s.get(strings.TrimPrefix(s.page("/api/v1.0/me/notes/", "Pictures").ContentURL, s.url)).body
	picture := regexp.MustCompile(`src="` + regexp.QuoteMeta(s.url) + `([^"]+)"`).FindStringSubmatch(content)
	if picture == nil {
		t.Fatalf("got no local picture in %s", content)
	}
	s.get(html.UnescapeString(picture[1])).want(t, 200, "")
	m.control("POST", "faults", `{"path":"`+notebooks+`","status":429,"times":1}`)
	s.get(notebooks).want(t, 429, "")
	s.do("DELETE", "/nothing", "") // no account's
	s.mustLoad(config + "\n# reloaded\n")
	page = s.get("/").body
	for _, want := range []string{"<b>1</b> picture<", "<b>1</b> retry", "<b>1</b> throttled", "Served since the start"} {
		if !strings.Contains(page, want) {
			t.Errorf("page: got %s, want %q", page, want)
		}
	}
	if strings.Contains(page, "failed</li>") {
		t.Errorf("page: got failures, want none: %s", page)
	}
	s.adminDo("DELETE", "/onenote/accounts/default", "")
	s.get(notebooks).want(t, 401, "signin_required")
	if page = s.get("/").body; !strings.Contains(page, "<b>1</b> failed") {
		t.Errorf("page: got %s, want one failed request", page)
	}
}

// A person who owns no notebook by that name is not taken for the owner.
func TestOwnerIsThatOfAnOwnNotebook(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"OneNote", `{"value":[{"userRole":"Owner","createdBy":"Ada Lovelace"}]}`, "Ada Lovelace"},
		{"Graph", `{"value":[{"userRole":"Owner","createdBy":{"user":{"id":"1","displayName":"Ada Lovelace"}}}]}`, "Ada Lovelace"},
		{"shared", `{"value":[{"userRole":"Contributor","createdBy":"Eve"},{"userRole":"Owner","createdBy":"Ada"}]}`, "Ada"},
		{"only shared", `{"value":[{"userRole":"Reader","createdBy":"Eve"}]}`, ""},
		{"no role", `{"value":[{"createdBy":"Ada"}]}`, "Ada"},
		{"nobody", `{"value":[{"userRole":"Owner","createdBy":null},{"userRole":"Owner"}]}`, ""},
		{"an app", `{"value":[{"userRole":"Owner","createdBy":{"application":{"displayName":"App"}}}]}`, ""},
		{"two lines", `{"value":[{"createdBy":"Ada\n\u202eLovelace"}]}`, "Ada Lovelace"},
		{"none", `{"value":[]}`, ""},
		{"no list", `[]`, ""},
	} {
		if got := ownerIn([]byte(tc.body)); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}
