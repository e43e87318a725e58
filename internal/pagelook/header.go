// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package pagelook

import (
	"net/http"
	"strings"
)

// SetHeaders sets the fields of every response beside pages, JSON and redirects included:
// it is not cached, framed, sniffed, or named in a Referer.
func SetHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

// Policy returns the Content-Security-Policy of a page: it allows the style, its own
// script where it has one, and forms that lead to us and to these sources.
func Policy(script string, forms ...string) string {
	policy := []string{
		"default-src 'none'",
		"style-src " + styleSource,
		"img-src data:",
		"base-uri 'none'",
		strings.Join(append([]string{"form-action 'self'"}, forms...), " "),
		"frame-ancestors 'none'",
	}
	if script != "" {
		policy = append(policy, "script-src "+hashSource(script))
	}
	return strings.Join(policy, "; ")
}
