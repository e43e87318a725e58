// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// reverse_proxy may be told to try again where nobody listened. A body that was
// not looked at goes up whole then. One that was read for the addresses in it is
// spent, and nothing in its place may pass for it.
func TestSecondTryOfReverseProxySendsWholeBodyOrNone(t *testing.T) {
	const body = `{"name":"Notes"}`
	m := startMicrosoft(t)
	for _, tc := range []struct {
		name, options, mediaType string
		body                     io.Reader
		status                   int
	}{
		{"read ahead", "", "application/json", strings.NewReader(body), http.StatusBadGateway},
		{"read ahead, its length unknown", "", "application/json", io.NopCloser(strings.NewReader(body)), http.StatusBadGateway},
		{"read ahead, with a limit", "max_body 1MB", "application/json", io.NopCloser(strings.NewReader(body)), http.StatusBadGateway},
		{"not looked at", "", "application/octet-stream", strings.NewReader(body), http.StatusCreated},
		{"not looked at, its length unknown", "max_body 1MB", "application/octet-stream", io.NopCloser(strings.NewReader(body)), http.StatusCreated},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t)
			address := "127.0.0.1:" + freePort(t)
			s.mustLoad(s.config(importedAccount(m), "onenote http://"+address+" {\nlb_try_duration 5s\nlb_try_interval 10ms\n"+tc.options+"\n}", "debug"))
			listening := make(chan struct{})
			go listenAfterFirstTry(t, s, address, body, listening)
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
			<-listening // before the log is gone
		})
	}
}

// listenAfterFirstTry starts an API once reverse_proxy has found nobody there.
func listenAfterFirstTry(t *testing.T, s *caddyServer, address, body string, listening chan<- struct{}) {
	defer close(listening)
	eventually(t, "the first try fails", func() bool { return strings.Contains(s.log(), "connection refused") })
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	api := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got, err := io.ReadAll(r.Body); err == nil && string(got) != body {
			t.Errorf("the API got %q, want %q or nothing", got, body)
		}
		w.WriteHeader(http.StatusCreated)
	})}
	t.Cleanup(func() { api.Close() })
	go func() { _ = api.Serve(listener) }() // until it is closed
}
