// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// reverse_proxy may be told to try again where nobody listened. A body that was
// not looked at goes up whole then. One that was read for the addresses in it is
// spent, and nothing in its place may pass for it.
func TestATryAgainSendsTheWholeBodyOrNone(t *testing.T) {
	const body = `{"name":"Notes"}`
	answer := func(w http.ResponseWriter, r *http.Request) {
		if got, err := io.ReadAll(r.Body); err == nil && string(got) != body {
			t.Errorf("the API got %q, want %q or nothing", got, body)
		}
		w.WriteHeader(http.StatusCreated)
	}
	m := startMicrosoft(t)
	for _, tc := range []struct {
		name, options, mediaType string
		body                     io.Reader
		status                   int
	}{
		{"read ahead", "", "application/json", strings.NewReader(body), http.StatusBadGateway},
		{"read ahead, its length unknown", "", "application/json", io.NopCloser(strings.NewReader(body)), http.StatusBadGateway},
		{"read ahead, with a limit", "{\nmax_body 1MB\n}", "application/json", io.NopCloser(strings.NewReader(body)), http.StatusBadGateway},
		{"not looked at", "", "application/octet-stream", strings.NewReader(body), http.StatusCreated},
		{"not looked at, its length unknown", "{\nmax_body 1MB\n}", "application/octet-stream", io.NopCloser(strings.NewReader(body)), http.StatusCreated},
	} {
		t.Run(tc.name, func(t *testing.T) {
			api := httptest.NewServer(http.HandlerFunc(answer)) // reverse_proxy remembers who failed
			defer api.Close()
			s := newServer(t)
			s.mustLoad(s.config(importedAccount(m), "onenote_guard http://127.0.0.1 "+tc.options+
				"\nreverse_proxy 127.0.0.1:"+freePort(t)+" "+api.URL+" {\nlb_policy first\nlb_try_duration 5s\nfail_duration 1m\n"+
				"transport onenote {\nupstream http://127.0.0.1\n}\n}"))
			req, err := http.NewRequest("POST", s.url+notebooks, tc.body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", tc.mediaType)
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != tc.status {
				t.Errorf("got %s, want %d", res.Status, tc.status)
			}
		})
	}
}
