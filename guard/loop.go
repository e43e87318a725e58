// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"net/http"
	"strings"
)

// isLoop reports whether the request has passed through this proxy before. It
// comes back if the upstream's or the provider's name leads to the proxy itself,
// through the hosts file or an inherited HTTPS_PROXY; each time would then start the
// next.
//
// CDN-Loop (RFC 8586) is a list of cdn-ids with parameters.
func (g *Guard) isLoop(h http.Header) bool {
	if g.loop == "" {
		return false
	}
	for _, field := range h["Cdn-Loop"] {
		for info := range strings.SplitSeq(field, ",") {
			id, _, _ := strings.Cut(info, ";")
			if strings.EqualFold(strings.TrimSpace(id), g.loop) {
				return true
			}
		}
	}
	return false
}
