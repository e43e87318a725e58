// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// graphPath is what a path for Graph may look like at most: one root, and one place
// of OneNote below it, in characters that every server reads equally.
var graphPath = regexp.MustCompile(`^/(v1\.0|beta)/(me|(users|groups|sites)/[A-Za-z0-9._~@,%-]+)/onenote/` +
	`(notebooks|sectionGroups|sections|pages|resources|operations)(/[A-Za-z0-9._~@,%$-]+){0,2}(\(includePersonalNotebooks=(true|false)\))?$`)

// siteByURL is the path of a site by its address.
var siteByURL = regexp.MustCompile(`^/v1\.0/sites/[a-z0-9.-]+(:(/[A-Za-z0-9._~%-]+)+)?$`)

// climbs reports whether any server could read the path as one that leads elsewhere.
func climbs(path string) bool {
	for range 4 {
		path = strings.NewReplacer("#EXT#", "", "#ext#", "").Replace(path) // of guests
		if strings.ContainsAny(path, `\;?#`) || strings.Contains(path, "//") {
			return true
		}
		for segment := range strings.SplitSeq(path, "/") {
			if segment != "" && strings.Trim(segment, ".") == "" {
				return true
			}
		}
		decoded, err := url.PathUnescape(path)
		if err != nil {
			return false // a percent sign that is text
		}
		path = decoded
	}
	return false
}

// Whatever an app sends leads to OneNote on Graph or nowhere, and what leads there
// comes back as a URL that leads there again.
func FuzzToGraph(f *testing.F) {
	for _, path := range []string{
		"/api/v1.0/me/notes/pages/0-1!2/content",
		"/api/beta/users('o''neill%40example.com')/notes/notebooks('1-a')/sections('1-b')/pages",
		"/api/v1.0/myOrganization/siteCollections/a/sites/b/notes/sections/1-a/Microsoft.OneNote.Api.CopyToNotebook()",
		"/api/v1.0/siteCollections/h.example.com,a,b/notes/pages",
		"/api/v1.0/myOrganization/siteCollections/FromUrl(url='https%3A%2F%2Fx.sharepoint.com%2Fsites%2Fa%20b')",
		"/api/v1.0/notebooks/GetRecentNotebooks(includePersonalNotebooks=true)",
		"/api/v1.0/resources/%2e%2e/content",
		"/api/v1.0/$batch",
		"/api/v1.0/users/guest%23EXT%23@example.com/notes/pages/1-a%252F",
	} {
		for _, method := range []string{"GET", "POST"} {
			f.Add(method, path)
		}
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		m := &graph.Mapper{Sites: graph.NewSites("tenant.sharepoint.com")}
		got, err := m.ToGraph(method, path)
		if err != nil {
			if status := err.Status(); status != 400 && status != 501 || err.Message == "" {
				t.Fatalf("%s %q: got %v with status %d", method, path, err, status)
			}
			return
		}
		switch got.Route {
		case graph.Batch:
			if got.Path != "" {
				t.Fatalf("%q: got %q, want no path", path, got.Path)
			}
			return
		case graph.FromURL:
			if !siteByURL.MatchString(got.Path) || climbs(strings.Replace(got.Path, ":/", "/", 1)) {
				t.Fatalf("%q: got %q", path, got.Path)
			}
			return
		}
		if !graphPath.MatchString(got.Path) || climbs(got.Path) {
			t.Fatalf("%q: got %q", path, got.Path)
		}
		legacy, ok := m.ToLegacy(got.Path)
		if !ok {
			t.Fatalf("%q: %q does not come back", path, got.Path)
		}
		again, err := m.ToGraph(method, legacy)
		if err != nil || again.Path != got.Path {
			t.Fatalf("%q: %q came back as %q, and that is %q, %v", path, got.Path, legacy, again.Path, err)
		}
	})
}

