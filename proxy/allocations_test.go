// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// The race detector allocates for itself, and makes pools forget.

//go:build !race

package proxy

import "testing"

// The limits of the hot path: allocations on top of those of the next transport. One of
// plain bytes is the flight for those who want the same picture.
func TestRoundTripAllocatesLittleMoreThanNext(t *testing.T) {
	limits := map[string]float64{"plain bytes": 4, "list": 7, "page": 9, "page in gzip": 9}
	for _, bm := range benchmarks() {
		in := inRequest("GET", bm.target, clientHeader())
		buf := make([]byte, 32<<10)
		transport, call := wrapping(bm.api)
		plain := testing.AllocsPerRun(100, func() { roundTripOnce(t, bm.api, in, buf) })
		wrapped := testing.AllocsPerRun(100, func() { roundTripOnce(t, transport.For(call), in, buf) })
		t.Logf("%s: %.0f allocations, %.0f of them by the next transport", bm.name, wrapped, plain)
		if more := wrapped - plain; more > limits[bm.name] {
			t.Errorf("%s: got %.0f allocations more than the next transport alone, want at most %.0f", bm.name, more, limits[bm.name])
		}
	}
}
