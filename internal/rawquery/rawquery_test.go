// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rawquery

import (
	"strings"
	"testing"
)

func TestOtherBytesStay(t *testing.T) {
	for query, want := range map[string]string{
		"":                 "",
		"x=1":              "",
		"a=%zz&x=1&&b;c=+": "a=%zz&&b;c=+",
		"&x&a":             "&a",
		"x=1&x=2":          "",
		"a&":               "a&",
	} {
		got := Without(query, func(param string) bool { return strings.HasPrefix(param, "x") })
		if got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}
