// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"strings"
	"sync"
)

// maxSites is how many site collections are remembered. A user sees far fewer.
const maxSites = 1024

// Sites knows which SharePoint host has which site collection. The OneNote API
// names a site by two ids, Microsoft Graph by its host and the same two ids. A
// tenant has several hosts. Sites is safe for concurrent use and does not grow
// without limit.
type Sites struct {
	configured string

	mu    sync.RWMutex
	hosts map[string]string // by site collection in lower case
}

// NewSites returns Sites that know no site collection. host, if it is not empty, is
// the host of all site collections that have not been learned.
func NewSites(host string) *Sites {
	return &Sites{configured: strings.ToLower(host), hosts: make(map[string]string)}
}

// Host returns the host that was learned for a site collection, else the configured
// one. It reports false if there is neither.
func (s *Sites) Host(siteCollection string) (host string, ok bool) {
	if s == nil {
		return "", false
	}
	s.mu.RLock()
	host, ok = s.hosts[strings.ToLower(siteCollection)]
	s.mu.RUnlock()
	if !ok {
		host = s.configured
	}
	return host, host != ""
}

// Learn remembers the host of a site collection, as Microsoft Graph has named it. It
// ignores what is no host name.
func (s *Sites) Learn(siteCollection, host string) {
	if s == nil || siteCollection == "" || !isHostname(host) {
		return
	}
	siteCollection, host = strings.ToLower(siteCollection), strings.ToLower(host)
	if known, ok := s.learned(siteCollection); ok && known == host {
		return // nearly always: each URL of a response names the same site
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.hosts[siteCollection]; !ok && len(s.hosts) >= maxSites {
		s.forgetOne()
	}
	s.hosts[siteCollection] = host
}

func (s *Sites) learned(siteCollection string) (host string, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	host, ok = s.hosts[siteCollection]
	return host, ok
}

// forgetOne makes room. Any entry will do: the next response about its site
// collection names the host again.
func (s *Sites) forgetOne() {
	for siteCollection := range s.hosts {
		delete(s.hosts, siteCollection)
		return
	}
}

// isHostname reports whether s is a host name of at least two labels (RFC 1123
// §2.1), without a port.
func isHostname(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label || strings.ContainsFunc(label, isNotInLabel) {
			return false
		}
	}
	return true
}

func isNotInLabel(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-'
}
