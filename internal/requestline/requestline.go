// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package requestline takes apart the target of a request line (RFC 9112 §3.2).
package requestline

import "strings"

// CutAuthority cuts the scheme http or https and the authority off a target in
// absolute form (RFC 9112 §3.2.2). What is left is path and query, byte for
// byte; either may be missing. It reports false for a target in another form.
func CutAuthority(target string) (authority, rest string, ok bool) {
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", target, false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	return rest[:end], rest[end:], true
}
