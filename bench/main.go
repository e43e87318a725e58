// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Command bench measures the rewriters against what else would do their work,
// and prints the goals that they shall reach beside what was measured:
//
//	cd bench && go run .
//
// It exits with 1 if something is slower than it must be. Each row is a ratio:
// how many times as fast as the baseline beside it. Both run by turns in random
// order, for 12 ms of processor time each, and the median of the rounds' ratios
// counts, so that neither the machine nor what else it does matters much.
//
// What a request through the product's transport costs over a plain reverse
// proxy comes after that, sent request by request over loopback connections.
//
// It is a module of its own, so that what it measures against is no dependency
// of the product.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	only := flag.String("only", "", "measure only goals whose name begins with this")
	rounds := flag.Int("rounds", 11, "rounds of each measurement")
	flag.Parse()
	ok, err := report(*only, *rounds)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// report prints the table. It reports whether all is as fast as it must be.
func report(only string, rounds int) (ok bool, err error) {
	list, err := goals()
	if err != nil {
		return false, err
	}
	fmt.Printf("| body | against | goal | measured |\n| --- | --- | --- | --- |\n")
	ok = true
	for _, g := range list {
		if !strings.HasPrefix(g.name, only) {
			continue
		}
		got, must := g.best(rounds), g.atLeast()
		fmt.Printf("| %s | %s | %.2f | %.2f%s |\n", g.name, g.against, g.shall, got, verdict(got, g.shall, must))
		ok = ok && got >= must
	}
	if only != "" {
		return ok, nil
	}
	if err := reportMemory(); err != nil {
		return false, err
	}
	return ok, reportProxying()
}

func verdict(got, shall, must float64) string {
	switch {
	case got < must:
		return ", too slow"
	case got < shall:
		return ", goal missed"
	}
	return ""
}
