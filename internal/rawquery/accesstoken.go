// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rawquery

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

// accessToken is the parameter that holds a bearer token (RFC 6750 §2.3, and as the
// OneDrive API reads it).
const accessToken = "access_token"

// WithoutAccessTokens returns the query without its bearer tokens. Every other byte stays.
func WithoutAccessTokens(query string) string {
	if !percent.ContainsFold(query, accessToken) {
		return query
	}
	return Without(query, func(param string) bool { return len(accessTokensOf(param)) > 0 })
}

// AccessTokens returns the bearer tokens in the query, decoded.
func AccessTokens(query string) []string {
	if !percent.ContainsFold(query, accessToken) {
		return nil
	}
	var all []string
	for param := range strings.SplitSeq(query, "&") {
		all = append(all, accessTokensOf(param)...)
	}
	return all
}

// accessTokensOf returns the tokens in a parameter. A server that also splits at
// semicolons would find one in the middle of it.
func accessTokensOf(param string) []string {
	var all []string
	for part := range strings.SplitSeq(param, ";") {
		name, value, _ := strings.Cut(part, "=")
		if strings.EqualFold(strings.TrimSpace(decode(name)), accessToken) {
			all = append(all, decode(value))
		}
	}
	return all
}

func decode(s string) string { return percent.Decode(strings.ReplaceAll(s, "+", " ")) }
