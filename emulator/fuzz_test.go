// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator"
)

// FuzzRequest sends arbitrary requests. The emulator must respond to each of
// them with a valid status.
func FuzzRequest(f *testing.F) {
	seeds := []struct{ method, target, contentType, body string }{
		{"GET", "/api/v1.0/me/notes/pages?$top=2&$expand=a(b,c)", "", ""},
		{"GET", "/api/v1.0/users('a/b')/notes/notebooks('x')", "", ""},
		{"GET", "/api/beta/myOrganization/siteCollections/FromUrl(url='https://a/b')", "", ""},
		{"POST", "/api/v1.0/me/notes/pages", "text/html", "<title>x<img src=name:a><object/>"},
		{"POST", "/api/v1.0/me/notes/pages", "multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"Presentation\"\r\nContent-Type: text/html\r\n\r\n<p>\r\n--B--"},
		{"POST", "/api/beta/$batch", "multipart/mixed; boundary=B", "--B\nContent-Type: application/http\n\nGET /api/v1.0/me/notes/pages HTTP/1.1\n\n--B--"},
		{"PATCH", "/api/v1.0/me/notes/pages/PAGE/content", "application/json", `[{'target':'body','action':'append','content':'<p>\'x'}]`},
		{"POST", "/oauth20_token.srf", "application/x-www-form-urlencoded", "grant_type=refresh_token&client_id=a&refresh_token=M.a.b"},
		{"POST", "/common/oauth2/v2.0/authorize?client_id=a&redirect_uri=http%3A%2F%2Fb&response_type=code&scope=x", "application/x-www-form-urlencoded", "decision=accept"},
		{"GET", "/v1.0/me/onenote/pages", "", ""},
		{"GET", "/api/v1.0/me/notes/sections?$expand=parentNotebook($levels=max;$expand=sections($levels=max))&filter=not(name%20eq%20'a''b')", "", ""},
		{"GET", "/v1.0/drive?access_token=x", "", ""},
		{"GET", "/v1.0/sites/a.sharepoint.com,b,c/onenote/pages?$filter=contains(tolower(title),'x''y')&$expand=parentSection($expand=parentNotebook)", "", ""},
		{"GET", "/beta/sites/a.sharepoint.com:/sites/b", "", ""},
		{"POST", "/v1.0/$batch", "application/json", `{"requests":[{"id":"1","method":"GET","url":"/me/onenote/pages"},{"id":"2","method":"POST","url":"/me/onenote/pages","headers":{"Content-Type":"text/html"},"body":"PHA+","dependsOn":["1"]}]}`},
		{"POST", "/v1.0/groups('g')/onenote/notebooks", "application/json", `{"displayName":"x"}`},
	}
	for _, s := range seeds {
		f.Add(s.method, s.target, s.contentType, s.body)
	}
	now := func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	e := emulator.New(emulator.Options{Now: now})
	token, page := fuzzTarget(f, e)
	graphToken := fuzzToken(e, `{"account":"pat@contoso.com","scope":"Notes.ReadWrite.All Sites.Read.All"}`)
	f.Fuzz(func(t *testing.T, method, target, contentType, body string) {
		target = strings.ReplaceAll(target, "PAGE", page)
		if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "/_emulator") {
			return
		}
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		r.Method, r.URL, r.RequestURI = method, u, target
		r.Header.Set("Authorization", "Bearer "+token)
		if !strings.HasPrefix(target, "/api/") {
			r.Header.Set("Authorization", "Bearer "+graphToken)
		}
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code < 200 || w.Code > 599 {
			t.Errorf("%s %s: got status %d", method, target, w.Code)
		}
	})
}

// fuzzTarget returns a token and the id of a page.
func fuzzTarget(f *testing.F, e *emulator.Emulator) (token, page string) {
	f.Helper()
	token = fuzzToken(e, `{}`)
	r := httptest.NewRequest(http.MethodGet, "/api/v1.0/me/notes/pages?$select=id&top=1", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return token, textBetween(w.Body.String(), `"id":"`, `"`)
}

// fuzzToken returns an access token.
func fuzzToken(e *emulator.Emulator, request string) string {
	r := httptest.NewRequest(http.MethodPost, "/_emulator/tokens", strings.NewReader(request))
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return textBetween(w.Body.String(), `"access_token":"`, `"`)
}

func textBetween(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}
