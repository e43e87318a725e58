// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
	"github.com/caddy-onenote/caddy-onenote/internal/rawquery"
)

// withoutAccessToken removes a bearer token that the client put into the query
// (RFC 6750 §2.3, and as the OneDrive API reads it): it is not sent, just as its
// Authorization header is not. Every other byte stays.
func withoutAccessToken(query string) string {
	if !percent.ContainsFold(query, accessToken) {
		return query
	}
	return rawquery.Without(query, isAccessToken)
}

const accessToken = "access_token"

// isAccessToken looks at the name only. A server that also splits at semicolons
// would find a token in the middle of a parameter; then the whole parameter is
// removed.
func isAccessToken(param string) bool {
	for part := range strings.SplitSeq(param, ";") {
		name, _, _ := strings.Cut(part, "=")
		if strings.EqualFold(strings.TrimSpace(percent.Decode(strings.ReplaceAll(name, "+", " "))), accessToken) {
			return true
		}
	}
	return false
}