// Whatever Graph sends becomes a legacy URL that stays itself, or nothing.
func FuzzToLegacy(f *testing.F) {
	for _, path := range []string{
		"/v1.0/me/onenote/pages/0-1%212/content",
		"/v1.0/users('user@example.com')/onenote/resources/0-1!2/$value",
		"/v1.0/siteCollections/h.example.com,a,b/onenote/notebooks/1-a/sections",
		"/beta/groups('g')/onenote/operations/x",
		"/api/v1.0/resources/a/content",
		"$metadata#users('a%40b')/onenote/notebooks('0-1%212')/sections(id,displayName)/$entity",
		"$metadata#Collection(microsoft.graph.recentNotebook)",
	} {
		f.Add(path, "user@example.com")
	}
	f.Fuzz(func(t *testing.T, path, me string) {
		m := &graph.Mapper{Sites: graph.NewSites("tenant.sharepoint.com"), Me: me}
		if context, ok := m.ContextToLegacy(path); ok {
			again, ok := m.ContextToLegacy(context)
			if !strings.HasPrefix(context, "$metadata#") || !strings.HasPrefix(context, "$metadata#Microsoft.OneNote.Api.") && !strings.HasPrefix(context, "$metadata#Collection(") && (!ok || again != context) {
				t.Fatalf("%q: got %q, and of that %q, %t", path, context, again, ok)
			}
		}
		_, _ = graph.MeOf(path)
		picture, isPicture := m.PictureToLegacy(path)
		legacy, ok := m.ToLegacy(path)
		if isPicture != (ok && strings.Contains(legacy, "/notes/resources/")) || isPicture && !strings.HasSuffix(picture, "/content") {
			t.Fatalf("%q: got the picture %q, %t, and the path %q", path, picture, isPicture, legacy)
		}
		if !ok {
			return
		}
		if !strings.HasPrefix(legacy, "/api/v1.0/") || climbs(legacy) {
			t.Fatalf("%q: got %q", path, legacy)
		}
		if again, ok := m.ToLegacy(legacy); !ok || again != legacy {
			t.Fatalf("%q: got %q, and of that %q, %t", path, legacy, again, ok)
		}
		for _, method := range []string{"GET", "POST"} {
			if _, err := m.ToGraph(method, legacy); err == nil {
				return
			}
		}
		t.Fatalf("%q: got %q, which leads nowhere", path, legacy)
	})
}

// A reading is what a query says, by a parser that shares nothing with the translator:
// the options, with quoted texts and words apart.
type reading struct {
	name  string
	texts []string // quoted, in their order
	words []string // outside of quotes
}

// read reads a query. It reports false for one that no translator can read.
func read(raw string) (readings []reading, ok bool) {
	values, err := url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B"))
	if err != nil {
		return nil, false
	}
	for name, list := range values {
		r := reading{name: strings.ToLower(strings.Trim(name, " $"))}
		// Every second piece between quotation marks is quoted; a doubled one makes an
		// empty piece outside.
		pieces := strings.Split(list[0], "'")
		if len(pieces)%2 == 0 {
			return nil, false
		}
		for i, piece := range pieces {
			switch {
			case i%2 == 0:
				r.words = append(r.words, strings.FieldsFunc(piece, func(c rune) bool { return !strings.ContainsRune(wordRunes, c) })...)
			case i > 1 && pieces[i-1] == "":
				r.texts[len(r.texts)-1] += "''" + piece
			default:
				r.texts = append(r.texts, piece)
			}
		}
		readings = append(readings, r)
	}
	slices.SortFunc(readings, func(a, b reading) int { return strings.Compare(a.name, b.name) })
	return readings, true
}

const wordRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$"

// sameWords maps the words of one expression to what both APIs mean by them.
func sameWords(words []string) (same []string) {
	for _, w := range words {
		w = strings.ToLower(w)
		switch w {
		case "displayname":
			w = "name"
		case "createddatetime":
			w = "createdtime"
		case "lastmodifieddatetime":
			w = "lastmodifiedtime"
		case "createdbyidentity":
			w = "createdby"
		case "lastmodifiedbyidentity":
			w = "lastmodifiedby"
		case "user": // a name is the name of a user there
			continue
		}
		if strings.HasPrefix(w, "microsoft.onenote.api.") {
			continue
		}
		same = append(same, w)
	}
	// createdBy is createdBy/user/displayName.
	for i := len(same) - 1; i > 0; i-- {
		if same[i] == "name" && (same[i-1] == "createdby" || same[i-1] == "lastmodifiedby") {
			same = slices.Delete(same, i, i+1)
		}
	}
	return same
}

