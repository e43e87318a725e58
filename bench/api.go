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
// it themselves, so that the same bytes go up whoever adds it.
var accessToken = strings.Repeat("x", 1200)

// An api answers at once, for the OneNote API and for its identity provider.
type api struct {
	address string // host:port
	server  *http.Server
}

func startAPI(ctx context.Context, kinds []traffic) (*api, error) {
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
		mux.HandleFunc("GET "+k.path, k.answer)
	}
	a := &api{address: l.Addr().String(), server: &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}}
	go func() { _ = a.server.Serve(l) }()
	return a, nil
}

// answer answers only those who send the token.
func (k *traffic) answer(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+accessToken {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", k.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(k.body)))
	_, _ = w.Write(k.body)
}
