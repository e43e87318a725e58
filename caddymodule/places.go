// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// A place is where people reach a site.
type place struct {
	server string
	base   *url.URL // nil if it cannot be known without a request
}

// placeOf returns where people reach the site that is being provisioned: its
// public URL, else localhost on the port that its server listens on.
func placeOf(ctx caddy.Context, publicURL *url.URL) place {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return place{base: publicURL}
	}
	p := place{server: server.Name(), base: publicURL}
	if p.base == nil {
		p.base = listenBase(server.Listen, len(server.TLSConnPolicies) > 0)
	}
	return p
}

// listenBase returns localhost on the first of the ports, or nil.
func listenBase(listen []string, tls bool) *url.URL {
	for _, text := range listen {
		addr, err := caddy.ParseNetworkAddress(text)
		if err != nil || addr.IsUnixNetwork() || addr.StartPort == 0 {
			continue
		}
		u := &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", strconv.Itoa(int(addr.StartPort)))}
		if tls {
			u.Scheme = "https"
		}
		u.Host = withoutDefaultPort(u)
		return u
	}
	return nil
}

// addPlace notes where people reach a site, for sign-ins that begin without a
// request: from the command line.
func (a *App) addPlace(p place) {
	if p.base == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.places = append(a.places, p)
	// Servers are provisioned in no order; the first is the one whose name
	// comes first, as the adapter numbers them.
	slices.SortStableFunc(a.places, func(p, q place) int { return cmp.Compare(p.server, q.server) })
}

// firstSite returns where people reach the first site, or nil.
func (a *App) firstSite() *url.URL {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.places) == 0 {
		return nil
	}
	return a.places[0].base
}
