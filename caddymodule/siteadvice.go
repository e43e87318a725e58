// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
)

// siteAdvice returns warnings about how Caddy's servers lead to the sites of the
// proxy: configurations that are valid but most likely not meant. All apps of
// the configuration are provisioned.
func siteAdvice(http *caddyhttp.App) []string {
	var advice []string
	found := false
	for _, s := range allSites(http) {
		found = found || s.found
		advice = append(advice, s.advice()...)
	}
	if !found {
		advice = append(advice, "no site has the directive onenote, so nothing is proxied; write onenote into a site block")
	}
	return advice
}

// allSites returns the sites of the proxy in each of Caddy's servers, in the order of
// the Caddyfile: the adapter numbers the servers, so srv2 comes before srv10.
func allSites(http *caddyhttp.App) []*serverSites {
	names := slices.SortedFunc(maps.Keys(http.Servers), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	var all []*serverSites
	for _, name := range names {
		s := &serverSites{server: http.Servers[name]}
		s.walk(s.server.Routes, nil)
		all = append(all, s)
	}
	return all
}

// serverSites are the sites of the proxy in one of Caddy's servers.
type serverSites struct {
	server *caddyhttp.Server
	found  bool
	proxy  []proxySite
	hosts  []string // host matchers that lead to a site
	all    bool     // a site without a host matcher
	open   bool     // a site that is only for this machine
}

// walk looks for sites in routes. hosts are the host matchers on the way.
func (s *serverSites) walk(routes caddyhttp.RouteList, hosts []string) {
	for _, route := range routes {
		under := hosts
		for _, set := range route.MatcherSets {
			for _, m := range set {
				if names, ok := m.(*caddyhttp.MatchHost); ok {
					under = append(slices.Clone(under), *names...)
				}
			}
		}
		for _, handler := range route.Handlers {
			s.visit(handler, under)
		}
	}
}

func (s *serverSites) visit(handler caddyhttp.MiddlewareHandler, hosts []string) {
	switch h := handler.(type) {
	case *Handler:
		s.add(&h.Access, hosts)
		s.proxy = append(s.proxy, proxySite{h, s.address(h, hosts)})
	case *StatusHandler:
		s.add(&h.Access, hosts)
	case *caddyhttp.Subroute:
		s.walk(h.Routes, hosts)
	case *caddyhttp.Invoke:
		if route, ok := s.server.NamedRoutes[h.Name]; ok {
			s.walk(caddyhttp.RouteList{*route}, hosts)
		}
	}
}

func (s *serverSites) add(a *Access, hosts []string) {
	s.found = true
	s.hosts = append(s.hosts, hosts...)
	s.all = s.all || len(hosts) == 0
	s.open = s.open || len(a.ClientKeys)+len(a.TrustedPeers)+len(a.AllowedHosts) == 0 && a.PublicURL == ""
}

func (s *serverSites) advice() []string {
	var advice []string
	if spelled, missing := s.loopbackSpellings(); len(missing) > 0 {
		advice = append(advice, fmt.Sprintf("a site serves %s only: requests for %s get an empty response from Caddy itself; "+
			"write its address without a host, such as http://:8080, and bind 127.0.0.1 [::1]",
			strings.Join(spelled, ", "), strings.Join(missing, " and ")))
	}
	if address := s.everywhere(); address != "" && s.open {
		advice = append(advice, fmt.Sprintf("a site listens on every network interface (%s) but only this machine may use it: "+
			"write bind 127.0.0.1 [::1] into it, or client_key if other machines shall use it", address))
	}
	return advice
}

// loopbackSpellings returns how the sites spell this machine, and how they do
// not, if it is all that they serve. With TLS the certificate names a host,
// so there is no such advice.
func (s *serverSites) loopbackSpellings() (spelled, missing []string) {
	if s.all || len(s.hosts) == 0 || len(s.server.TLSConnPolicies) > 0 {
		return nil, nil
	}
	for _, host := range s.hosts {
		if !loopback.Host(host) {
			return nil, nil
		}
	}
	for _, name := range []string{"localhost", "127.0.0.1"} {
		if !slices.Contains(s.hosts, name) {
			missing = append(missing, name)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(s.hosts))), missing
}

// everywhere returns the address of the server that is not bound to a host.
func (s *serverSites) everywhere() string {
	for _, text := range s.server.Listen {
		addr, err := caddy.ParseNetworkAddress(text)
		if err != nil || addr.IsUnixNetwork() || addr.IsFdNetwork() {
			continue
		}
		if ip := net.ParseIP(addr.Host); addr.Host == "" || ip != nil && ip.IsUnspecified() {
			return text
		}
	}
	return ""
}
