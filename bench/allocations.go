// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
)

// reportAllocations prints what a body costs in allocations once the buffers are
// warm. The Reader itself is one.
func reportAllocations() error {
	h, err := newHarness(chunkSize)
	if err != nil {
		return err
	}
	fmt.Printf("\n| body | allocations each |\n| --- | --- |\n")
	for _, p := range corpus.Pages {
		body := p.Bytes()
		fmt.Printf("| %s | %.0f |\n", p.Name, testing.AllocsPerRun(10, func() { h.html(body) }))
	}
	for _, l := range lists() {
		fmt.Printf("| JSON %s | %.0f |\n", l.name, testing.AllocsPerRun(10, func() { h.json(l.body) }))
	}
	for _, l := range translations() {
		fmt.Printf("| translation %s | %.0f |\n", l.name, testing.AllocsPerRun(10, func() { h.translate(l.body) }))
	}
	return nil
}
