// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxDrift is how far the median of the baseline may differ from itself. If it
// differs more, nothing is concluded.
const maxDrift = 0.02

// maxTries is how often a kind of request is measured until the baseline is within
// maxDrift.
const maxTries = 3

// reportEndToEnd prints what a request costs with the product, as users write it in
// a Caddyfile, relative to Caddy's own reverse_proxy in front of the same server.
// Each runs in its own process. The baseline runs twice: the difference between the
// two shows how exact the numbers are.
func (o *flags) reportEndToEnd(ctx context.Context) error {
	home, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	program := o.program
	if program == "" {
		if program, err = buildCaddy(ctx, home); err != nil {
			return err
		}
	}
	kinds := kindsOfTraffic()
	up, err := startAPI(ctx, kinds)
	if err != nil {
		return err
	}
	defer up.server.Close()
	targets, err := up.targets(ctx, program, home)
	for _, t := range targets {
		if t != nil {
			defer func() { _ = t.stop() }()
		}
	}
	if err != nil {
		return err
	}
	fmt.Printf("\n| request | through the product over reverse_proxy | goal | measured | baseline over itself |\n| --- | --- | --- | --- | --- |\n")
	for _, k := range kinds {
		if !strings.HasPrefix(k.name, o.only) {
			continue
		}
		if o.samples > 0 {
			k.turns = max(1, o.samples/k.turn)
		}
		if err := k.report(ctx, targets, o.runs); err != nil {
			return err
		}
	}
	return nil
}

// targets starts the baseline twice, and the product.
func (a *stubAPI) targets(ctx context.Context, program, home string) (targets [3]*subject, err error) {
	token := "Authorization: Bearer " + accessToken + "\r\n"
	upstream := "http://" + a.address
	for i, config := range [3]struct{ options, site, header string }{
		{"", "reverse_proxy " + upstream, token},
		{"", "reverse_proxy " + upstream, token},
		{"\tonenote {\n\t\tclient_id bench\n\t\tauthority " + upstream + "\n\t\trefresh_token bench\n\t}\n", "onenote " + upstream, ""},
	} {
		c, err := startCaddy(ctx, program, filepath.Join(home, fmt.Sprint(i)), config.options, config.site)
		if c != nil {
			targets[i] = &subject{caddy: c, header: config.header}
		}
		if err != nil {
			return targets, err
		}
	}
	return targets, nil
}

// report measures and prints one kind.
func (k *traffic) report(ctx context.Context, targets [3]*subject, runs int) error {
	again, product, err := compare(ctx, k, targets, 1, runs)
	// If the baseline differs from itself, other work on the machine is the reason.
	for tries := 1; err == nil && off(again.p50) && tries < maxTries; tries++ {
		again, product, err = compare(ctx, k, targets, 1, runs)
	}
	if err != nil {
		return err
	}
	unsure := off(again.p50)
	lowest, highest := band(again.p99)
	for _, r := range []row{
		{"p50", k.p50Limit(), "%.2f", median(product.p50), fmt.Sprintf("%.2f", median(again.p50)), unsure},
		{fmt.Sprintf("p99, %d runs of %d", runs, k.turn*k.turns), k.p99Limit(highest), "%.2f", median(product.p99), fmt.Sprintf("%.2f to %.2f", lowest, highest), unsure},
		{"throughput", k.throughputLimit(), "%.2f", median(product.throughput), fmt.Sprintf("%.2f", median(again.throughput)), unsure},
		{"processor time", limit{}, "%.2f", product.cpu, fmt.Sprintf("%.2f", again.cpu), false},
		{"allocations, difference", atMost(k.allocations), "%+.1f", product.allocations, fmt.Sprintf("%+.1f", again.allocations), false},
	} {
		r.print(k.name)
	}
	if !k.small {
		return nil
	}
	crowded := *k
	crowded.turns = max(1, k.turns/crowd)
	again, product, err = compare(ctx, &crowded, targets, crowd, runs)
	if err != nil {
		return err
	}
	row{
		fmt.Sprintf("throughput, %d connections", crowd), k.throughputLimit(), "%.2f", median(product.throughput),
		fmt.Sprintf("%.2f", median(again.throughput)), off(again.throughput),
	}.print(k.name)
	return nil
}

// crowd is how many connections make enough requests to keep both processors
// of a small machine busy.
const crowd = 8

// A row is a line of this part of the report.
type row struct {
	what   string
	goal   limit
	format string
	got    float64
	itself string // the baseline over itself
	unsure bool   // the baseline differs too much from itself
}

func (r row) print(name string) {
	verdict := r.goal.verdict(r.got)
	if r.unsure && r.goal != (limit{}) {
		verdict = ", **not concluded**: the baseline differs from itself"
	}
	fmt.Printf("| %s | %s | %s | "+r.format+"%s | %s |\n", name, r.what, r.goal, r.got, verdict, r.itself)
}

// off reports whether the baseline differs too much from itself.
func off(itself []float64) bool { return math.Abs(median(itself)-1) > maxDrift }

func band(of []float64) (lowest, highest float64) { return slices.Min(of), slices.Max(of) }
