// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// entityOfGraph is what a poll of an operation of ours may ask for.
var entityOfGraph = regexp.MustCompile(`^GET /(?:v1\.0|beta)/(?:me|(?:users|groups|sites)/[^/?#\\]+)/onenote/(?:notebooks|sectionGroups|sections|pages)/[^/?#\\]+$`)

// Whatever Graph says where a copy is, its addresses stay as they are or lead to notes
// here, and a poll asks for an entity of OneNote or for an operation that is Graph's.
func FuzzCopyLocation(f *testing.F) {
	for _, location := range []string{
		graphBase + "/v1.0/me/onenote/pages/1-2",
		graphBase + "/beta/users('a@b.example')/onenote/pages('1-2')",
		graphBase + "/v1.0/sites/contoso.sharepoint.com,c,w/onenote/sections/1-2",
		graphBase + "/v1.0/me/onenote/operations/copy-1",
		graphBase + "/v1.0/me/messages",
		graphBase + "/v1.0/me/onenote/pages/%2e%2e/%2e%2e/messages",
		graphBase + "/v1.0/me/onenote/pages/1%2F..%2F..%2Fmessages",
		graphBase + "/v1.0/me/onenote/pages/1?x#y",
		graphBase + "/v1.0/me/onenote/resources/1/$value",
		"https://www.onenote.com/api/v1.0/me/notes/pages/1-2",
		"https://graph.microsoft.com@evil.example/v1.0/me/onenote/pages/1",
		"//evil.example/v1.0/me/onenote/pages/1",
		"/v1.0/me/onenote/pages/1-2",
		"https://",
		"",
	} {
		f.Add(location)
	}
	f.Fuzz(func(t *testing.T, location string) {
		s := newGraphSite(t, nil)
		_, operation, _ := s.beginCopy("Location", location)
		if operation == "" || operation == location {
			return
		}
		target, ours := strings.CutPrefix(operation, appBase)
		if !ours || !strings.HasPrefix(target, "/api/v1.0/") {
			t.Fatalf("%q: got Operation-Location %q", location, operation)
		}
		s.respond = always(404, "")
		s.send("GET", target, "")
		request, _ := s.last()
		if !entityOfGraph.MatchString(request) && !strings.Contains(request, "/onenote/operations/") || strings.Contains(request, "/..") {
			t.Errorf("%q: a poll asks for %q", location, request)
		}
	})
}

// A next link keeps the app's own address and query, whatever Graph's says.
func TestNextLinkTakesNothingButThePlace(t *testing.T) {
	for link, want := range map[string]string{
		"https://graph.microsoft.com/v1.0/me/onenote/pages?$skip=20":                                   appBase + "/api/v1.0/me/notes/pages?filter=title%20eq%20'x'&$skip=20",
		"https://evil.example/me/messages?$skip=20&$expand=x":                                          appBase + "/api/v1.0/me/notes/pages?filter=title%20eq%20'x'&$skip=20",
		"https://graph.microsoft.com/v1.0/users/a/onenote/pages?$skiptoken=a%26b%3D%2F..%23":           appBase + "/api/v1.0/me/notes/pages?filter=title%20eq%20'x'&$skiptoken=a%26b=/..%23",
		"https://graph.microsoft.com/v1.0/me/onenote/pages?$filter=displayName%20eq%20'y'&$skip=20#$x": appBase + "/api/v1.0/me/notes/pages?filter=title%20eq%20'x'&$skip=20",
		"https://graph.microsoft.com/v1.0/me/onenote/pages?$top=5":                                     appBase + "/api/v1.0/me/notes/pages?$top=5",
	} {
		s := newGraphSite(t, always(200, `{"value":[],"@odata.nextLink":"`+link+`"}`, "Content-Type", "application/json"))
		_, body := s.send("GET", "/api/v1.0/me/notes/pages?filter=title%20eq%20'x'", "")
		got := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(body, `{"value":[],"@odata.nextLink":"`), `"}`), "%2F", "/")
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", link, got, want)
		}
	}
}

// A body that Graph would lose is refused whether its length is known or not.
func TestBodyOver4MiBIsRefused(t *testing.T) {
	for _, tt := range []struct {
		size   int
		status int
	}{{4 << 20, 201}, {4<<20 + 1, 413}} {
		for _, known := range []bool{true, false} {
			s := newGraphSite(t, always(201, "{}", "Content-Type", "application/json"))
			s.unknownLength = !known
			res, body := s.send("POST", "/api/v1.0/me/notes/pages", strings.Repeat("x", tt.size), "Content-Type", "text/html")
			if res.StatusCode != tt.status || (len(s.sent) > 0) != (tt.status == 201) {
				t.Errorf("%d bytes, length known: %t: got %d after %d requests: %s", tt.size, known, res.StatusCode, len(s.sent), body)
			}
			if tt.status == 413 && !strings.Contains(body, `"code":"20016"`) {
				t.Errorf("got %s, want the code 20016", body)
			}
		}
	}
}

// onlyReader hides the length of a body.
type onlyReader struct{ io.Reader }

var _ http.RoundTripper = (*graphSite)(nil)
