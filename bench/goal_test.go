// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
)

// rounds is how many rounds TestRatios measures. TestLinear asks whether time
// grows twofold or fourfold, and needs fewer.
const (
	rounds       = 11
	linearRounds = 5
)

// ratiosWanted is the variable under which TestRatios measures: on a machine
// that does other work it would fail for reasons that are not the product's.
const ratiosWanted = "ONENOTE_BENCH_RATIOS"

// TestRatios measures the product against its baselines in the same run.
func TestRatios(t *testing.T) {
	if os.Getenv(ratiosWanted) == "" {
		t.Skip(ratiosWanted + " is not set")
	}
	list, err := goals()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range list {
		if got := g.best(rounds); got < g.required() {
			t.Errorf("%s: got %.2f times as fast as %s, want %.2f", g.name, got, g.against, g.required())
		}
	}
}

// TestLinear holds time to the length of the text, whatever the text: twice as
// much takes at most two and a half times as long.
func TestLinear(t *testing.T) {
	for _, size := range []int{1, chunkSize} {
		h := harnessOf(t, size)
		for _, a := range corpus.Attacks {
			t.Run(fmt.Sprintf("html/%s/%d", a.Name, size), func(t *testing.T) { checkLinear(t, h.html, a, longest) })
		}
		for _, a := range corpus.JSONAttacks {
			t.Run(fmt.Sprintf("json/%s/%d", a.Name, size), func(t *testing.T) { checkLinear(t, h.json, a, longest) })
			t.Run(fmt.Sprintf("translation/%s/%d", a.Name, size), func(t *testing.T) { checkLinear(t, h.translate, a, longestInCache) })
		}
	}
}

// How long a text is made, so that it takes a millisecond. The translation passes what is
// no JSON on at the speed of memory. There a text that does not fit into the cache
// takes more than twice as long as one that does.
const (
	longest        = 64 << 20
	longestInCache = 1 << 20
)

func checkLinear(t *testing.T, c contender, a corpus.Attack, longest int) {
	t.Helper()
	const limit = 2.5
	n := 256 << 10
	body := a.Bytes(n)
	for cpuTime(func() { c(body) }) < time.Millisecond && n < longest {
		n *= 2
		body = a.Bytes(n)
	}
	g := goal{product: c, body: body, reference: c, referenceBody: a.Bytes(2 * n)}
	got := g.measure(linearRounds)
	for tries := 0; got > limit && tries < 3; tries++ {
		got = min(got, g.measure(linearRounds))
	}
	if got > limit {
		t.Errorf("%d bytes take %.1f times as long as half of them, want at most %.1f", 2*n, got, limit)
	}
}
