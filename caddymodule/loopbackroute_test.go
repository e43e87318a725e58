// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A proxyEverything stands for a proxy that the environment names. Go's own
// rule knows loopback, but not each spelling of it.
func proxyEverything(*http.Request) (*url.URL, error) {
	return &url.URL{Scheme: "http", Host: "192.0.2.1:3128"}, nil
}

func TestNoProxyGetsRequestsToThisMachine(t *testing.T) {
	transport := &http.Transport{Proxy: proxyEverything, DialContext: new(net.Dialer).DialContext}
	keepOnThisMachine(transport)
	for address, want := range map[string]bool{
		"http://localhost:9/": false, "http://LOCALHOST/": false, "http://localhost.:9/": false, "http://127.0.0.1/": false,
		"http://127.9.9.9:80/": false, "http://[::1]:9/": false, "http://[::ffff:127.0.0.1]/": false, "https://localhost/": false,
		"https://www.onenote.com/": true, "https://localhost.example/": true,
	} {
		req, err := http.NewRequest("GET", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if via, err := transport.Proxy(req); err != nil || (via != nil) != want {
			t.Errorf("%s: got proxy %v, %v, want one: %t", address, via, err, want)
		}
	}
}

// Go asks the environment for a proxy once in a process, so this test needs one of
// its own. Go knows that localhost needs no proxy, but not that LOCALHOST is the
// same.
func TestProxyOfEnvironmentGetsNoRequestsToThisMachine(t *testing.T) {
	const proxy = "http://127.0.0.1:1" // nobody listens
	if os.Getenv("HTTP_PROXY") != proxy {
		inner := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		inner.Env = append(os.Environ(), "HTTP_PROXY="+proxy, "http_proxy="+proxy, "NO_PROXY=", "no_proxy=")
		if output, err := inner.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, output)
		}
		return
	}
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(strings.Replace(s.plain(m), "authority http://127.0.0.1", "authority http://LOCALHOST", 1))
	s.get(notebooks).want(t, 200, "")
}

// elsewhere is a connection to another machine.
type elsewhere struct{ net.Conn }

func (elsewhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }
func (elsewhere) Close() error         { return nil }

// A name server may say anything of localhost.
func TestLoopbackNameThatLeadsElsewhereIsNotUsed(t *testing.T) {
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return elsewhere{}, nil }}
	keepOnThisMachine(transport)
	if _, err := transport.DialContext(t.Context(), "tcp", "localhost:80"); err == nil || !strings.Contains(err.Error(), "localhost leads to 192.0.2.1") {
		t.Errorf("localhost: got %v, want an error that names the address", err)
	}
	if _, err := transport.DialContext(t.Context(), "tcp", "www.onenote.com:443"); err != nil {
		t.Errorf("another host: %v", err)
	}
}
