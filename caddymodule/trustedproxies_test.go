// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"strings"
	"testing"
)

func TestAddressThatClientsChooseIsWarnedOf(t *testing.T) {
	m := startMicrosoft(t)
	t.Setenv("APP_KEY", "key-of-the-app")
	const trusted, strict = "trusted_proxies static 127.0.0.1/32", "\ntrusted_proxies_strict"
	for _, tt := range []struct {
		name, servers, site string
		want                string // the option that the warning names
	}{
		{"not strict", trusted, "trusted_peers 192.0.2.0/24", "trusted_peers"},
		{"not strict, for keys", trusted, "client_key app {env.APP_KEY}", "client_key"},
		{"not strict, unix sockets", "trusted_proxies_unix", "trusted_peers 192.0.2.0/24", "trusted_peers"},
		{"strict", trusted + strict, "trusted_peers 192.0.2.0/24", ""},
		{"a field that proxies replace", trusted + "\nclient_ip_headers X-Real-IP", "trusted_peers 192.0.2.0/24", ""},
		{"no trusted proxies", "", "trusted_peers 192.0.2.0/24", ""},
		{"nothing uses the address", trusted, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			s.mustLoad(s.config(importedAccount(m), "onenote "+m.url+" {\n"+tt.site+"\n}", "servers {\n"+tt.servers+"\n}"))
			warned := strings.Contains(s.log(), "add trusted_proxies_strict")
			if warned != (tt.want != "") || warned && !strings.Contains(s.log(), tt.want+" uses the client's address") {
				t.Errorf("warned %t, want one that names %q: %s", warned, tt.want, s.log())
			}
		})
	}
}

// What the warning is about.
func TestClientChoosesAddressUnlessTrustedProxiesAreStrict(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	const trusted = "servers {\ntrusted_proxies static 127.0.0.1/32\n%}"
	load := func(strict string) {
		s.mustLoad(s.config(importedAccount(m), "onenote "+m.url+" {\ntrusted_peers 192.0.2.0/24\n}", strings.Replace(trusted, "%", strict, 1)))
	}
	const written = "192.0.2.7, 203.0.113.9" // the client wrote the first, its proxy the second
	load("")
	s.get(notebooks, "X-Forwarded-For", written).want(t, 200, "")
	load("trusted_proxies_strict\n")
	s.get(notebooks, "X-Forwarded-For", written).want(t, 403, "forbidden_client")
	s.get(notebooks, "X-Forwarded-For", "192.0.2.7").want(t, 200, "")
}
