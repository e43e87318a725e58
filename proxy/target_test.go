// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"net/url"
	"testing"
)

func TestTargetIsTheRequestLineByteForByte(t *testing.T) {
	tests := []struct {
		uri, path, query string
		ok               bool
	}{
		{"/api/v1.0/me/notes/pages", "/api/v1.0/me/notes/pages", "", true},
		{"/api/v1.0/me/notes/pages?", "/api/v1.0/me/notes/pages", "", true},
		{"/api/v1.0/me/notes/notebooks?&$orderby=name%20asc", "/api/v1.0/me/notes/notebooks", "&$orderby=name%20asc", true},
		{"/api/v1.0/me/notes/pages/1-a%21b!c", "/api/v1.0/me/notes/pages/1-a%21b!c", "", true},
		{"/api/v1.0/sites/FromUrl(url='https%3A%2F%2Fx%2fy')", "/api/v1.0/sites/FromUrl(url='https%3A%2F%2Fx%2fy')", "", true},
		{"/api/a|b\"c{d}", "/api/a|b\"c{d}", "", true},
		{"/api/x?a=b?c=d", "/api/x", "a=b?c=d", true},
		{"http://localhost:8080/api/v1.0/x%2fy?z", "/api/v1.0/x%2fy", "z", true},
		{"HTTPS://LOCALHOST/api/", "/api/", "", true},
		{"http://localhost:8080", "/", "", true},
		{"http://localhost:8080?x", "/", "x", true},
		{"*", "", "", false},
		{"localhost:443", "", "", false},
		{"//evil.example/api/", "", "", false},
		{"http://localhost//evil.example/api/", "", "", false},
		{"", "/", "", true}, // made from the URL, below
	}
	for _, tt := range tests {
		got, ok := targetOf(&http.Request{RequestURI: tt.uri, URL: new(url.URL)})
		if ok != tt.ok || ok && (got.path != tt.path || got.query != tt.query) {
			t.Errorf("%q: got %q, %q, %t; want %q, %q, %t", tt.uri, got.path, got.query, ok, tt.path, tt.query, tt.ok)
		}
	}
}

func TestTargetOfARequestWithoutRequestLine(t *testing.T) {
	u := must(url.Parse("https://www.onenote.com/api/v1.0/a%2Fb|c?x=%2f"))
	got, ok := targetOf(&http.Request{URL: u})
	if !ok || got.path != "/api/v1.0/a%2Fb|c" || got.query != "x=%2f" {
		t.Errorf("got %q, %q, %t", got.path, got.query, ok)
	}
}

func TestContentOfPath(t *testing.T) {
	tests := map[string]content{
		"/api/v1.0/me/notes/pages/0-1!2/content":                  pageContent,
		"/api/v1.0/pages/0-1!2/content":                           pageContent,
		"/api/beta/me/notes/pages/0-1!2/$value":                   pageContent,
		"/api/beta/me/notes/pages/0-1!2/%24value":                 pageContent,
		"/api/v1.0/me/notes/Pages/0-1!2/Content":                  pageContent,
		"/api/v1.0/me/notes/pages('0-1!2')/content":               pageContent,
		"/v1.0/users('a@b.example')/onenote/pages/1/content":      pageContent,
		"/api/v1.0/myOrganization/groups/g/notes/pages/1/content": pageContent,
		"/api/v1.0/me/notes/resources/0-1!2/$value":               resourceContent,
		"/api/v1.0/resources/0-1!2/content":                       resourceContent,
		"/v1.0/groups('g')/onenote/resources/1/content":           resourceContent,
		"/api/v1.0/me/notes/pages":                                otherContent,
		"/api/v1.0/me/notes/pages/1":                              otherContent,
		"/api/v1.0/me/notes/pages/1/preview":                      otherContent,
		"/api/v1.0/me/notes/pages/1/content/":                     pageContent,
		"/api/v1.0/me/notes/resources/1/$value/":                  resourceContent,
		"/api/v1.0/me/notes/pages/1/content//":                    otherContent,
		"/":                                                       otherContent,
		"/api/v1.0/me/notes/sections/content":                     otherContent,
		"/api/v1.0/me/notes/sections/1/content":                   otherContent,
		"/api/v1.0/drive/items/1/content":                         otherContent,
		"/api/v1.0/me/notes/pages/content":                        otherContent,
		"/content":                                                otherContent,
		"/pages/content":                                          otherContent,
		"content":                                                 otherContent,
		"":                                                        otherContent,
		"/api/v1.0/me/notes/pages/1/%zzvalue":                     otherContent,
	}
	for path, want := range tests {
		if got := contentOf(path); got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
}
