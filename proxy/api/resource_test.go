// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

func TestPublicPictureHasPublicAuthAndMIMEType(t *testing.T) {
	onenote := hostsOf(t, "onenote", "https://www.onenote.com")
	graph := hostsOf(t, "graph", "https://graph.microsoft.com")
	const (
		api = "https://www.onenote.com/api/v1.0/"
		end = "content?publicAuth=true&mimeType=image/png"
	)
	for _, test := range []struct {
		name, url, want string // want "" leaves it alone
	}{
		{"me/notes", api + "me/notes/resources/0-ab!1-CD!10/$value", api + "me/notes/resources/0-ab!1-CD!10/" + end},
		{"content", api + "me/notes/resources/1/content", api + "me/notes/resources/1/" + end},
		{"short root", api + "resources/1/$value", api + "resources/1/" + end},
		{"users", api + "users/a@b.example/notes/resources/1/$value", api + "users/a@b.example/notes/resources/1/" + end},
		{"users in key form", api + "users('a@b.example')/notes/resources/1/$value", api + "users('a@b.example')/notes/resources/1/" + end},
		{"groups", api + "groups/1-2/notes/resources/1/$value", api + "groups/1-2/notes/resources/1/" + end},
		{"myOrganization", api + "myOrganization/groups/1/notes/resources/1/$value", api + "myOrganization/groups/1/notes/resources/1/" + end},
		{"site collections", api + "myorganization/sitecollections/a,b/sites/c/notes/resources/1/$value",
			api + "myorganization/sitecollections/a,b/sites/c/notes/resources/1/" + end},
		{"beta", "https://www.onenote.com/api/beta/me/notes/resources/1/$value", "https://www.onenote.com/api/beta/me/notes/resources/1/" + end},
		{"other host", "https://onenote.osi.office365.us/api/v1.0/resources/1/$value", "https://onenote.osi.office365.us/api/v1.0/resources/1/" + end},
		{"host in capitals", "HTTPS://WWW.ONENOTE.COM/api/v1.0/resources/1/$value", "HTTPS://WWW.ONENOTE.COM/api/v1.0/resources/1/" + end},
		{"http", "http://www.onenote.com/api/v1.0/resources/1/$value", "http://www.onenote.com/api/v1.0/resources/1/" + end},
		{"port", "https://www.onenote.com:443/api/v1.0/resources/1/$value", "https://www.onenote.com:443/api/v1.0/resources/1/" + end},
		{"id in braces", api + "resources/{id}/$value", api + "resources/{id}/" + end},
		{"encoded id", api + "resources/0-ab%211/%24value", api + "resources/0-ab%211/" + end},
		{"other case", api + "Resources/1/$VALUE", api + "Resources/1/" + end},
		{"resources twice", api + "resources/resources/resources/content", api + "resources/resources/resources/" + end},
		{"parameters", api + "resources/1/$value?a=1&&b=2", api + "resources/1/" + end + "&a=1&&b=2"},
		{"empty query", api + "resources/1/$value?", api + "resources/1/" + end},
		{"fragment", api + "resources/1/$value#x?y", api + "resources/1/" + end + "#x?y"},
		{"query and fragment", api + "resources/1/$value?a#x", api + "resources/1/" + end + "&a#x"},
		{"type in the query", api + "resources/1/content?mimeType=image/gif", api + "resources/1/" + end},
		{"not public yet", api + "resources/1/content?a=1&publicauth=false&b=2", api + "resources/1/" + end + "&a=1&b=2"},
		{"public $value", api + "resources/1/$value?publicAuth=true", api + "resources/1/" + end},
		{"almost publicAuth", api + "resources/1/content?publicAuthx=true", api + "resources/1/" + end + "&publicAuthx=true"},

		{"public", api + "resources/1/content?publicAuth=true&mimeType=image/gif", ""},
		{"public, other order", api + "resources/1/content?a=1&mimeType=image/gif&publicAuth=True", ""},
		{"public, no type", api + "resources/1/content?publicAuth=true", ""},
		{"page content", api + "me/notes/pages/1/content", ""},
		{"resource itself", api + "me/notes/resources/1", ""},
		{"no id", api + "me/notes/resources//$value", ""},
		{"more path", api + "me/notes/resources/1/$value/", ""},
		{"other form", api + "me/notes/resources/1/values", ""},
		{"other collection", api + "me/notes/xresources/1/$value", ""},
		{"resource in the query", api + "me?/resources/1/$value", ""},
		{"foreign", "https://evil.example/api/v1.0/resources/1/$value", ""},
		{"Graph", "https://graph.microsoft.com/v1.0/me/onenote/resources/1/$value", ""},
		{"data", "data:image/png;base64,AAAA", ""},
		{"relative", "/api/v1.0/resources/1/$value", ""},
		{"dots in names", api + "users/..a/.b/c./resources/1../$value", api + "users/..a/.b/c./resources/1../" + end},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ok := rewrite.PictureFunc(onenote.PublicPicture).Replace([]byte("x"), []byte(test.url), []byte("image/png"))
			if want := "x" + test.want; string(got) != want || ok != (test.want != "") {
				t.Errorf("%s:\n got %s, %t\nwant %s", test.url, got, ok, want)
			}
			if !ok {
				return
			}
			if again, _, ok := onenote.PublicPicture(nil, got[1:], []byte("image/png")); ok {
				t.Errorf("done twice: got %s from %s", again, got[1:])
			}
		})
	}
	for url, want := range map[string]string{
		"https://graph.microsoft.com/v1.0/users('a')/onenote/resources/1/$value": "https://graph.microsoft.com/v1.0/users('a')/onenote/resources/1/" + end,
		"https://graph.microsoft.com/beta/me/onenote/resources/1/content":        "https://graph.microsoft.com/beta/me/onenote/resources/1/" + end,
		"https://graph.microsoft.com/v1.0/education/resources/1/content":         "",
	} {
		if got, _ := rewrite.PictureFunc(graph.PublicPicture).Replace(nil, []byte(url), []byte("image/png")); string(got) != want {
			t.Errorf("Graph: %s:\n got %q\nwant %q", url, got, want)
		}
	}
}

