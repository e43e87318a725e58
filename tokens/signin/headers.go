// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/pagelook"
)

// setHeaders sets the fields of every response of the pages, JSON and redirects included.
// No window that they open, or that opened them, may reach into them.
func setHeaders(h http.Header) {
	pagelook.SetHeaders(h)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
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
