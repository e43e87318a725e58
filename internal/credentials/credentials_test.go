// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package credentials

import "testing"

func TestFieldsAreKnownInAnySpelling(t *testing.T) {
	for name, want := range map[string]bool{
		"Authorization":       true,
		"authorization":       true,
		"Proxy_Authorization": true,
		"cookie":              true,
		"Cookie2":             true,
		KeyHeader:             true,
		"x_onenote-proxy_KEY": true,
		"X-Onenote-Proxy":     false,
		"Set-Cookie":          false,
		"Accept":              false,
		"":                    false,
	} {
		if got := Field(name); got != want {
			t.Errorf("%q: got %t, want %t", name, got, want)
		}
	}
}