func TestPublicPictureIgnoresInvalidMIMETypes(t *testing.T) {
	h := hostsOf(t, "onenote", "https://www.onenote.com")
	const path = "https://www.onenote.com/api/v1.0/resources/1/"
	for _, test := range []struct{ query, mimeType, want string }{
		{"", "image/jpeg", "&mimeType=image/jpeg"},
		{"", "image/svg+xml", "&mimeType=image/svg%2Bxml"},
		{"", "application/vnd.ms-photo", "&mimeType=application/vnd.ms-photo"},
		{"", "application/octet-stream", "&mimeType=application/octet-stream"},
		{"", "", ""},
		{"", "image", ""},
		{"", "image/", ""},
		{"", "/png", ""},
		{"", "image/png/x", ""},
		{"", "image/png; a=b", ""},
		{"", "image/png&x=y", ""},
		{"", "image/png&x", "&mimeType=image/png%26x"},
		{"", "image/{type}", ""},
		{"", "image/p\x00ng", ""},
		{"", "image/pn\uFFFD", ""},
		{"mimeType=image/gif", "", "&mimeType=image/gif"},
		{"mimeType=image%2Fgif", "nonsense", "&mimeType=image%2Fgif"},
		{"mimeType=image/gif", "image/png", "&mimeType=image/png"},
		{"mimeType=", "", ""},
	} {
		url := path + "$value"
		if test.query != "" {
			url += "?" + test.query
		}
		got, _ := rewrite.PictureFunc(h.PublicPicture).Replace(nil, []byte(url), []byte(test.mimeType))
		if want := path + "content?publicAuth=true" + test.want; string(got) != want {
			t.Errorf("%s with type %q:\n got %s\nwant %s", url, test.mimeType, got, want)
		}
	}
}

