// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Command bench measures the product against what else would do its work, and
// prints the goals that it shall reach beside what was measured:
//
//	cd bench && go run .
//
// A row says "goal missed" where that is so. The report has five parts, and
// takes some minutes in all; -part chooses one:
//
//   - ratios: how many times as fast as its baseline a rewriter is. Both run by
//     turns in random order, for 12 ms of processor time each, and the median of
//     the rounds' ratios counts, so that neither the machine nor what else it
//     does matters much. The command exits with 1 if something is slower than it
//     must be.
//   - allocations: how many a body costs once the buffers are warm.
//   - buffers: how much memory an answer takes, however large it is.
//   - instructions: how many the rewriters take for a byte, where Valgrind is
//     installed.
//   - endtoend: what a request takes through a Caddy with the product, over one
//     with a plain reverse_proxy that gets the same token from its client. Each
//     is a process of its own; requests go by turns in random order over
//     connections that are kept alive. The baseline is there twice: where it
//     differs from itself by more than 2 % nothing is concluded.
//
// Percentiles as high as the 99th need more requests than a few minutes allow:
// -samples 50000 makes ten runs of so many through each target, which takes half
// an hour.
//
// It is a module of its own, so that what it measures against is no dependency
// of the product.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

// options are what the command line says.
type options struct {
	part, only, program   string
	rounds, runs, samples int
}

func main() {
	var o options
	flag.StringVar(&o.part, "part", "", "print only this part: ratios, allocations, buffers, instructions or endtoend")
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

// report prints the parts. It reports whether all is as fast as it must be.
func (o *options) report(ctx context.Context) (ok bool, err error) {
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

func (o *options) reportRatios() (ok bool, err error) {
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
		got, must := g.best(o.rounds), g.atLeast()
		verdict := atLeast(g.shall).verdict(got)
		if got < must {
			verdict, ok = ", **too slow**", false
		}
		fmt.Printf("| %s | %s | %.2f | %.3g%s |\n", g.name, g.against, g.shall, got, verdict)
	}
	return ok, nil
}
