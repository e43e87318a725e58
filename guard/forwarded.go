// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/internal/forwarding"
)

// isForwarded reports whether a proxy says that it forwarded the request. Only
// the presence of such a field counts, whatever its value, empty ones included.
func isForwarded(h http.Header) bool {
	for name := range h {
		if forwarding.Field(name) {
			return true
		}
	}
	return false
}
