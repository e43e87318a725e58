// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-onenote/caddy-onenote/guard"
)

// Access says whose accounts a site is for and who may use it.
type Access struct {
	// The account whose token is used. Clients on other machines see no other.
	// Placeholders are resolved for each request, and then no client sees an
	// account but its own; choose one that the server sets, such as
	// {http.auth.user.id}, never one that the client can. Default: the only
	// account.
	Account string `json:"account,omitempty" onenote:"account <name>" placeholders:"request"`

	// The address under which apps and browsers reach this site; it may have
	// a path. Behind a proxy that ends TLS or takes a prefix off the path it is
	// needed: X-Forwarded-Proto, -Host and -Prefix are not believed. The log
	// warns once where a request shows such a proxy. Default: scheme and host of
	// each request.
	PublicURL string `json:"public_url,omitempty" onenote:"public_url <url>"`

	// Keys that let clients in. A client sends one as `Authorization: Bearer`,
	// as a Basic password, or in `X-Onenote-Proxy-Key`. The key may be bound to
	// one account. With any key every client needs one, for the API and for
	// pages, on this machine too. Default: none; then clients on this machine
	// need no key, and others are refused.
	ClientKeys []ClientKey `json:"client_keys,omitempty" onenote:"client_key <name> <key> [<account>]" placeholders:"secret"`

	// Addresses or networks (CIDR) whose clients need no key. `127.0.0.0/8` and
	// `::1` stand for clients on this machine that come through no proxy; others
	// behind a proxy are known by Caddy's `trusted_proxies`, which then needs
	// `trusted_proxies_strict`. Default: none.
	TrustedPeers []string `json:"trusted_peers,omitempty" onenote:"trusted_peers <cidr...>"`

	// Hosts to serve, besides loopback names and those of `public_url`
	// and `image_url`. Default: none.
	AllowedHosts []string `json:"allowed_hosts,omitempty" onenote:"allowed_hosts <host...>"`

	// Origins whose pages may use the site, exactly as a browser writes them:
	// scheme, host and port, or `null`. Default: none.
	AllowedOrigins []string `json:"allowed_origins,omitempty" onenote:"allowed_origins <origin...>"`

	// Whether clients that are not on this machine may sign in and out.
	// Default: no.
	AllowRemoteSignin bool `json:"allow_remote_signin,omitempty" onenote:"allow_remote_signin"`
}

// ClientKey is a key that lets a client in.
type ClientKey struct {
	// Whose key it is. Several keys of one name replace each other.
	Name string `json:"name,omitempty"`

	// The key; write it as {env.NAME} or {file./path}. A file is read again
	// when it changes.
	Key string `json:"key,omitempty"`

	// The only account that the client may use and see. Default: the site's
	// `account`; on this machine the client then sees all.
	Account string `json:"account,omitempty"`
}

func (k *ClientKey) readArguments(args []string) error {
	if len(args) != 2 && len(args) != 3 || args[0] == "" || args[1] == "" {
		return errUsage
	}
	k.Name, k.Key = args[0], args[1]
	if len(args) == 3 {
		k.Account = args[2]
	}
	return nil
}

// checkOption implements optionChecker. The guard checks the rest.
func (a *Access) checkOption(name string) error {
	if name != "trusted_peers" {
		return nil
	}
	for _, text := range a.TrustedPeers {
		if _, err := parseNetwork(text); err != nil && !strings.HasPrefix(text, "{") {
			return fmt.Errorf("expected addresses or networks such as 10.0.0.0/8, got %q", text)
		}
	}
	return nil
}

// guardConfig adds what the options say to the configuration of a guard.
func (a *Access) guardConfig(r *resolver, config guard.Config) guard.Config {
	config.PublicURL = r.url("public_url", a.PublicURL)
	config.AllowedHosts = a.AllowedHosts
	config.AllowedOrigins = a.AllowedOrigins
	config.TrustedPeers = r.networks("trusted_peers", a.TrustedPeers)
	config.AllowRemoteSignin = a.AllowRemoteSignin
	return config
}

// secretKeys prepares the client keys. warn is told of keys that are written
// out in the configuration.
func (a *Access) secretKeys(r *resolver, warn func(string)) []clientKey {
	var keys []clientKey
	for _, k := range a.ClientKeys {
		s, err := newSecret("client_key "+k.Name, k.Key, r.absent)
		if err != nil {
			r.errs = append(r.errs, err)
		}
		if warning := literalWarning("client_key "+k.Name, k.Key); warning != "" {
			warn(warning)
		}
		keys = append(keys, clientKey{name: k.Name, account: k.Account, secret: s})
	}
	return keys
}

// peerOf returns what Caddy knows of the client, and the account that the site
// chooses for its request.
func (s *site) peerOf(r *http.Request) guard.Peer {
	var p guard.Peer
	if ip, ok := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string); ok {
		p.ClientIP = parseIP(ip)
	}
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		p.Authenticated = true
	}
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if user, ok := repl.GetString("http.auth.user.id"); ok && user != "" {
		p.Authenticated = true
	}
	if s.dynamic {
		p.Account = repl.ReplaceAll(s.account, "")
	}
	return p
}

// parseIP reads an address, with or without a port; the zero Addr where it is
// none.
func parseIP(text string) netip.Addr {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr
	}
	host, _, _ := net.SplitHostPort(text) // empty on error,
	addr, _ := netip.ParseAddr(host)      // and then it is none
	return addr
}
