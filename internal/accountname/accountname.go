// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package accountname holds the rule for the names of accounts. The names are
// part of paths, storage keys and metric labels, so only a few bytes are allowed.
package accountname

import "fmt"

// Valid reports whether s matches [a-z0-9][a-z0-9_-]{0,62}.
func Valid(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '_' || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// Check returns an error that says what an account name looks like, or nil if s
// is one.
func Check(s string) error {
	if Valid(s) {
		return nil
	}
	return fmt.Errorf("account name %q: expected 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit", s)
}
