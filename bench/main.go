// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Command bench compares the product with other programs that could do its work.
// It prints each measured number beside its goal:
//
//	cd bench && go run .
//
// A row says "goal missed" if the number misses its goal. The report has six
// parts and takes some minutes; -part chooses one:
//
//   - ratios: how many times as fast as its baseline a rewriter is. Both run
//     alternately in random order, for 12 ms of processor time each. The result is
//     the median of the ratios of all rounds, so that other work on the machine
//     matters little. The command exits with 1 if a ratio is below its minimum,
//     which is the goal or somewhat less.
//   - allocations: how many a body costs when the buffers are warm.
//   - buffers: how much memory a response takes, whatever its size, and how much of a
//     list that is translated is read before its first KiB is there.
//   - instructions: how many the rewriters need for one byte. Valgrind must be
//     installed.
//   - endtoend: what a request costs with the product, relative to a plain
//     reverse_proxy that gets the same token from its client. Each runs in its own
//     process. Requests alternate between them in random order over keep-alive
//     connections. The baseline runs twice: if the two differ by more than 2 %,
//     the row says "not concluded".
//   - refresh: what requests notice of a refresh of the token: one ahead of expiry that
//     takes five seconds, and one that a hundred requests wait for, at one node and at
//     three.
//
// The 99th percentile needs more requests than fit into a few minutes:
// -samples 50000 makes ten runs of that many requests through each proxy, which
// takes half an hour.
//
// bench is a module of its own, so that the programs it compares with are no
// dependencies of the product.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

// flags are what the command line says.
type flags struct {
	part, only, program   string
	rounds, runs, samples int
}

func main() {
	var o flags
	flag.StringVar(&o.part, "part", "", "print only this part: ratios, allocations, buffers, instructions, endtoend or refresh")
	flag.StringVar(&o.only, "only", "", "measure only rows whose name begins with this, in ratios and endtoend")
	flag.IntVar(&o.rounds, "rounds", 11, "rounds of each ratio")
	flag.IntVar(&o.runs, "runs", 10, "runs of each kind of request")
	flag.IntVar(&o.samples, "samples", 0, "requests of a run; default: some hundreds")
	flag.StringVar(&o.program, "caddy", "", "the Caddy to measure; default: one that is built now")
	body := flag.String("count", "", "only rewrite this body, for Valgrind to count")
	times := flag.Int("times", 1, "how often -count does")
	flag.Parse()
	if *body != "" {
		exit(true, rewriteTimes(*body, *times))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(o.report(ctx))
}

func exit(ok bool, err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
	os.Exit(0)
}

// report prints the parts. It reports whether all ratios reach their minimum.
func (o *flags) report(ctx context.Context) (ok bool, err error) {
	ok = true
	for _, part := range []struct {
		name  string
		print func() error
	}{
		{"ratios", func() error { ok, err = o.reportRatios(); return err }},
		{"allocations", reportAllocations},
		{"buffers", reportBuffers},
		{"instructions", func() error { return reportInstructions(ctx) }},
		{"endtoend", func() error { return o.reportEndToEnd(ctx) }},
		{"refresh", func() error { return o.reportRefresh(ctx) }},
	} {
		if o.part != "" && o.part != part.name {
			continue
		}
		if err := part.print(); err != nil {
			return ok, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return ok, nil
}

func (o *flags) reportRatios() (ok bool, err error) {
	list, err := goals()
	if err != nil {
		return false, err
	}
	fmt.Printf("| body | against | goal | measured |\n| --- | --- | --- | --- |\n")
	ok = true
	for _, g := range list {
		if !strings.HasPrefix(g.name, o.only) {
			continue
		}
		got := g.best(o.rounds)
		verdict := atLeast(g.goal).verdict(got)
		if got < g.required() {
			verdict, ok = ", **too slow**", false
		}
		fmt.Printf("| %s | %s | %s | %.3g%s |\n", g.name, g.against, &g, got, verdict)
	}
	return ok, nil
}
