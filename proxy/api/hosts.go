// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// Hosts tells the URLs of one API from all others: those that start with
// http or https, one of its hosts and one of its paths. It is immutable and
// safe for concurrent use.
//
// Scheme and host are compared without case, a port that is the scheme's own
// counts as none, and any other port must be the host's. A URL with a user name
// is never the API's, nor is one whose host merely begins or ends like one of
// its hosts.
type Hosts struct {
	hosts   map[string]struct{} // lower case, with port unless it is the scheme's
	regions []string            // what follows a label, with its dot: ".example.com"
	paths   [][]byte
	origins [][]byte // how most URLs begin, up to their path
	anchors []string

	// Method values, which would be allocated for each page.
	publicPicture   rewrite.PictureFunc
	isPublicPicture func(url []byte) bool
}

// NewHosts returns the hosts of a preset, of the configured upstream, and
// more: host or host:port, or "*." and a host for any one label before it.
func NewHosts(p Preset, upstream *url.URL, more ...string) *Hosts {
	h := &Hosts{hosts: make(map[string]struct{})}
	for _, path := range p.Paths {
		h.paths = append(h.paths, []byte(path))
	}
	for _, host := range p.Hosts {
		h.add(host)
	}
	if upstream != nil && upstream.Host != "" {
		h.add(hostport.WithoutDefaultPort(upstream))
		h.origins = append(h.origins, []byte(upstream.Scheme+"://"+upstream.Host))
	}
	h.origins = append(h.origins, []byte(p.Upstream)) // one of its hosts
	for _, host := range more {
		h.add(host)
	}
	h.anchors = anchorsOf(h.names())
	h.publicPicture, h.isPublicPicture = h.PublicPicture, h.hasPublicPicture
	return h
}

func (h *Hosts) add(host string) {
	host = strings.ToLower(host)
	if host == "" {
		return
	}
	if region, ok := strings.CutPrefix(host, "*"); ok {
		h.regions = append(h.regions, region)
		return
	}
	h.hosts[host] = struct{}{}
}

// Paths returns the prefixes of the API's paths.
func (h *Hosts) Paths() []string {
	paths := make([]string, len(h.paths))
	for i, path := range h.paths {
		paths[i] = string(path)
	}
	return paths
}

// names returns strings of which each API URL's host holds one, in a fixed
// order.
func (h *Hosts) names() []string {
	names := slices.Clone(h.regions)
	for host := range h.hosts {
		names = append(names, host)
	}
	slices.Sort(names)
	return names
}

// Anchors returns strings of which each API URL's host holds at least one. They
// are what [rewrite.JSON] looks for, and as few as can be: it searches the
// whole body for each.
func (h *Hosts) Anchors() []string { return h.anchors }

// CutPath returns what follows scheme and host in a URL of the API.
func (h *Hosts) CutPath(u []byte) (rest []byte, ok bool) {
	begin, ok := h.path(u)
	return u[begin:], ok
}

// path returns where in an API URL the path begins.
func (h *Hosts) path(u []byte) (begin int, ok bool) {
	for _, origin := range h.origins {
		if bytes.HasPrefix(u, origin) && hasPath(u[len(origin):], h.paths) {
			return len(origin), true
		}
	}
	var buf [maxAuthority]byte
	host, begin, ok := cutAuthority(buf[:0], u)
	if !ok || !h.has(host) || !hasPath(u[begin:], h.paths) {
		return 0, false
	}
	return begin, true
}

func (h *Hosts) has(host []byte) bool {
	if _, ok := h.hosts[string(host)]; ok {
		return true
	}
	for _, region := range h.regions {
		label := len(host) - len(region)
		if label > 0 && string(host[label:]) == region && bytes.IndexByte(host[:label], '.') < 0 {
			return true
		}
	}
	return false
}

// hasPath reports whether the path begins with one of the prefixes.
func hasPath(path []byte, prefixes [][]byte) bool {
	for _, p := range prefixes {
		if bytes.HasPrefix(path, p) {
			return true
		}
	}
	return false
}
