// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package loopback

import "testing"

func TestHostIsLoopbackForEveryResolver(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "localhost.": true,
		"127.0.0.1": true, "127.8.9.10": true, "::1": true, "[::1]": true, "::ffff:127.0.0.1": true, "[::ffff:127.0.0.1]": true,
		"": false, "[]": false, "[::1": false, "::1]": false, "localhost:80": false, "127.0.0.1:80": false,
		"a.localhost": false, "localhost.example": false, "localhost..": false, "127.1": false, "0.0.0.0": false, "::": false,
		"10.0.0.1": false, "example.com": false, "[localhost]": false,
	} {
		if got := Host(host); got != want {
			t.Errorf("Host(%q) = %t, want %t", host, got, want)
		}
	}
}

func TestPeerIsOnThisMachine(t *testing.T) {
	for peer, want := range map[string]bool{
		"@": true, "": true, "127.0.0.1:4711": true, "[::1]:4711": true, "[::ffff:127.0.0.1]:1": true,
		"127.0.0.1": false, "localhost:80": false, "10.0.0.1:80": false, "[::]:80": false, "x": false,
	} {
		if got := Peer(peer); got != want {
			t.Errorf("Peer(%q) = %t, want %t", peer, got, want)
		}
	}
}
