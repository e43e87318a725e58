// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// Otherwise every machine that reaches the port could read the notebooks.
func TestRemotePeerNeedsKey(t *testing.T) {
	g := newGuard(t, guard.Config{})
	lo, out := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.7")
	checkAll(t, g, []call{
		{name: "IPv4 loopback"},
		{name: "another IPv4 loopback", from: "127.3.2.1:9"},
		{name: "IPv6 loopback", from: "[::1]:50000"},
		{name: "mapped loopback", from: "[::ffff:127.0.0.1]:50000"},
		{name: "unix socket", from: "@"},
		{name: "the server agrees", peer: guard.Peer{ClientIP: lo}},
		{name: "the server agrees, mapped", peer: guard.Peer{ClientIP: netip.MustParseAddr("::ffff:127.0.0.1")}},
		{name: "unix socket, the server agrees", from: "@", peer: guard.Peer{ClientIP: lo}},

		{name: "IPv4", from: remote, want: apierror.ForbiddenClient},
		{name: "IPv6", from: "[2001:db8::7]:50000", want: apierror.ForbiddenClient},
		{name: "link-local", from: "[fe80::1%eth0]:50000", want: apierror.ForbiddenClient},
		{name: "private network", from: "10.0.0.1:1", want: apierror.ForbiddenClient},
		{name: "container gateway", from: "172.17.0.1:1", want: apierror.ForbiddenClient},
		{name: "unspecified", from: "0.0.0.0:1", want: apierror.ForbiddenClient},
		{name: "no address", from: "-", want: apierror.ForbiddenClient},
		{name: "name for an address", from: "localhost:1", want: apierror.ForbiddenClient},
		{name: "the server knows better", peer: guard.Peer{ClientIP: out}, want: apierror.ForbiddenClient},
		{name: "the server knows better on a unix socket", from: "@", peer: guard.Peer{ClientIP: out}, want: apierror.ForbiddenClient},
		{name: "remote that claims to be here", from: remote, peer: guard.Peer{ClientIP: lo}, want: apierror.ForbiddenClient},
		{name: "X-Forwarded-For that claims loopback", from: remote, header: field("X-Forwarded-For", "127.0.0.1"), want: apierror.ForbiddenClient},
	})
}

// A proxy on this machine sends requests for every client that reaches it.
func TestForwardedRequestCountsAsRemote(t *testing.T) {
	g := newGuard(t, guard.Config{})
	for _, from := range []string{local, "[::1]:1", "@"} {
		for _, name := range []string{
			"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Client-Cert", "X-Real-IP", "Via",
			"x-forwarded-for", "X_Forwarded_For", "X-Forwarded_For", "X_Real_IP",
			"CF-Connecting-IP", "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP",
		} {
			for _, value := range []string{"127.0.0.1", ""} {
				t.Run(from+" "+name+" "+value, func(t *testing.T) {
					call{from: from, header: field(name, value), want: apierror.ForbiddenClient}.check(t, g)
				})
			}
		}
	}
	checkAll(t, g, []call{
		{name: "fields that no proxy sets", header: field("X-Forward", "1", "Viable", "1", "X-Correlationid", "1", "Vi", "1", "X-Forwarded", "1", "Forwarded-X", "1")},
	})
}

func TestTrustedPeerNeedsNoKey(t *testing.T) {
	g := newGuard(t, guard.Config{TrustedPeers: []netip.Prefix{
		netip.MustParsePrefix("192.0.2.77/24"),
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("::ffff:198.51.100.0/120"),
		netip.MustParsePrefix("fe80::/10"),
	}})
	in, out := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("203.0.113.9")
	checkAll(t, g, []call{
		{name: "in the network", from: remote},
		{name: "in the network, mapped", from: "[::ffff:192.0.2.7]:1"},
		{name: "in the network, IPv6", from: "[2001:db8::1]:1"},
		{name: "in a network written as IPv6", from: "198.51.100.3:1"},
		{name: "link-local with a zone", from: "[fe80::1%eth0]:1"},
		{name: "behind a proxy that the server trusts", header: field("X-Forwarded-For", "192.0.2.9"), peer: guard.Peer{ClientIP: in}},
		{name: "page", line: "GET /", from: remote, kind: guard.Page},

		{name: "beside it", from: "192.0.3.7:1", want: apierror.ForbiddenClient},
		{name: "says so itself", from: "203.0.113.1:1", header: field("X-Forwarded-For", "192.0.2.9"), want: apierror.ForbiddenClient},
		{name: "proxy in the network for somebody outside", from: remote, peer: guard.Peer{ClientIP: out}, want: apierror.ForbiddenClient},
		{name: "unix socket behind a proxy", from: "@", header: field("Via", "1.1 x"), want: apierror.ForbiddenClient},
	})
	if route := (call{from: remote}).check(t, g); route != nil && !route.Remote {
		t.Error("a trusted peer is not on this machine")
	}
}

