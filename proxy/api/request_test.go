// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

func TestBasesAreThoseOfTheRequestAndAllSpellingsOfLoopback(t *testing.T) {
	listener := net.Addr(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080})
	r := &Request{
		Incoming:  new(http.Request).WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, listener)),
		Base:      &url.URL{Scheme: "https", Host: "notes.example", Path: "/base"},
		ImageBase: &url.URL{Scheme: "https", Host: "pictures.example"},
	}
	want := []string{
		"http://127.0.0.1", "http://127.0.0.1:8080", "http://[::1]", "http://[::1]:8080", "http://localhost", "http://localhost:8080",
		"https://notes.example/base", "https://pictures.example",
	}
	if got := r.Bases(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
