// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// setHeaders sets what every answer of the pages has, JSON and redirects
// included: nothing of it is kept, framed, guessed at, or told to others.
func setHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

// contentPolicy returns the policy of one page: its own style, its own script
// where it has one, and forms that lead to us and to where these lead on.
func contentPolicy(script string, origins []string) string {
	policy := []string{
		"default-src 'none'",
		"style-src " + styleSource,
		"img-src data:",
		"base-uri 'none'",
		"form-action " + strings.Join(append([]string{"'self'"}, origins...), " "),
		"frame-ancestors 'none'",
	}
	if script != "" {
		policy = append(policy, "script-src "+hashSource(script))
	}
	return strings.Join(policy, "; ")
}

// hashSource returns the source expression that lets exactly this text pass.
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// formOrigins returns the origins that forms lead to by way of redirects,
// which Chromium holds form-action against too: the provider, and the redirect
// URI that an already signed-in user is sent on to at once. An https provider
// may hand the user on to any other, the sign-in server of their company for
// one, so for those every https origin has to do.
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
