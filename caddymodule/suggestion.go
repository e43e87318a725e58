// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// suggest adds to the error about an unknown word the known word that was probably
// meant, if there is one.
func suggest(err error, word string, known []string) error {
	if meant := closest(word, known); meant != "" {
		return fmt.Errorf("%w; did you mean %s?", err, meant)
	}
	return err
}

// closest returns the known word that is most like another one, or "" if none is.
func closest(word string, known []string) string {
	best, distance := "", 0
	for _, k := range slices.Sorted(slices.Values(known)) {
		d := levenshtein.ComputeDistance(strings.ToLower(word), k)
		if isLike(word, k, d) && (best == "" || d < distance) {
			best, distance = k, d
		}
	}
	return best
}

// isLike reports whether a person who wrote word can have meant known: every third
// letter may be wrong, three at most, or the end be missing.
func isLike(word, known string, distance int) bool {
	return distance <= min((len(word)+1)/3, 3) || len(word) >= 3 && strings.HasPrefix(known, strings.ToLower(word))
}
