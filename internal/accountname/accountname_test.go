// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package accountname

import (
	"strings"
	"testing"
)

func TestNameIsValidIfItMatchesTheRule(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "0": true, "work-2_b": true, strings.Repeat("a", 63): true,
		"": false, "-a": false, "_a": false, "A": false, "a.b": false, "a/b": false, "ä": false, strings.Repeat("a", 64): false,
	} {
		if got := Valid(name); got != want {
			t.Errorf("Valid(%q) = %t, want %t", name, got, want)
		}
		if err := Check(name); (err == nil) != want {
			t.Errorf("Check(%q) = %v", name, err)
		}
	}
}
