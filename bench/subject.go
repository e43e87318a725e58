// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// A subject is a proxy under measurement, and what was measured in a run.
type subject struct {
	*caddy
	header string // lines that its clients send

	connections []*connection
	times       []time.Duration // of the requests
	took        time.Duration   // from the first request of each turn to its last response
	sent        int             // since the connections were opened
}

// open opens connections for that kind of traffic.
func (t *subject) open(ctx context.Context, k *traffic, connections int) error {
	t.sent = 0
	for range connections {
		c, err := dial(ctx, t.site, k.path, t.header)
		if err != nil {
			return err
		}
		t.connections = append(t.connections, c)
	}
	return nil
}

func (t *subject) close() {
	for _, c := range t.connections {
		_ = c.Close()
	}
	t.connections = nil
}

// begin forgets the run before.
func (t *subject) begin() { t.times, t.took = t.times[:0], 0 }

// send sends n requests over each connection, all connections at once.
func (t *subject) send(n int) error {
	errs := make([]error, len(t.connections))
	times := make([][]time.Duration, len(t.connections))
	var wait sync.WaitGroup
	begin := time.Now()
	for i, c := range t.connections[1:] {
		wait.Go(func() { times[i+1], errs[i+1] = exchanges(c, n) })
	}
	times[0], errs[0] = exchanges(t.connections[0], n)
	wait.Wait()
	t.took += time.Since(begin)
	t.sent += n * len(t.connections)
	t.times = append(t.times, slices.Concat(times...)...)
	return errors.Join(errs...)
}

func exchanges(c *connection, n int) ([]time.Duration, error) {
	times := make([]time.Duration, 0, n)
	for range n {
		begin := time.Now()
		if err := c.exchange(); err != nil {
			return times, err
		}
		times = append(times, time.Since(begin))
	}
	return times, nil
}

func (t *subject) percentile(percent int) float64 {
	slices.Sort(t.times)
	return float64(t.times[len(t.times)*percent/100])
}
