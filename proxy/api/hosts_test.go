// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func hostsOf(t testing.TB, preset, upstream string, more ...string) *Hosts {
	t.Helper()
	p, ok := PresetNamed(preset)
	if !ok {
		t.Fatalf("no preset %q", preset)
	}
	u, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	return NewHosts(p, u, more...)
}

func TestPathIsFoundInURLsOfTheAPIOnly(t *testing.T) {
	h := hostsOf(t, "onenote", "http://127.0.0.1:9090", "notes.example:8443", "*.region.example")
	for _, test := range []struct {
		url  string
		want bool
	}{
		{"https://www.onenote.com/api/v1.0/me/notes/pages", true},
		{"https://www.onenote.com/api/", true},
		{"http://www.onenote.com/api/beta/pages", true},
		{"HTTPS://WWW.OneNote.COM/api/v1.0/pages", true},
		{"https://www.onenote.com:443/api/v1.0/pages", true},
		{"http://www.onenote.com:80/api/v1.0/pages", true},
		{"https://onenote.com/api/v1.0/pages", true},
		{"https://onenote.gcc.osi.office365.us/api/v1.0/pages", true},
		{"https://apimonolith.onenote.partner.office365.cn/api/v1.0/pages", true},
		{"https://weu.apimonolith.onenote.com/api/v1.0/pages", true},
		{"http://127.0.0.1:9090/api/v1.0/pages", true},
		{"https://notes.example:8443/api/v1.0/pages", true},
		{"https://a.region.example/api/v1.0/pages", true},

		{"https://www.onenote.com", false},
		{"https://www.onenote.com/", false},
		{"https://www.onenote.com/api", false},
		{"https://www.onenote.com/apis/v1.0", false},
		{"https://www.onenote.com/API/v1.0", false},
		{"https://www.onenote.com/hrd?api/", false},
		{"https://www.onenote.com.evil/api/v1.0", false},
		{"https://evil-www.onenote.com/api/v1.0", false},
		{"https://evil.onenote.com/api/v1.0", false},
		{"https://www.onenote.com@evil/api/v1.0", false},
		{"https://user@www.onenote.com/api/v1.0", false},
		{"https://www.onenote.com\\@evil/api/v1.0", false},
		{"https://evil#www.onenote.com/api/v1.0", false},
		{"https://www.onenote.com:80/api/v1.0", false},
		{"http://www.onenote.com:443/api/v1.0", false},
		{"https://www.onenote.com:8443/api/v1.0", false},
		{"https://www.onenote.com:/api/v1.0", false},
		{"https://www.onenote.com./api/v1.0", false},
		{"https://.apimonolith.onenote.com/api/v1.0", false},
		{"https://a.b.apimonolith.onenote.com/api/v1.0", false},
		{"https://apimonolith.onenote.com/api/v1.0", false},
		{"http://127.0.0.1/api/v1.0/pages", false},
		{"http://127.0.0.1:9091/api/v1.0/pages", false},
		{"https://notes.example/api/v1.0/pages", false},
		{"https://region.example/api/v1.0/pages", false},
		{"https://graph.microsoft.com/v1.0/me/onenote/pages", false},
		{"//www.onenote.com/api/v1.0", false},
		{"/api/v1.0/pages", false},
		{"https:/www.onenote.com/api/v1.0", false},
		{"https:///api/v1.0", false},
		{" https://www.onenote.com/api/v1.0", false},
		{"onenote:https://www.onenote.com/api/v1.0", false},
		{"httpss://www.onenote.com/api/v1.0", false},
		{"https://" + strings.Repeat("a", 300) + "/api/", false},
		{"http", false},
		{"", false},
	} {
		if _, got := h.path([]byte(test.url)); got != test.want {
			t.Errorf("%q is the API's: got %t, want %t", test.url, got, test.want)
		}
	}
}

func TestURLOfTheAPINeedsThePortOfTheUpstream(t *testing.T) {
	for _, upstream := range []string{"https://Notes.example:443", "http://notes.example:80", "https://notes.example"} {
		h := hostsOf(t, "onenote", upstream)
		if _, ok := h.path([]byte("https://notes.example/api/v1.0")); !ok {
			t.Errorf("upstream %s: its URL without a port is not the API's", upstream)
		}
	}
}

func TestPathIsFoundInURLsOfGraph(t *testing.T) {
	h := hostsOf(t, "graph", "https://graph.microsoft.com")
	for u, want := range map[string]bool{
		"https://graph.microsoft.com/v1.0/me/onenote/pages": true,
		"https://graph.microsoft.us/beta/me/onenote/pages":  true,
		"https://graph.microsoft.com/v2.0/me/onenote/pages": false,
		"https://www.onenote.com/api/v1.0/me/notes/pages":   false,
	} {
		if _, got := h.path([]byte(u)); got != want {
			t.Errorf("%q is the API's: got %t, want %t", u, got, want)
		}
	}
}

func TestEveryHostHoldsAnAnchor(t *testing.T) {
	for _, test := range []struct {
		preset, upstream string
		more             []string
		want             []string
	}{
		{"onenote", "https://www.onenote.com", nil, []string{"onenote."}},
		{"onenote", "http://127.0.0.1:9090", nil, []string{"onenote.", "127.0.0.1:9090"}},
		{"onenote", "http://[::1]:9090", []string{"", "Notes.example"}, []string{"onenote.", "[::1]:9090", "notes.example"}},
		{"graph", "https://graph.microsoft.com", nil, []string{"microsoft"}},
		{"onedrive", "https://api.onedrive.com", nil, []string{"api.onedrive.com"}},
	} {
		h := hostsOf(t, test.preset, test.upstream, test.more...)
		got := slices.Sorted(slices.Values(h.Anchors()))
		if want := slices.Sorted(slices.Values(test.want)); !slices.Equal(got, want) {
			t.Errorf("anchors of %s at %s: got %q, want %q", test.preset, test.upstream, got, want)
		}
		for _, name := range h.names() {
			if !slices.ContainsFunc(got, func(a string) bool { return strings.Contains(name, a) }) {
				t.Errorf("no anchor of %q is in %q", got, name)
			}
		}
	}
}
