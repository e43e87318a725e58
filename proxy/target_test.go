// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"net/url"
	"strings"
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
		for _, x := range []*exchange{
			{in: &http.Request{RequestURI: tt.uri, URL: new(url.URL)}, callTransport: new(callTransport)},
			{in: &http.Request{RequestURI: "/not/here", URL: new(url.URL)}, callTransport: &callTransport{Call: Call{Target: tt.uri}}},
		} {
			if tt.uri == "" && x.in.RequestURI != "" {
				continue
			}
			path, query, _ := strings.Cut(x.target(), "?")
			if ok := isPath(path); ok != tt.ok || ok && (path != tt.path || query != tt.query) {
				t.Errorf("%q: got %q, %q, %t; want %q, %q, %t", tt.uri, path, query, ok, tt.path, tt.query, tt.ok)
			}
		}
	}
}

func TestTargetComesFromTheURLWhereThereIsNoRequestLine(t *testing.T) {
	for _, want := range []string{"/api/v1.0/a%2Fb|c?x=%2f", "/api/v1.0/x?", "/api/v1.0/x"} {
		x := &exchange{in: &http.Request{URL: must(url.Parse("https://www.onenote.com" + want))}, callTransport: new(callTransport)}
		if got := x.target(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
