// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// The race detector allocates for itself, and makes pools forget.

//go:build !race

package proxy

import "testing"

// The bars of the hot path: at most so many allocations more than without us.
func TestAllocationsOfARequest(t *testing.T) {
	bars := map[string]float64{"plain bytes": 4, "list": 9, "page": 10, "page in gzip": 10}
	for _, bm := range benchmarks() {
		in := inRequest("GET", bm.target, clientHeader())
		buf := make([]byte, 32<<10)
		transport, call := wrapping(bm.api)
		plain := testing.AllocsPerRun(100, func() { roundTripOnce(t, bm.api, in, buf) })
		wrapped := testing.AllocsPerRun(100, func() { roundTripOnce(t, transport.For(call), in, buf) })
		t.Logf("%s: %.0f allocations, %.0f without us", bm.name, wrapped, plain)
		if more := wrapped - plain; more > bars[bm.name] {
			t.Errorf("%s: got %.0f allocations more than without us, want at most %.0f", bm.name, more, bars[bm.name])
		}
	}
}
