// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"slices"
	"testing"
)

func TestLocalLinkReplacesSchemeAndHostOfTheAPI(t *testing.T) {
	h := hostsOf(t, "onenote", "https://www.onenote.com")
	for _, base := range []string{"http://localhost:8080", "https://home.example/notes"} {
		link := h.LocalLink(base)
		for url, want := range map[string]string{
			"https://www.onenote.com/api/v1.0/$metadata#me/notes/pages": base + "/api/v1.0/$metadata#me/notes/pages",
			"HTTP://www.OneNote.com:80/api/beta/a b?c='%20'":            base + "/api/beta/a b?c='%20'",
			"https://www.onenote.com/hrd":                               "",
			"https://www.onenote.com.evil/api/v1.0":                     "",
			"https://onedrive.live.com/api/v1.0":                        "",
		} {
			got, ok := link.Replace([]byte("x"), []byte(url))
			if string(got) != "x"+want || ok != (want != "") {
				t.Errorf("%s to %s: got %s, %t, want %s", url, base, got, ok, want)
			}
		}
	}
}

func TestUpstreamLinkReplacesBasesOfTheProxy(t *testing.T) {
	h := hostsOf(t, "onenote", "https://www.onenote.com")
	const up = "https://www.onenote.com"
	link := h.UpstreamLink(up, "http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080",
		"https://home.example/notes", "http://plain.example:80/", "nonsense")
	for _, test := range []struct{ url, want string }{
		{"http://localhost:8080/api/v1.0/me/notes/pages/1?a=%20", up + "/api/v1.0/me/notes/pages/1?a=%20"},
		{"HTTP://LocalHost:8080/api/v1.0", up + "/api/v1.0"},
		{"http://127.0.0.1:8080/api/v1.0", up + "/api/v1.0"},
		{"http://[::1]:8080/api/v1.0", up + "/api/v1.0"},
		{"https://home.example/notes/api/v1.0", up + "/api/v1.0"},
		{"https://home.example:443/notes/api/v1.0", up + "/api/v1.0"},
		{"http://plain.example/api/v1.0", up + "/api/v1.0"},
		{"http://localhost:8080/api/v1.0/resources/1/content?publicAuth=true&mimeType=image/png&account=default&expires=1&sig=abc#f",
			up + "/api/v1.0/resources/1/content?publicAuth=true&mimeType=image/png#f"},
		{"http://localhost:8080/api/v1.0/resources/1/$value?publicAuth=true&mimeType=image/png&account=default&expires=1&sig=abc#f",
			up + "/api/v1.0/resources/1/$value#f"},
		{"http://localhost:8080/api/v1.0/resources/1/$value?a=1&publicAuth=true&account=default&expires=1&sig=abc&b=2",
			up + "/api/v1.0/resources/1/$value?a=1&b=2"},
		{"http://localhost:8080/api/v1.0/resources/1/$value?publicAuth=true&mimeType=image/png",
			up + "/api/v1.0/resources/1/$value?publicAuth=true&mimeType=image/png"},
		{"http://localhost:8080/api/v1.0/resources/1/content?sig=abc", up + "/api/v1.0/resources/1/content?sig=abc"},

		{"http://localhost/api/v1.0", ""},
		{"http://localhost:80800/api/v1.0", ""},
		{"http://localhost:8080/auth/default/signin", ""},
		{"http://localhost:8080@evil.example/api/v1.0", ""},
		{"http://localhost:8080.evil.example/api/v1.0", ""},
		{"https://home.example/api/v1.0", ""},
		{"https://home.example/notesapi/v1.0", ""},
		{"https://home.example/notes2/api/v1.0", ""},
		{up + "/api/v1.0", ""},
		{"/api/v1.0", ""},
	} {
		got, ok := link.Replace(nil, []byte(test.url))
		if string(got) != test.want || ok != (test.want != "") {
			t.Errorf("%s:\n got %s, %t\nwant %s", test.url, got, ok, test.want)
		}
	}
}

func TestEachBaseHoldsAnAnchor(t *testing.T) {
	got := basesOf([]string{"http://localhost:8080", "http://127.0.0.1:8080", "https://home.example/notes"}).anchors()
	want := []string{"localhost:8080", "127.0.0.1:8080", "home.example"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
