// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/url"
	"strings"
)

// preAuthenticated asks the API to make a page's pictures public for an hour.
const preAuthenticated = "preAuthenticated"

// withPreAuthenticated adds preAuthenticated=true to a raw query, every other
// byte kept. A query that says anything about it is left alone, also where it
// says so in the odd ways of real clients (includeIDs=true,preAuthenticated=true).
func withPreAuthenticated(query string) string {
	if mentions(query, preAuthenticated) {
		return query
	}
	if query == "" || strings.HasSuffix(query, "&") {
		return query + preAuthenticated + "=true"
	}
	return query + "&" + preAuthenticated + "=true"
}

// mentions reports whether the query holds the word, in any case of letters,
// percent-encoded or not.
func mentions(query, word string) bool {
	if containsFold(query, word) {
		return true
	}
	return strings.IndexByte(query, '%') >= 0 && containsFold(unescapeLoosely(query), word)
}

// containsFold reports whether s contains the ASCII word in any case of letters.
func containsFold(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if s[i]|0x20 == word[0]|0x20 && strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// unescapeLoosely decodes what can be decoded and keeps the rest: one bad
// escape shall not hide what stands beside it.
func unescapeLoosely(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// withoutAccessToken removes a bearer token that the client put into the query
// (RFC 6750 §2.3, and as the OneDrive API reads it): it is no more ours to
// forward than its Authorization header. Every other byte is kept.
func withoutAccessToken(query string) string {
	if !mentions(query, accessToken) {
		return query
	}
	var b strings.Builder
	b.Grow(len(query))
	first := true
	for param := range strings.SplitSeq(query, "&") {
		if isAccessToken(param) {
			continue
		}
		if !first {
			b.WriteByte('&')
		}
		first = false
		b.WriteString(param)
	}
	return b.String()
}

const accessToken = "access_token"

// isAccessToken judges the name alone. A server that splits at semicolons
// too would see the token in the middle of our parameter, so that is looked
// at as well; the parameter goes whole.
func isAccessToken(param string) bool {
	for part := range strings.SplitSeq(param, ";") {
		name, _, _ := strings.Cut(part, "=")
		if strings.EqualFold(strings.TrimSpace(unescapeLoosely(strings.ReplaceAll(name, "+", " "))), accessToken) {
			return true
		}
	}
	return false
}
