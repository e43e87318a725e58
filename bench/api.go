// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// accessToken is as long as those of the API. The clients of the baseline send
// it themselves, so that the same bytes are sent whichever side adds it.
var accessToken = strings.Repeat("x", 1200)

// A stubAPI responds at once, as the OneNote API and as its identity provider.
type stubAPI struct {
	address string // host:port
	server  *http.Server
}

func startAPI(ctx context.Context, kinds []traffic) (*stubAPI, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth20_token.srf", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"token_type":"bearer","expires_in":3600,"scope":"office.onenote_update","access_token":%q,"refresh_token":"next"}`, accessToken)
	})
	for _, k := range kinds {
		mux.HandleFunc("GET "+k.path, k.respond)
	}
	a := &stubAPI{address: l.Addr().String(), server: &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}}
	go func() { _ = a.server.Serve(l) }()
	return a, nil
}

// respond serves the traffic to clients that send the token.
func (k *traffic) respond(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+accessToken {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", k.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(k.body)))
	_, _ = w.Write(k.body)
}
