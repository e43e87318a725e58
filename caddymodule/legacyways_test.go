// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"hash/fnv"
	picture "image"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/emulator/person"
)

// grey is a picture that depends on a text.
func grey(text string) picture.Image {
	h := fnv.New32a()
	h.Write([]byte(text))
	sum := h.Sum32()
	g := picture.NewGray(picture.Rect(0, 0, 8, 8))
	for i := range g.Pix {
		g.Pix[i] = byte(sum >> (i % 4 * 8))
	}
	return g
}

// People of the emulator, and what their tokens are for.
const (
	personal = "someone@example.com" // has a Microsoft account
	work     = "pat@contoso.com"     // has a work account

	ofOneNote  = "office.onenote_update wl.signin wl.offline_access"
	ofGraph    = "Notes.ReadWrite offline_access openid profile"
	ofAllNotes = "Notes.ReadWrite.All Sites.Read.All offline_access openid profile"
)

// issue returns an access token and a refresh token.
func (m *microsoft) issue(account, scope string) (access, refresh string) {
	m.t.Helper()
	var issued struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal(m.control("POST", "tokens", `{"account":"`+account+`","scope":"`+scope+`"}`), &issued); err != nil {
		m.t.Fatal(err)
	}
	return issued.Access, issued.Refresh
}

// A way is how a legacy app reaches a service.
type way struct {
	name  string
	reach func(t *testing.T, m *microsoft, account, graphScope string) *legacyClient
	graph bool
}

// ways are all of them. The app is the same in each.
var ways = []way{
	{name: "directly", reach: func(t *testing.T, m *microsoft, account, _ string) *legacyClient {
		access, _ := m.issue(account, ofOneNote)
		return newLegacyClient(t, m.url, access)
	}},
	{name: "through the proxy", reach: func(t *testing.T, m *microsoft, account, _ string) *legacyClient {
		_, refresh := m.issue(account, ofOneNote)
		s := newServer(t)
		s.mustLoad(s.config("client_id test\nauthority "+m.url+"\nrefresh_token "+refresh, "onenote "+m.url))
		return newLegacyClient(t, s.url, "")
	}},
	{name: "through the proxy to Graph", graph: true, reach: func(t *testing.T, m *microsoft, account, scope string) *legacyClient {
		s := newServer(t)
		s.mustLoad(s.translating(m, account, scope))
		return newLegacyClient(t, s.url, "")
	}},
}

// translating is the configuration of a site that translates for the emulator's
// Graph.
func (s *caddyServer) translating(m *microsoft, account, scope string, options ...string) string {
	_, refresh := m.issue(account, scope)
	tenant := "consumers"
	if account != personal {
		tenant = "organizations"
	}
	return s.config("provider entra\ntenant "+tenant+"\nclient_id test\nauthority "+m.url+"\nscopes "+scope+"\nrefresh_token "+refresh,
		"onenote "+m.url+" {\nupstream_api graph\n"+strings.Join(options, "\n")+"\n}")
}

// A rootOf finds whose notes the app uses.
type rootOf func(t *testing.T, c *legacyClient) string

func fixed(root string) rootOf { return func(*testing.T, *legacyClient) string { return root } }

// The whole suite, for the notes of a person with a Microsoft account.
func TestLegacyAppUsesPersonalNotes(t *testing.T) {
	eachWay(t, personal, ofGraph, map[string]rootOf{
		"me":      fixed("/api/v1.0/me/notes"),
		"no root": fixed("/api/v1.0"),
	})
}

// The same for the notes that work accounts can reach.
func TestLegacyAppUsesWorkNotes(t *testing.T) {
	eachWay(t, work, ofAllNotes, map[string]rootOf{
		"me":          fixed("/api/v1.0/me/notes"),
		"a colleague": fixed("/api/v1.0/users/kim@contoso.com/notes"),
		"the own id":  fixed("/api/v1.0/users/" + person.Named(work).ObjectID() + "/notes"),
		"a group":     fixed("/api/v1.0/myOrganization/groups/5f9f2c0e-8d1a-4b6f-8a37-3b6a1f2c9d10/notes"),
		"a site": func(t *testing.T, c *legacyClient) string {
			address := url.QueryEscape("https://fabrikam.sharepoint.com/sites/Team")
			site := c.get(t, "/api/v1.0/myOrganization/siteCollections/FromUrl(url='"+address+"')").want(t, 200).object(t)
			if site.text("siteCollectionId") == "" || site.text("siteId") == "" {
				t.Fatalf("FromUrl: got %v", site)
			}
			return "/api/v1.0/myOrganization/siteCollections/" + site.text("siteCollectionId") + "/sites/" + site.text("siteId") + "/notes"
		},
	})
}

