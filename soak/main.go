// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Command soak runs the product as a process for a long time, with clients of all
// kinds, tokens that live a minute, and faults at random:
//
//	cd soak && go run . -duration 1h
//
// Identity provider, storage, API and process fail one after the other; the
// configuration is reloaded and the process restarted and killed. Every response is
// compared with what is right. One that is not must be of a kind that the fault of that
// moment explains; between two faults there is none. Each refresh token is used once.
// In the second half of the run the process is not restarted, and memory, goroutines
// and open files must not grow.
//
// The command prints a report, and exits with 1 if anything was wrong. -seed repeats
// the order of the faults of an earlier run. Processes are frozen and killed by signals,
// so it needs Unix.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"
)

func main() {
	duration := flag.Duration("duration", time.Hour, "how long to run")
	program := flag.String("caddy", "", "the Caddy to run; default: one that is built now")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of what is random")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, *program, *duration, *seed)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// run soaks for that long, and prints the report. It reports whether all was right.
func run(ctx context.Context, program string, duration time.Duration, seed uint64) (ok bool, err error) {
	home, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(home)
	if program == "" {
		if program, err = buildCaddy(ctx, home); err != nil {
			return false, err
		}
	}
	service, err := startService(ctx)
	if err != nil {
		return false, err
	}
	defer service.close()
	caddy, err := newCaddy(ctx, program, home, service.address)
	if err != nil {
		return false, err
	}
	defer caddy.kill()
	if err := caddy.start(ctx); err != nil {
		return false, err
	}
	r := newReport(seed, duration)
	w := &world{caddy: caddy, service: service, report: r, random: rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // the order of faults is no secret
	ctx, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	clients, err := startClients(ctx, w)
	if err != nil {
		return false, fmt.Errorf("%w\n%s", err, caddy.lastLog())
	}
	w.soak(ctx)
	clients.Wait()
	w.finish()
	ok = r.print(os.Stdout)
	if !ok {
		fmt.Println(caddy.lastLog())
	}
	return ok, nil
}