// A translated query says what the app has said: quoted text is the same to the byte,
// and so are the words of expressions, but for their names. It can be translated again
// and stays itself.
func FuzzTranslateQuery(f *testing.F) {
	for _, query := range []string{
		"",
		"$filter=name%20eq%20'it''s'&$orderby=createdTime+desc&top=5",
		"filter=createdBy%20eq%20'X'%20and%20userRole%20eq%20Microsoft.OneNote.Api.UserRole'Owner'",
		"expand=sections(select=name,createdByIdentity;filter=name%20eq%20'a;)''';levels=max),sectionGroups",
		"includeIDs=true,preAuthenticated=true",
		"select=id,name,createdBy,createdByIdentity,links/oneNoteWebUrl",
		"filter=sections/any(s:s/name%20eq%20'%2B%26')%20or%20not%20(level%20add%201%20gt%20-2.5)",
		"filter=createdTime%20ge%202015-07-01T10:00:00Z%20and%20contains(tolower(title),'createdTime')",
		"sectionName=a+b%2Bc&pagelevel=true&$count=true&$skiptoken=x",
		"filter=name+in+('a','b')",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := graph.TranslateQuery(raw, graph.Target{Route: graph.Collection})
		if err != nil {
			if err.Cause != apierror.BadQuery || err.Message == "" {
				t.Fatalf("%q: got %v", raw, err)
			}
			return
		}
		again, err := graph.TranslateQuery(got.Raw, graph.Target{Route: graph.Collection})
		if err != nil || again.Raw != got.Raw {
			t.Fatalf("%q: got %q, and of that %q, %v", raw, got.Raw, again.Raw, err)
		}
		if strings.ContainsAny(got.Raw, "+ #\"<>") {
			t.Fatalf("%q: got %q, with characters that are not encoded", raw, got.Raw)
		}
		compare(t, raw, got.Raw)
	})
}

// compare compares an app's query and its translation by reading both.
func compare(t *testing.T, app, translated string) {
	t.Helper()
	lower, _ := url.QueryUnescape(strings.ToLower(app))
	if strings.Contains(lower, "true,") || strings.Contains(lower, "false,") {
		return // an option behind a comma, which this parser does not know
	}
	want, ok := read(app)
	if !ok {
		return
	}
	got, ok := read(translated)
	if !ok {
		t.Fatalf("%q: got %q, which cannot be read", app, translated)
	}
	want = slices.DeleteFunc(want, func(r reading) bool { return r.name == "preauthenticated" || r.name == "_" || r.name == "" })
	want = slices.CompactFunc(want, func(a, b reading) bool { return a.name == b.name }) // once with a dollar sign, once without
	if len(got) != len(want) {
		t.Fatalf("%q: got %q, with %d options, want %d", app, translated, len(got), len(want))
	}
	for i := range want {
		if got[i].name != want[i].name {
			t.Fatalf("%q: got %q, with the option %s, want %s", app, translated, got[i].name, want[i].name)
		}
		if !slices.Equal(got[i].texts, want[i].texts) {
			t.Fatalf("%q: got %q, with the texts %q, want %q", app, translated, got[i].texts, want[i].texts)
		}
		if name := want[i].name; name == "filter" || name == "orderby" {
			if g, w := sameWords(got[i].words), sameWords(want[i].words); !slices.Equal(g, w) {
				t.Fatalf("%q: got %q, with the words %q, want %q", app, translated, g, w)
			}
		}
	}
}

// The reference parser must see a difference, or the fuzz test above proves nothing.
func TestReferenceParserSeesChanges(t *testing.T) {
	for _, tt := range []struct{ a, b string }{
		{"filter=name eq 'name'", "filter=name eq 'displayName'"},
		{"filter=a eq 'it''s'", "filter=a eq 'it' and s eq ''"},
		{"filter=a eq 1", "filter=b eq 1"},
		{"filter=a eq 'x;y'", "filter=a eq 'x'"},
	} {
		a, _ := read(encode(tt.a))
		b, _ := read(encode(tt.b))
		if slices.Equal(a[0].texts, b[0].texts) && slices.Equal(sameWords(a[0].words), sameWords(b[0].words)) {
			t.Errorf("%s and %s: got no difference", tt.a, tt.b)
		}
	}
}
