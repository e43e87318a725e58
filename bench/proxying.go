// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
	"github.com/caddy-onenote/caddy-onenote/proxy"
)

// A ready account has a token of a usual length.
type ready struct{ authorization string }

func (a ready) Token(context.Context) (string, uint64, error) { return a.authorization, 1, nil }
func (a ready) Renew(context.Context, uint64, string) (string, uint64, error) {
	return a.authorization, 1, nil
}
func (a ready) Refused(uint64) {}

// traffic is one kind of request, and how often it is sent through each proxy.
type traffic struct {
	name, path, contentType string
	body                    []byte
	block, blocks           int
}

func kindsOfTraffic() []traffic {
	return []traffic{
		{"bytes that pass", "/api/v1.0/me/notes/resources/1/content", "application/octet-stream", corpus.PageList(1)[:336], 20, 500},
		{"list of 20 pages", "/api/v1.0/me/notes/pages", "application/json", corpus.PageList(20), 10, 200},
		{"page of 120 KiB", "/api/v1.0/me/notes/pages/1/content", "text/html; charset=utf-8", corpus.Named("mixed"), 5, 200},
	}
}

// A target is a proxy under measurement.
type target struct {
	url   string
	times []time.Duration
	count uint64 // allocations of the whole process meanwhile
}

// reportProxying prints what a request costs through the product's transport
// and through a plain reverse proxy that adds the same token. Both are
// httputil.ReverseProxy in this process, in front of the same server; the plain
// one is measured twice, which shows what the numbers are worth.
func reportProxying() error {
	fmt.Printf("\n| traffic | p50 | p99 | requests a second | more allocations | p50, p99 of the baseline against itself |\n" +
		"| --- | --- | --- | --- | --- | --- |\n")
	for _, kind := range kindsOfTraffic() {
		if err := kind.report(); err != nil {
			return err
		}
	}
	return nil
}

func (k *traffic) report() error {
	servers := new(servers)
	defer servers.close()
	api, err := servers.open(http.HandlerFunc(k.answer))
	if err != nil {
		return err
	}
	var targets []*target
	for _, next := range []func(*url.URL) http.Handler{plainProxy, plainProxy, ourProxy} {
		at, err := servers.open(next(api))
		if err != nil {
			return err
		}
		targets = append(targets, &target{url: at.String() + k.path})
	}
	if err := k.send(targets); err != nil {
		return err
	}
	plain, again, ours := targets[0], targets[1], targets[2]
	requests := float64(k.block * k.blocks)
	fmt.Printf("| %s | %.2f | %.2f | %.2f | %+.0f | %.2f, %.2f |\n", k.name,
		ours.over(plain, 50), ours.over(plain, 99), float64(plain.total())/float64(ours.total()),
		(float64(ours.count)-float64(plain.count))/requests, again.over(plain, 50), again.over(plain, 99))
	return nil
}

func (k *traffic) answer(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", k.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(k.body)))
	_, _ = w.Write(k.body)
}

// send sends the requests in blocks, in a new random order of the targets each
// time.
func (k *traffic) send(targets []*target) error {
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	for round := range k.blocks + 1 {
		for _, i := range rand.Perm(len(targets)) {
			if err := targets[i].send(client, k.block, round > 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// send sends n requests, and notes how long they take if they count.
func (t *target) send(client *http.Client, n int, counts bool) error {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		begin := time.Now()
		res, err := client.Get(t.url)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", t.url, res.Status)
		}
		if counts {
			t.times = append(t.times, time.Since(begin))
		}
	}
	runtime.ReadMemStats(&after)
	if counts {
		t.count += after.Mallocs - before.Mallocs
	}
	return nil
}

// over returns the quotient of the two targets' percentiles.
func (t *target) over(other *target, percent int) float64 {
	return float64(t.percentile(percent)) / float64(other.percentile(percent))
}

func (t *target) percentile(percent int) time.Duration {
	slices.Sort(t.times)
	return t.times[len(t.times)*percent/100]
}

func (t *target) total() (sum time.Duration) {
	for _, d := range t.times {
		sum += d
	}
	return sum
}

// authorization is what is sent upstream.
func authorization() string { return "Bearer " + strings.Repeat("x", 1200) }

func plainProxy(api *url.URL) http.Handler {
	token := authorization()
	return &httputil.ReverseProxy{
		Transport: &http.Transport{DisableCompression: true},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(api)
			r.Out.Header.Set("Authorization", token)
		},
	}
}

func ourProxy(api *url.URL) http.Handler {
	preset := proxy.Presets[0]
	transport := &proxy.Transport{
		Next: &http.Transport{DisableCompression: true}, Preset: preset, Hosts: proxy.NewAPIHosts(preset, api),
		Pictures: proxy.Direct, Links: true, MaxReplay: 80 << 20,
		Spool: proxy.NewSpool(proxy.DefaultSpoolMemory, proxy.DefaultSpoolDisk, ""), Loop: "bench",
	}
	call := proxy.Call{Account: ready{authorization()}, Name: "bench", Base: &url.URL{Scheme: "http", Host: "localhost:8080"}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := httputil.ReverseProxy{
			Transport: transport.For(call),
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(api) },
		}
		p.ServeHTTP(w, r)
	})
}

// servers are HTTP servers on loopback.
type servers []*http.Server

func (s *servers) open(h http.Handler) (*url.URL, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	*s = append(*s, server)
	go func() { _ = server.Serve(l) }()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}, nil
}

func (s *servers) close() {
	for _, server := range *s {
		_ = server.Close()
	}
}

var _ proxy.Account = ready{}
