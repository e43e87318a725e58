// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
)

// A base is a base URL of the proxy.
type base struct {
	host string // as cutAuthority returns it
	path string // without a slash at its end
}

// bases are all base URLs that a client may know the proxy by.
type bases []base

func basesOf(urls []string) bases {
	all := make(bases, 0, len(urls))
	for _, s := range urls {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			continue // no URL could begin with it
		}
		host := strings.ToLower(hostport.WithoutDefaultPort(u))
		all = append(all, base{host: host, path: strings.TrimSuffix(u.EscapedPath(), "/")})
	}
	return all
}

// hosts returns the hosts of the bases, each once.
func (b bases) hosts() []string {
	hosts := make([]string, len(b))
	for i := range b {
		hosts[i] = b[i].host
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// anchors returns what [rewrite.JSON] looks for to find URLs that begin with one
// of the bases.
func (b bases) anchors() []string { return anchorsOf(b.hosts()) }