// eachWay runs the suite for each way and each of the roots.
func eachWay(t *testing.T, account, graphScope string, roots map[string]rootOf) {
	for _, w := range ways {
		if throughReverseProxy && !w.graph {
			continue // other tests compare both ways of proxying what is not translated
		}
		for name, root := range roots {
			t.Run(w.name+", "+name, func(t *testing.T) {
				m := startMicrosoft(t)
				c := w.reach(t, m, account, graphScope)
				c.root = root(t, c)
				useLegacyAPI(t, c)
				if w.graph {
					wantNothingOfGraph(t, m, c.seen)
					wantNotesOnly(t, m)
				}
			})
		}
	}
}

// Which bytes give Graph away.
var (
	identities     = regexp.MustCompile(`"(?:user|application|device)":\s*\{[^{}]*\}`)
	shapesOfGraph  = regexp.MustCompile(`"displayName":|"lastModifiedDateTime":|"innerError"|/onenote/|/v1\.0/(?:me|users|groups|sites)[/(]|/beta/(?:me|users|groups|sites)[/(]|microsoft\.graph|graph\.microsoft\.com|\$metadata#users\('[^']*'\)/onenote`)
	pathsOfOneNote = regexp.MustCompile(`/api/(?:v1\.0|beta)/[^"<>\s]*`)
	operationNames = regexp.MustCompile(`"(?:status|percentComplete|lastActionDateTime)":`)
)

// wantNothingOfGraph fails the test if any byte of the responses has the shape of
// Graph, or leads past the proxy.
func wantNothingOfGraph(t *testing.T, m *microsoft, seen []legacyResponse) {
	t.Helper()
	host := strings.TrimPrefix(m.url, "http://")
	for _, r := range seen {
		text := r.body
		for name, values := range r.header {
			text += "\n" + name + ": " + strings.Join(values, ", ")
		}
		if at := strings.Index(text, host); at >= 0 {
			t.Errorf("%s %s: the response leads past the proxy: …%s…", r.method, r.url, around(text, at))
		}
		if challenge := r.header["Www-Authenticate"]; len(challenge) > 0 {
			t.Errorf("%s %s: got Graph's challenge %q", r.method, r.url, challenge)
		}
		text = pathsOfOneNote.ReplaceAllString(identities.ReplaceAllString(text, "{}"), "")
		if at := shapesOfGraph.FindStringIndex(text); at != nil {
			t.Errorf("%s %s: the response has the shape of Graph: …%s…", r.method, r.url, around(text, at[0]))
		}
		if strings.Contains(text, `"createdDateTime":`) && !operationNames.MatchString(text) {
			t.Errorf("%s %s: createdDateTime outside of an operation: %s", r.method, r.url, text)
		}
	}
}

func around(text string, at int) string {
	return text[max(0, at-60):min(len(text), at+100)]
}

// notesOfGraph is what a translated request may ask for.
var notesOfGraph = regexp.MustCompile(`^/(?:v1\.0|beta)/(?:(?:me|(?:users|groups|sites)/[^/()?#\\;]+)/onenote/(?:notebooks|sectionGroups|sections|pages|resources|operations)(?:/[^/?#\\;]+)*|sites/[A-Za-z0-9.-]+(?::(?:/[^/?#\\;:]+)+)?)$`)

// wantNotesOnly fails the test if a request went up to anything but notes.
func wantNotesOnly(t *testing.T, m *microsoft) {
	t.Helper()
	for _, r := range m.requests("/") {
		if strings.Contains(r.Path, "/oauth2/") || strings.HasPrefix(r.Path, "/_emulator") || r.Path == tokenPath {
			continue
		}
		if !notesOfGraph.MatchString(r.Path) || strings.Contains(r.Path, "/..") || strings.Contains(r.Path, "/./") {
			t.Errorf("%s %s went up", r.Method, r.Path)
		}
		if len(r.Headers["Authorization"]) != 1 && r.Status != http.StatusUnauthorized {
			t.Errorf("%s %s went up with %q", r.Method, r.Path, r.Headers["Authorization"])
		}
	}
}
