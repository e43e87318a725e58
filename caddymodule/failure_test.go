// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"testing"
)

// What the API says before it answers is not rewritten, and so it stays here.
func TestInterimAnswersStayHere(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "secret=of-the-api")
		w.Header().Set("Link", "<https://www.onenote.com/api/v1.0/style>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"value":[]}`)
	}))
	defer api.Close()
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m), "onenote "+api.URL))
	req, err := http.NewRequest(http.MethodGet, s.url+"/api/v1.0/me/notes/pages", nil)
	if err != nil {
		t.Fatal(err)
	}
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			t.Errorf("got %d with %v before the answer", code, header)
			return nil
		},
	}))
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != `{"value":[]}` || res.StatusCode != http.StatusOK {
		t.Errorf("got %s with %q, %v, want the answer of the API", res.Status, body, err)
	}
	if got := res.Header.Get("Set-Cookie"); got != "" {
		t.Errorf("got cookie %q, want none", got)
	}
}
