// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// A sample is a legacy URL and its image, both made without the mapper.
type sample struct {
	method         string
	legacy, graph  string // as both APIs write them
	consumer, copy bool
}

// A maker makes samples. The same seed makes the same ones.
type maker struct{ *rand.Rand }

func (m maker) one(of ...string) string { return of[m.IntN(len(of))] }

func (m maker) hex(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte("0123456789abcdef"[m.IntN(16)])
	}
	return b.String()
}

func (m maker) guid() string {
	return m.hex(8) + "-" + m.hex(4) + "-" + m.hex(4) + "-" + m.hex(4) + "-" + m.hex(12)
}

// id returns an id of a personal or of a work account, of a section or of something
// in it.
func (m maker) id(consumer bool) string {
	prefix, container := "1-", m.guid()
	if consumer {
		prefix, container = "0-", strings.ToUpper(m.hex(16))+"!"+m.one("482", "s"+m.hex(32))
	}
	if m.IntN(2) == 0 {
		return prefix + container
	}
	if m.IntN(4) == 0 {
		prefix = "1-" // newer pages of personal accounts
	}
	return fmt.Sprintf("%s%s!%d-%s", prefix, m.hex(32), m.IntN(300), container)
}

// root returns a root in both APIs.
func (m maker) root() (legacy, graphRoot string) {
	switch m.IntN(6) {
	case 0:
		user := m.one("user@example.com", m.guid(), "first.last_x@contoso.onmicrosoft.com", "me")
		return "users/" + user + "/notes", "users/" + user + "/onenote"
	case 1:
		group := m.guid()
		return "myOrganization/groups/" + group + "/notes", "groups/" + group + "/onenote"
	case 2:
		c, w := m.guid(), m.guid()
		return "myOrganization/siteCollections/" + c + "/sites/" + w + "/notes", "sites/tenant.sharepoint.com," + c + "," + w + "/onenote"
	case 3:
		c := m.guid()
		return "myOrganization/siteCollections/" + c + "/notes", "sites/" + c + "/onenote"
	}
	return "me/notes", "me/onenote"
}

// safeRoutes are the routes that the reference calls safe or lossy, with {id} for an
// id. A second field is the spelling on Graph where it differs.
var safeRoutes = [...]struct{ method, legacy, graph string }{
	{"GET", "notebooks", ""},
	{"POST", "notebooks", ""},
	{"GET", "notebooks/{id}", ""},
	{"GET", "notebooks/{id}/sections", ""},
	{"POST", "notebooks/{id}/sections", ""},
	{"GET", "notebooks/{id}/sectionGroups", ""},
	{"POST", "notebooks/{id}/sectionGroups", ""},
	{"POST", "notebooks/{id}/copyNotebook", ""},
	{"POST", "notebooks/GetNotebookFromWebUrl", "notebooks/getNotebookFromWebUrl"},
	{"GET", "notebooks/GetRecentNotebooks(includePersonalNotebooks=true)", "notebooks/getRecentNotebooks(includePersonalNotebooks=true)"},
	{"GET", "sectionGroups", ""},
	{"GET", "sectionGroups/{id}", ""},
	{"GET", "sectionGroups/{id}/sections", ""},
	{"POST", "sectionGroups/{id}/sectionGroups", ""},
	{"GET", "sectionGroups/{id}/parentNotebook", ""},
	{"GET", "sections", ""},
	{"GET", "sections/{id}", ""},
	{"GET", "sections/{id}/pages", ""},
	{"POST", "sections/{id}/pages", ""},
	{"GET", "sections/{id}/parentSectionGroup", ""},
	{"POST", "sections/{id}/copyToNotebook", ""},
	{"POST", "sections/{id}/copyToSectionGroup", ""},
	{"GET", "pages", ""},
	{"POST", "pages", ""},
	{"GET", "pages/{id}", ""},
	{"DELETE", "pages/{id}", ""},
	{"GET", "pages/{id}/content", ""},
	{"PATCH", "pages/{id}/content", ""},
	{"GET", "pages/{id}/$value", ""},
	{"GET", "pages/{id}/preview", ""},
	{"GET", "pages/{id}/parentSection", ""},
	{"POST", "pages/{id}/copyToSection", ""},
	{"GET", "resources/{id}/$value", ""},
	{"GET", "operations/{id}", ""},
}

func (m maker) sample() sample {
	route := safeRoutes[m.IntN(len(safeRoutes))]
	if route.graph == "" {
		route.graph = route.legacy
	}
	legacyRoot, graphRoot := m.root()
	s := sample{method: route.method, consumer: m.IntN(2) == 0, copy: strings.Contains(route.legacy, "/copy")}
	id := m.id(s.consumer)
	version := "/v1.0/"
	if s.copy && s.consumer {
		version = "/beta/"
	}
	s.legacy = "/api/v1.0/" + legacyRoot + "/" + strings.Replace(route.legacy, "{id}", id, 1)
	s.graph = version + graphRoot + "/" + strings.Replace(route.graph, "{id}", strings.ReplaceAll(id, "!", "%21"), 1)
	return s
}

