// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package rawquery takes parameters out of the query of a URL and leaves every other
// byte as it is, also what no parser of queries accepts.
package rawquery

import "strings"

// Without returns the query without the parameters, as they were written, for which
// drop returns true.
func Without(query string, drop func(param string) bool) string {
	var b strings.Builder
	b.Grow(len(query))
	first := true
	for param := range strings.SplitSeq(query, "&") {
		if drop(param) {
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
