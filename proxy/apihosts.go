// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
)

// maxAuthority is the longest host with port that is looked up. DNS allows 253
// bytes for the name.
const maxAuthority = 253 + len(":65535")

// APIHosts tells the URLs of one API from all others: those that start with
// http or https, one of its hosts and one of its paths. It is immutable and
// safe for concurrent use.
//
// Scheme and host are compared without case, a port that is the scheme's own
// counts as none, and any other port must be the host's. A URL with a user name
// is never the API's, nor is one whose host merely begins or ends like one of
// its hosts.
type APIHosts struct {
	hosts   map[string]struct{} // lower case, with port unless it is the scheme's
	regions []string            // what follows a label, with its dot: ".example.com"
	paths   [][]byte
	origins [][]byte // how most URLs begin, up to their path
	anchors []string
}

// NewAPIHosts returns the hosts of a preset, of the configured upstream, and
// more: host or host:port, or "*." and a host for any one label before it.
func NewAPIHosts(p Preset, upstream *url.URL, more ...string) *APIHosts {
	h := &APIHosts{hosts: make(map[string]struct{})}
	for _, path := range p.Paths {
		h.paths = append(h.paths, []byte(path))
	}
	for _, host := range p.Hosts {
		h.add(host)
	}
	if upstream != nil && upstream.Host != "" {
		h.add(withoutPort(upstream.Scheme, upstream.Host))
		h.origins = append(h.origins, []byte(upstream.Scheme+"://"+upstream.Host))
	}
	h.origins = append(h.origins, []byte(p.Upstream)) // one of its hosts
	for _, host := range more {
		h.add(host)
	}
	h.anchors = anchorsOf(h.names())
	return h
}

func (h *APIHosts) add(host string) {
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

// names returns strings of which each API URL's host holds one, in a fixed
// order.
func (h *APIHosts) names() []string {
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
func (h *APIHosts) Anchors() []string { return h.anchors }

// path returns where in an API URL the path begins.
func (h *APIHosts) path(u []byte) (begin int, ok bool) {
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

func (h *APIHosts) has(host []byte) bool {
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

// hasPath reports whether the path begins with one of those.
func hasPath(path []byte, prefixes [][]byte) bool {
	for _, p := range prefixes {
		if bytes.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

// cutAuthority appends to dst what stands between the scheme of an http or
// https URL and its path, in lower case and without the scheme's own port, and
// returns where the path begins. It reports false for any other URL and for one
// without a path.
func cutAuthority(dst, u []byte) (host []byte, path int, ok bool) {
	const http = "http"
	if len(u) < len("http://") || !bytes.EqualFold(u[:len(http)], []byte(http)) {
		return nil, 0, false
	}
	ownPort := ":80"
	i := len(http)
	if u[i]|0x20 == 's' {
		ownPort = ":443"
		i++
	}
	rest, ok := bytes.CutPrefix(u[i:], []byte("://"))
	if !ok {
		return nil, 0, false
	}
	n := bytes.IndexByte(rest, '/')
	if n <= 0 || n > maxAuthority {
		return nil, 0, false
	}
	for _, c := range rest[:n] {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return bytes.TrimSuffix(dst, []byte(ownPort)), len(u) - len(rest) + n, true
}

// withoutPort returns a URL's host, without the port if it is the scheme's own.
func withoutPort(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// minAnchor is the shortest part of several hosts that is worth looking for in
// place of each of them. Shorter ones are found in too many other places.
const minAnchor = 6

// anchorsOf returns few strings such that each name holds one of them.
func anchorsOf(names []string) []string {
	var anchors []string
	for len(names) > 0 {
		// The more names share a part, the better; of those, the longest part.
		best, shared := names[0], covered(names, names[0])
		for _, part := range partsOf(names[0]) {
			n := covered(names, part)
			if n > shared || n == shared && len(part) > len(best) {
				best, shared = part, n
			}
		}
		anchors = append(anchors, best)
		names = slices.DeleteFunc(names, func(name string) bool { return strings.Contains(name, best) })
	}
	return anchors
}

// partsOf returns the parts of a name that are long enough for an anchor.
func partsOf(name string) (parts []string) {
	for i := range name {
		for j := i + minAnchor; j <= len(name); j++ {
			parts = append(parts, name[i:j])
		}
	}
	return parts
}

func covered(names []string, part string) (n int) {
	for _, name := range names {
		if strings.Contains(name, part) {
			n++
		}
	}
	return n
}