func TestLocalPictureIsSignedWithPathAndMIMEType(t *testing.T) {
	h := hostsOf(t, "onenote", "https://www.onenote.com")
	local := h.LocalPicture(func(dst, path, mimeType []byte) []byte {
		dst = append(append(dst, "http://here"...), path...)
		return append(append(dst, "?t="...), mimeType...)
	})
	const api = "https://www.onenote.com/api/v1.0/"
	for _, test := range []struct{ url, mimeType, want string }{
		{api + "me/notes/resources/1/$value", "image/png", "http://here/api/v1.0/me/notes/resources/1/$value?t=image/png"},
		{api + "resources/1/content?publicAuth=true&mimeType=image/gif", "", "http://here/api/v1.0/resources/1/content?t=image/gif"},
		{api + "resources/1/content?publicAuth=true&mimeType=image/gif", "image/png", "http://here/api/v1.0/resources/1/content?t=image/png"},
		{api + "resources/1/content?mimeType=image%2Fsvg%2Bxml#x", "", "http://here/api/v1.0/resources/1/content?t=image/svg+xml"},
		{api + "resources/1/content?mimeType=%zz", "", "http://here/api/v1.0/resources/1/content?t="},
		{api + "resources/1/content?mimeType=x", "", "http://here/api/v1.0/resources/1/content?t="},
		{api + "users('a|b')/notes/resources/0-1%21!2/$value", "", "http://here/api/v1.0/users('a|b')/notes/resources/0-1%21!2/$value?t="},
		{api + "resources/{ä^}/$value", "", "http://here/api/v1.0/resources/%7B%C3%A4%5E%7D/$value?t="},
		{api + "resources/..1/content", "", "http://here/api/v1.0/resources/..1/content?t="},
		{api + "me/notes/pages/1/content", "", ""},
		{api + "../v1.0/resources/1/$value", "", ""},
		{api + "resources/./$value", "", ""},
		{api + "%2E%2e/resources/1/$value", "", ""},
		{api + "a\\b/resources/1/$value", "", ""},
		{api + "a b/resources/1/$value", "", ""},
		{api + "users/o'brien@example.com/notes/resources/1/$value", "", "http://here/api/v1.0/users/o'brien@example.com/notes/resources/1/$value?t="},
		{api + "users('o''brien@example.com')/notes/resources/1/$value", "", "http://here/api/v1.0/users('o''brien@example.com')/notes/resources/1/$value?t="},
		{api + "me/notes/pages/P;/resources/R/content", "", ""},
		{api + "me/notes/pages/P/content;/resources/R/content", "", ""},
		{api + "me/notes/pages/P%3B/resources/R/content", "", ""},
		{api + "me/notes/pages/P%253b/resources/R/content", "", ""},
		{api + "me/notes/x;/resources/R/content", "", ""},
		{api + "me/notes/resources/R;/content", "", ""},
		{api + "me/notes/x%3F/resources/R/content", "", ""},
		{api + "me/notes/x%23/resources/R/content", "", ""},
		{api + "me/notes/x%00/resources/R/content", "", ""},
		{api + "me/notes/x%2Fy/resources/R/content", "", ""},
		{api + "me/notes/x%252Fy/resources/R/content", "", ""},
		{api + "me/notes/x%5Cy/resources/R/content", "", ""},
		{api + "me/notes/x%c0%afy/resources/R/content", "", ""},
		{api + "me/notes/x%2525252fy/resources/R/content", "", ""},
		{api + "me/notes/pages/P/content/resources/R/content", "", ""},
		{api + "me/notes/pages('P')/content('/resources/R/content", "", ""},
		{api + "me/notes/x(name='/resources/R/content", "", ""},
		{api + "me/notes/Pages/P/resources/R/content", "", ""},
		{api + "me/notes/pages('P')/resources/R/content", "", ""},
		{api + "me/notes/%70ages/P/resources/R/content", "", ""},
		{api + "me/notes/sections/S/resources/R/content", "", ""},
		{api + "me/notes/x/$value/resources/R/content", "", ""},
		{api + "a\nb/resources/1/$value", "", ""},
		{"https://evil.example/api/v1.0/resources/1/$value", "", ""},
	} {
		got, ok := local.Replace(nil, []byte(test.url), []byte(test.mimeType))
		if string(got) != test.want || ok != (test.want != "") {
			t.Errorf("%s:\n got %s, %t\nwant %s", test.url, got, ok, test.want)
		}
	}
}

func TestLocalPictureOfSiteIsNamedAsGraphServesIt(t *testing.T) {
	const (
		graph = "https://graph.microsoft.com"
		item  = "contoso.sharepoint.com,1,2/onenote/resources/1-i1!1-B/$value"
	)
	local := hostsOf(t, "graph", graph).LocalPicture(func(dst, path, _ []byte) []byte { return append(dst, path...) })
	for path, want := range map[string]string{
		"/v1.0/siteCollections/" + item:                              "/v1.0/sites/" + item,
		"/beta/sitecollections/" + item:                              "/beta/sites/" + item,
		"/v1.0/siteCollections('a,1,2')/onenote/resources/1/content": "/v1.0/sites('a,1,2')/onenote/resources/1/content",
		"/v1.0/sites/" + item:                                        "/v1.0/sites/" + item,
		"/v1.0/groups/siteCollections/onenote/resources/1/$value":    "/v1.0/groups/siteCollections/onenote/resources/1/$value",
	} {
		got, ok := local.Replace(nil, []byte(graph+path), nil)
		if string(got) != want || !ok {
			t.Errorf("%s:\n got %s, %t\nwant %s", path, got, ok, want)
		}
	}
	for _, path := range []string{"", "/", "/v1.0", "/v1.0/", "/v1.0/siteCollections", "/v1.0/siteCollections/", "/v1.0/siteCollections/a",
		"/v1.0/siteCollectionsx/a/onenote/b", "/api/v1.0/myOrganization/siteCollections/1/sites/2/notes/resources/1/$value"} {
		if got := string(withSites([]byte(path))); got != path {
			t.Errorf("%s: got %s, want it as it was", path, got)
		}
	}
}

func TestPictureURLsAllocateNothing(t *testing.T) {
	h := hostsOf(t, "onenote", "https://www.onenote.com")
	url := []byte("https://www.onenote.com/api/v1.0/me/notes/resources/0-f7!1-73!10456/$value?a=1")
	mimeType := []byte("image/svg+xml")
	dst := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() {
		dst, _, _ = h.PublicPicture(dst[:0], url, mimeType)
	}); n != 0 {
		t.Errorf("PublicPicture: got %v allocations, want 0", n)
	}
	link := h.LocalLink("http://localhost:8080")
	if n := testing.AllocsPerRun(100, func() {
		dst, _, _ = link(dst[:0], url)
	}); n != 0 {
		t.Errorf("LocalLink: got %v allocations, want 0", n)
	}
}
