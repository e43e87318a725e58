// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// The race detector allocates for itself, and makes pools forget.

//go:build !race

package picture_test

import "testing"

// Thousands of pictures on one page are signed while the page streams.
func TestSigningDoesNotAllocate(t *testing.T) {
	s := newSigner(t, at(start), sealingKey(1))
	p := sample()
	dst := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(1000, func() { dst = s.AppendQuery(dst[:0], p) }); n != 0 {
		t.Errorf("allocations: got %v, want 0", n)
	}
}
