// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestErrorCodeIsReadAsFarAsItGoes(t *testing.T) {
	for body, want := range map[string]string{
		tokenRefused:               "40001",
		`{"error":{"code":40003}}`: "40003",
		` { "x" : [ {"error":{"code":"1"}} ], "error" : { "message" : "m", "code" : "InvalidAuthenticationToken" , `: "InvalidAuthenticationToken",
		`{"error":{"message":"` + strings.Repeat("x", 100) + `","code":"40003"`:                                      "40003",
		`{"error":{"innerError":{"code":"1"}}}`:                                                                      "",
		`{"error":"40003","code":"40003"}`:                                                                           "",
		`{"error":{"code":"a b"}}`:                                                                                   "",
		`{"error":{"code":"` + strings.Repeat("4", 65) + `"}}`:                                                       "",
		`{"error":{"code":null}}`:                                                                                    "",
		`{"error":{"code":["40003"]}}`:                                                                               "",
		`[{"error":{"code":"40003"}}]`:                                                                               "",
		`<html>40003</html>`:                                                                                         "",
		``:                                                                                                           "",
		`{"error":{"code":"400`:                                                                                      "",
	} {
		if got := errorCode(strings.NewReader(body)); got != want {
			t.Errorf("%.60s: got %q, want %q", body, got, want)
		}
	}
}

func FuzzErrorCode(f *testing.F) {
	f.Add([]byte(tokenRefused))
	f.Add([]byte(`{"error":{"code":40003`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if code := errorCode(bytes.NewReader(body)); !isCode(code) {
			t.Errorf("got %q, which may not be shown", code)
		}
	})
}

// noPermission is how the API refuses an item.
const noPermission = `{"error":{"code":"40003","message":"The user has no permission."}}`

func TestRefusalOfAnItemCausesNoRefresh(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, noPermission)
	_ = z.Close()
	filler := strings.Repeat(" ", maxPeeked)
	for name, response := range map[string]struct{ body, coding, want string }{
		"plain":                 {noPermission, "", noPermission},
		"in gzip":               {zipped.String(), "gzip", noPermission},
		"longer than is peeked": {noPermission + filler, "", noPermission + filler},
	} {
		t.Run(name, func(t *testing.T) {
			seen := new(log)
			s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = seen.add(r)
				if response.coding != "" {
					w.Header().Set("Content-Encoding", response.coding)
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, response.body)
			}))
			res := s.send("GET", "/api/v1.0/me/notes/pages/1/content", nil, "Accept-Encoding", "gzip")
			if res.StatusCode != http.StatusUnauthorized || res.body != response.want {
				t.Errorf("got %s with %d bytes, want the API's own 401 with %d", res.Status, len(res.body), len(response.want))
			}
			if len(seen.all()) != 1 || s.account.count() != 0 || len(s.account.refused) != 0 || len(s.account.accepted) != 0 {
				t.Errorf("got %d requests, %d refreshes, refusals %v and acceptances %v; want one request and no more",
					len(seen.all()), s.account.count(), s.account.refused, s.account.accepted)
			}
		})
	}
}

// A refusal whose code is beyond what is read ahead counts as one of the token.
func TestCodeBeyondThePeekedPartIsNotRead(t *testing.T) {
	seen := new(log)
	body := `{"error":{"message":"` + strings.Repeat("x", maxPeeked) + `","code":"40003"}}`
	s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = seen.add(r)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, body)
	}))
	if res := s.send("GET", "/api/v1.0/me/notes/notebooks", nil); res.body != body {
		t.Errorf("got %d bytes, want all %d", len(res.body), len(body))
	}
	if !slices.Equal(s.account.refused, []uint64{2}) {
		t.Errorf("got refusals %v, want that of the second token", s.account.refused)
	}
}

func TestAccountIsToldWhatBecameOfItsTokens(t *testing.T) {
	type told struct {
		refused, accepted []uint64
		codes             []string
	}
	respond := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, test := range map[string]struct {
		api    http.HandlerFunc
		target string
		want   told
	}{
		"accepted at once":            {respond(200, ""), "", told{accepted: []uint64{1}}},
		"not modified":                {respond(304, ""), "", told{accepted: []uint64{1}}},
		"accepted the second time":    {refuseUntil(new(log), "token-2", created), "", told{accepted: []uint64{2}}},
		"refused both times":          {respond(401, tokenRefused), "", told{refused: []uint64{2}, codes: []string{"40001"}}},
		"refused without a code":      {respond(401, "no"), "", told{refused: []uint64{2}, codes: []string{""}}},
		"an item that does not exist": {respond(404, ""), "", told{}},
		"an item that is forbidden":   {respond(403, noPermission), "", told{}},
		"a public picture":            {respond(200, ""), "/api/v1.0/resources/1/content?publicAuth=true", told{}},
		"an item, then the token": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			if r.Header.Get("Authorization") == "Bearer token-2" {
				_, _ = io.WriteString(w, noPermission)
			}
		}, "", told{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, test.api)
			target := test.target
			if target == "" {
				target = "/api/v1.0/me/notes/notebooks"
			}
			s.send("GET", target, nil)
			a := s.account
			if !slices.Equal(a.refused, test.want.refused) || !slices.Equal(a.accepted, test.want.accepted) || !slices.Equal(a.codes, test.want.codes) {
				t.Errorf("got refused %v with %q and accepted %v, want %v with %q and %v",
					a.refused, a.codes, a.accepted, test.want.refused, test.want.codes, test.want.accepted)
			}
			for _, upstream := range a.upstreams {
				if want := strings.TrimPrefix(s.api.URL, "http://"); upstream != want {
					t.Errorf("got upstream %q, want %q", upstream, want)
				}
			}
		})
	}
}
