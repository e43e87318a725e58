// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/pagelook"
)

// setHeaders sets the headers of every response of the pages, JSON and redirects
// included: it is not cached, framed, sniffed, or named in a Referer.
func setHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

// contentPolicy returns the policy of one page: its own style, its own script where
// it has one, and forms that lead to us and to the given origins.
func contentPolicy(script string, origins []string) string {
	policy := []string{
		"default-src 'none'",
		"style-src " + pagelook.StyleSource,
		"img-src data:",
		"base-uri 'none'",
		"form-action " + strings.Join(append([]string{"'self'"}, origins...), " "),
		"frame-ancestors 'none'",
	}
	if script != "" {
		policy = append(policy, "script-src "+pagelook.HashSource(script))
	}
	return strings.Join(policy, "; ")
}

// formOrigins returns the origins that forms lead to by redirects, which Chromium
// checks against form-action too: the provider, and the redirect URI that a user
// who is already signed in is sent to immediately. An https provider may send the
// user to any other, such as the sign-in server of their company, so for those every
// https origin is allowed.
func formOrigins(addresses ...string) []string {
	var origins []string
	add := func(origin string) {
		if origin != "" && !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	for _, address := range addresses {
		add(originOf(address))
		if strings.HasPrefix(address, "https://") {
			add("https:")
		}
	}
	return origins
}
