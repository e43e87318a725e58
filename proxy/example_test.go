// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/proxy"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
)

// tokens is the simplest TokenSource: its token is refreshed once.
type tokens struct{ generation uint64 }

func (t *tokens) Token(context.Context) (string, uint64, error) {
	return fmt.Sprintf("Bearer token-%d", t.generation), t.generation, nil
}

func (t *tokens) Refresh(ctx context.Context, _ string, generation uint64, _ string) (string, uint64, error) {
	if generation == t.generation {
		t.generation++
	}
	return t.Token(ctx)
}

func (t *tokens) Refused(string, uint64, string) {}

func (t *tokens) Accepted(string, uint64) {}

// A reverse proxy in front of the OneNote API. The client sends no token; the
// proxy attaches one, refreshes it when the API refuses it, and makes the links in
// the response lead to itself.
func ExampleTransport() {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-2" {
			w.WriteHeader(http.StatusUnauthorized) // token-1 has expired
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"self":"https://www.onenote.com/api/v1.0/me/notes/notebooks/1"}`)
	}))
	defer upstream.Close()
	upstreamURL, _ := url.Parse(upstream.URL)

	preset, _ := api.PresetNamed("onenote")
	transport := &proxy.Transport{
		Next:     http.DefaultTransport,
		Upstream: upstreamURL,
		Dialect: &api.Passthrough{
			Hosts: api.NewHosts(preset, upstreamURL),
			Links: true,
		},
		MaxReplay: 80 << 20,
		Spool:     proxy.NewSpool(proxy.DefaultSpoolMemory, proxy.DefaultSpoolDisk, ""),
	}
	account := &tokens{generation: 1}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Here the server has to decide who the client is and whose token it gets.
		call := proxy.Call{
			Tokens:  account,
			Account: "work",
			Base:    &url.URL{Scheme: "http", Host: "localhost:8080"},
			Target:  r.RequestURI,
		}
		reverse := httputil.ReverseProxy{
			Rewrite:   func(p *httputil.ProxyRequest) { p.SetURL(upstreamURL) },
			Transport: transport.For(call),
		}
		reverse.ServeHTTP(w, r)
	}))
	defer front.Close()

	res, err := http.Get(front.URL + "/api/v1.0/me/notes/notebooks/1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	fmt.Println(res.Status)
	fmt.Println(string(body))
	// Output:
	// 200 OK
	// {"self":"http://localhost:8080/api/v1.0/me/notes/notebooks/1"}
}