// respell returns another spelling of a legacy URL, which means the same.
func (m maker) respell(legacy string) string {
	written := strings.Split(legacy, "/")[1:]
	segments := slices.Clone(written)
	for i, s := range written {
		isID := i > 1 && (strings.ContainsAny(s, "0123456789@") || written[i-1] == "users")
		switch {
		case isID && m.IntN(3) == 0:
			segments[i] = strings.ReplaceAll(s, "!", "%21")
		case isID && m.IntN(3) == 0:
			segments[i-1] += "('" + s + "')"
			segments[i] = ""
		case isID:
		case m.IntN(3) == 0:
			segments[i] = m.one(strings.ToUpper(s), strings.ToLower(s))
		case m.IntN(4) == 0:
			at := m.IntN(len(s))
			segments[i] = fmt.Sprintf("%s%%%02x%s", s[:at], s[at], s[at+1:])
		}
	}
	last := len(segments) - 1
	for _, action := range []string{"copy", "Get", "preview"} {
		if strings.HasPrefix(segments[last], action) && m.IntN(2) == 0 {
			segments[last] = m.one("Microsoft.OneNote.Api.", "microsoft.onenote.api.") + segments[last]
		}
	}
	if strings.Contains(segments[last], "copy") && m.IntN(3) == 0 {
		segments[last] += m.one("()", "%28%29")
	}
	path := ""
	for _, s := range segments {
		if s != "" {
			path += "/" + s
		}
	}
	return path + m.one("", "", "/")
}

// Every legacy URL that is safe leads to Graph and back to itself.
func TestSafeURLsAreMappedThereAndBack(t *testing.T) {
	for seed := range uint64(1500) {
		mk := maker{rand.New(rand.NewPCG(seed, 12))}
		s := mk.sample()
		m := &graph.Mapper{Sites: graph.NewSites("tenant.sharepoint.com")}
		for _, spelling := range []string{s.legacy, mk.respell(s.legacy), mk.respell(s.legacy), strings.Replace(s.legacy, "v1.0", "beta", 1)} {
			got, err := m.ToGraph(s.method, spelling)
			if err != nil {
				t.Fatalf("seed %d: %s %s: %v", seed, s.method, spelling, err)
			}
			if got.Path != s.graph {
				t.Fatalf("seed %d: %s %s:\ngot  %s\nwant %s", seed, s.method, spelling, got.Path, s.graph)
			}
			if hasID := strings.Contains(s.graph, "-"); hasID && got.ID != "" && got.Consumer != s.consumer {
				t.Fatalf("seed %d: %s: got consumer %t, want %t", seed, got.ID, got.Consumer, s.consumer)
			}
			if back, ok := m.ToLegacy(got.Path); !ok || back != s.legacy {
				t.Fatalf("seed %d: %s back:\ngot  %s, %t\nwant %s", seed, got.Path, back, ok, s.legacy)
			}
		}
	}
}

// A mapper that has mapped other URLs maps like a new one.
func TestMapperRemembersNothingWrong(t *testing.T) {
	mk := maker{rand.New(rand.NewPCG(1, 12))}
	old := &graph.Mapper{Sites: graph.NewSites("tenant.sharepoint.com")}
	var urls []string
	for range 300 {
		s := mk.sample()
		keyed := strings.Replace(strings.Replace(s.graph, "users/user@example.com/", "users('user@example.com')/", 1), "/me/", "/users('x')/", 1)
		urls = append(urls, s.graph, keyed, s.legacy, "/api/v1.0/pages/1-a", "/v1.0/me", "/v1.0/users/onenote/onenote/pages", "/v1.0/users/onenote/pages")
	}
	for range 2000 {
		url := urls[mk.IntN(len(urls))]
		old.Me = mk.one("", "x", "user@example.com")
		old.Version = mk.one("", "beta")
		fresh := &graph.Mapper{Sites: old.Sites, Me: old.Me, Version: old.Version}
		got, gotOK := old.ToLegacy(url)
		want, wantOK := fresh.ToLegacy(url)
		if got != want || gotOK != wantOK {
			t.Fatalf("%s with Me %q: got %q, %t, want %q, %t", url, old.Me, got, gotOK, want, wantOK)
		}
	}
}

// What a browser or an app may send is nothing else than it was: only these methods
// lead anywhere.
func TestOtherMethodsAreRefused(t *testing.T) {
	for _, route := range safeRoutes {
		for _, method := range []string{http.MethodPut, http.MethodOptions, http.MethodTrace, http.MethodConnect, "get", "LOCK", ""} {
			path := "/api/v1.0/me/notes/" + strings.Replace(route.legacy, "{id}", "1-a", 1)
			if got, err := new(graph.Mapper).ToGraph(method, path); err == nil {
				t.Errorf("%q %s: got %s, want an error", method, path, got.Path)
			}
		}
	}
}
