// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

func TestEveryStateHasWords(t *testing.T) {
	for _, state := range tokens.States() {
		if w := words[state]; w.tone == "" || w.label == "" || w.explanation == "" {
			t.Errorf("state %s: got %+v, want tone, label and explanation", state, w)
		}
	}
	if got, want := len(words), len(tokens.States()); got != want {
		t.Errorf("got words for %d states, want %d", got, want)
	}
}
