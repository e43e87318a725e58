// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

// preAuthenticated asks the API to make a page's pictures public for an hour.
const (
	preAuthenticated      = "preAuthenticated"
	lowerPreAuthenticated = "preauthenticated"
)

// withPreAuthenticated adds preAuthenticated=true to a raw query; all other bytes
// stay. A query that mentions it already is left alone, also in the odd spellings
// of real clients (includeIDs=true,preAuthenticated=true).
func withPreAuthenticated(query string) string {
	if percent.ContainsFold(query, lowerPreAuthenticated) {
		return query
	}
	if query == "" || strings.HasSuffix(query, "&") {
		return query + preAuthenticated + "=true"
	}
	return query + "&" + preAuthenticated + "=true"
}

// refusesPreAuthenticated reports whether the client asks for private pictures.
func refusesPreAuthenticated(query string) bool {
	return percent.ContainsFold(query, lowerPreAuthenticated) && !percent.ContainsFold(query, lowerPreAuthenticated+"=true")
}