// A password or client certificate that the server has checked counts as a key.
func TestServerAuthenticationCountsAsKey(t *testing.T) {
	g := newGuard(t, guard.Config{})
	peer := guard.Peer{Authenticated: true}
	checkAll(t, g, []call{
		{name: "API", from: remote, peer: peer},
		{name: "with the password for the server", from: remote, peer: peer, header: field("Authorization", "Basic dXNlcjpwYXNz")},
		{name: "page", line: "GET /", from: remote, peer: peer, kind: guard.Page},
		{name: "not past the host", from: remote, peer: peer, host: "evil.example", want: apierror.ForbiddenHost},
		{name: "not past the origin", from: remote, peer: peer, header: field("Origin", "https://evil.example"), want: apierror.ForbiddenOrigin},
		{name: "not past the path", line: "GET /api/../x", from: remote, peer: peer, want: apierror.BadPath},
		{name: "not past allow_remote_signin", line: "POST /auth/a/signin", from: remote, peer: peer, want: apierror.ForbiddenClient},
	})
}

// Two lengths of one body, two hosts, a broken line: net/http refuses what
// would make us and the upstream read different requests. This test shows that
// it still does.
func TestRequestSmugglingIsRefused(t *testing.T) {
	g := newGuard(t, guard.Config{})
	admitted := make(chan string, 16)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, refusal := g.Admit(r, guard.Peer{}); refusal != nil {
			refusal.ServeHTTP(w, r)
			return
		}
		admitted <- r.Method + " " + r.RequestURI
	}))
	defer srv.Close()
	const get = "GET " + notebooks + " HTTP/1.1\r\nHost: localhost\r\n"
	const post = "POST " + notebooks + " HTTP/1.1\r\nHost: localhost\r\n"
	tests := []struct {
		name, raw string
	}{
		{"two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
		{"unknown coding", post + "Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n"},
		{"coding hidden by a space", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
		{"signed length", post + "Content-Length: +3\r\n\r\nabc"},
		{"two hosts", "GET " + notebooks + " HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"},
		{"no host", "GET " + notebooks + " HTTP/1.1\r\n\r\n"},
		{"folded field", get + "Origin: https://app.example,\r\n https://evil.example\r\n\r\n"},
		{"control character in the target", "GET " + notebooks + "\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"space in the target", "GET " + notebooks + " x HTTP/1.1\r\nHost: localhost\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, tt.raw); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode < 400 {
				t.Errorf("got %d, want a refusal", res.StatusCode)
			}
			select {
			case line := <-admitted:
				t.Errorf("admitted: %s", line)
			default:
			}
		})
	}
}

// A forwarder that adds no header field looks like a local client. So keys are
// for everybody, unless the operator says otherwise.
func TestEveryClientNeedsKeyWhereSiteHasOne(t *testing.T) {
	key := field("Authorization", "Bearer key-of-app")
	config := guard.Config{ClientKeys: []guard.ClientKey{{Name: "app", Key: "key-of-app"}}}
	g := newGuard(t, config)
	checkAll(t, g, []call{
		{name: "local", want: apierror.ForbiddenClient},
		{name: "local, IPv6", from: "[::1]:1", want: apierror.ForbiddenClient},
		{name: "unix socket", from: "@", want: apierror.ForbiddenClient},
		{name: "page", line: "GET /", want: apierror.ForbiddenClient, status: 401},
		{name: "status", line: "GET /auth/status", want: apierror.ForbiddenClient, status: 401},
		{name: "sign-out", line: "POST /auth/a/signout", want: apierror.ForbiddenClient, status: 401},
		{name: "another Authorization", header: field("Authorization", "Bearer EwB4Aq"), want: apierror.ForbiddenClient},
		{name: "local with key", header: key},
		{name: "unix socket with key", from: "@", header: key},
		{name: "page with key", line: "GET /", header: key, kind: guard.Page},
		{name: "sign-out with key", line: "POST /auth/a/signout", header: key, kind: guard.Page},
		{name: "authenticated by the server", peer: guard.Peer{Authenticated: true}},
	})
	config.TrustedPeers = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	checkAll(t, newGuard(t, config), []call{
		{name: "trusted loopback"},
		{name: "trusted loopback, IPv6", from: "[::1]:1"},
		{name: "trusted loopback, mapped", from: "[::ffff:127.0.0.1]:1"},
		{name: "trusted loopback, page", line: "POST /auth/a/signout", kind: guard.Page},
		{name: "remote", from: remote, want: apierror.ForbiddenClient},
		{name: "forwarder on trusted loopback", header: field("X-Forwarded-For", "127.0.0.1"), want: apierror.ForbiddenClient},
		{name: "forwarder on trusted loopback that the server trusts", header: field("X-Forwarded-For", "192.0.2.1"),
			peer: guard.Peer{ClientIP: netip.MustParseAddr("192.0.2.1")}, want: apierror.ForbiddenClient},
	})
}

func TestGuessesOnThisMachineAreLimited(t *testing.T) {
	g, _ := slowGuard(t)
	exhaust(t, g, local)
}

// The address of a forwarder on this machine is loopback, too.
func TestGuessesThroughForwarderDoNotLockOutLocalClients(t *testing.T) {
	for _, from := range []string{local, "@"} {
		g, _ := slowGuard(t)
		for range 30 {
			_, _ = g.Admit(call{from: from, header: field("X-Forwarded-For", "192.0.2.1", "Authorization", "Bearer guess")}.request(t), guard.Peer{})
		}
		for i := range 30 {
			key := field("X-Real-Ip", "192.0.2.1", "Authorization", "Bearer "+string(rune('a'+i)))
			_, _ = g.Admit(call{from: from, header: key}.request(t), guard.Peer{})
		}
		if got := try(t, g, from, "key-of-app"); got != nil {
			t.Errorf("from %s: got %v, want it admitted", from, got)
		}
	}
}
