// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package sentence

import "testing"

func TestTextBeginsWithCapital(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		"the token is refused": "The token is refused",
		"Nobody is signed in":  "Nobody is signed in",
		"österreich antwortet": "Österreich antwortet",
		"\xff is no character": "\xff is no character",
		"403 came":             "403 came",
	} {
		if got := Begin(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
