// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/guard"
)

// A forwardedScheme warns once of a site that apps and browsers reach by https, at
// a forwarder that ends TLS, while the site writes http into its links: it takes the
// scheme from the request, and the forwarder's request is plain.
type forwardedScheme struct{ once sync.Once }

// check looks at a request that the guard has admitted. Probes and preflights may
// come from anybody, who must not decide what stands in the log.
func (f *forwardedScheme) check(log *zap.Logger, config *guard.Config, r *http.Request, route *guard.Route) {
	if !route.Remote || route.Kind == guard.Probe || route.Kind == guard.Preflight {
		return
	}
	if config.PublicURL != nil || r.TLS != nil || !cameByHTTPS(r.Header) {
		return
	}
	f.once.Do(func() {
		log.Warn("a request came by https to a server in front of this site, but the site's links and redirect URIs say http: "+
			"write public_url with the https address that apps and browsers use. "+
			"trusted_proxies does not change this: it only says whose word on the client's address counts",
			zap.String("links_begin_with", route.Base.String()))
	})
}

// cameByHTTPS reports whether a forwarder says that the client used https: in
// Forwarded (RFC 7239), or in one of the fields that are older. If there are
// several forwarders, the first one saw the client.
func cameByHTTPS(h http.Header) bool {
	for _, name := range [...]string{"X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Scheme"} {
		first, _, _ := strings.Cut(h.Get(name), ",")
		if strings.EqualFold(strings.TrimSpace(first), "https") {
			return true
		}
	}
	if strings.EqualFold(h.Get("X-Forwarded-Ssl"), "on") || strings.EqualFold(h.Get("Front-End-Https"), "on") {
		return true
	}
	first, _, _ := strings.Cut(h.Get("Forwarded"), ",")
	for pair := range strings.SplitSeq(first, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(name, "proto") && strings.EqualFold(strings.Trim(value, `"`), "https") {
			return true
		}
	}
	return false
}
