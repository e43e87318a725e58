// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// A comparison is what one proxy costs relative to another: a ratio for each run.
type comparison struct {
	p50, p99, throughput []float64
	allocations          float64 // more, of one request
	cpu                  float64 // ratio
}

func (c *comparison) add(got, baseline *subject) {
	c.p50 = append(c.p50, got.percentile(50)/baseline.percentile(50))
	c.p99 = append(c.p99, got.percentile(99)/baseline.percentile(99))
	c.throughput = append(c.throughput, float64(baseline.took)/float64(got.took))
}

// compare sends that kind of traffic through the targets and returns what the
// second and the third cost relative to the first. In each run all of them
// alternate, in a new random order each time, so that other work on the machine
// disturbs all of them equally.
func compare(ctx context.Context, k *traffic, targets [3]*subject, connections, runs int) (again, product comparison, err error) {
	for _, t := range targets {
		if err := t.open(ctx, k, connections); err != nil {
			return again, product, err
		}
		defer t.close()
		if err := t.send(warmUp); err != nil {
			return again, product, fmt.Errorf("%s at %s: %w", k.name, t.site, err)
		}
		t.sent = 0
	}
	costs, err := spent(ctx, targets, func() error {
		for range runs {
			if err := errors.Join(ctx.Err(), k.run(targets)); err != nil {
				return err
			}
			again.add(targets[1], targets[0])
			product.add(targets[2], targets[0])
		}
		return nil
	})
	again.addCosts(costs[1], costs[0])
	product.addCosts(costs[2], costs[0])
	return again, product, err
}

// warmUp is how many requests are sent before the measured ones.
const warmUp = 200

func (k *traffic) run(targets [3]*subject) error {
	for _, t := range targets {
		t.begin()
	}
	for range k.turns {
		for _, i := range rand.Perm(len(targets)) {
			if err := targets[i].send(k.turn); err != nil {
				return err
			}
		}
	}
	return nil
}

// A cost is what one request costs its proxy.
type cost struct {
	allocations float64
	cpu         time.Duration
}

// spent returns the average cost of a request at each proxy while f sends requests.
// It subtracts what asking the proxy for its usage costs.
func spent(ctx context.Context, targets [3]*subject, f func() error) (costs [3]cost, err error) {
	var before [3]usage
	var asking [3]float64
	for i, t := range targets {
		for range 2 {
			u, err := t.usage(ctx)
			if err != nil {
				return costs, err
			}
			asking[i] = u.allocations - before[i].allocations
			before[i] = u
		}
	}
	if err := f(); err != nil {
		return costs, err
	}
	for i, t := range targets {
		after, err := t.usage(ctx)
		if err != nil {
			return costs, err
		}
		costs[i].allocations = (after.allocations - before[i].allocations - asking[i]) / float64(t.sent)
		costs[i].cpu = (after.cpu - before[i].cpu) / time.Duration(t.sent)
	}
	return costs, nil
}

func (c *comparison) addCosts(got, baseline cost) {
	c.allocations = got.allocations - baseline.allocations
	c.cpu = float64(got.cpu) / float64(baseline.cpu)
}

// median sorts what it is given.
func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}
