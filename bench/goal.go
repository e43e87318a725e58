// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// A goal is how many times as fast as a reference the product has to be.
type goal struct {
	name      string
	body      []byte
	product   contender
	against   string    // the name of the reference
	reference contender // runs with referenceBody, or with body if that is nil

	goal    float64 // the ratio to reach; 0 for none
	minimum float64 // the ratio below which the measurement fails; 0 for the goal

	referenceBody []byte
}

// required is the ratio below which the measurement fails.
func (g *goal) required() float64 {
	if g.minimum > 0 {
		return g.minimum
	}
	return g.goal
}

// String returns the goal as it is written in the report: empty if there is none.
func (g *goal) String() string {
	if g.goal == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", g.goal)
}

// roundTime is how long a contender runs in a round.
const roundTime = 12 * time.Millisecond

// best measures, and measures a second time if the result was too low: other work
// on the machine is not the product's fault.
func (g *goal) best(rounds int) float64 {
	got := g.measure(rounds)
	if got < g.required() {
		got = max(got, g.measure(rounds))
	}
	return got
}

// measure returns the median over rounds of the reference's time over the
// product's. Both run in each round, in random order, so that a noisy moment
// hits both.
func (g *goal) measure(rounds int) float64 {
	referenceBody := g.referenceBody
	if referenceBody == nil {
		referenceBody = g.body
	}
	product := timed(g.product, g.body)
	reference := timed(g.reference, referenceBody)
	var ratios []float64
	for range rounds {
		var a, b time.Duration
		if rand.IntN(2) == 0 {
			a, b = product(), reference()
		} else {
			b, a = reference(), product()
		}
		ratios = append(ratios, float64(b)/float64(a))
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

// timed returns what runs the contender for about a round and returns the time
// of one run.
func timed(c contender, body []byte) func() time.Duration {
	n := 1
	for {
		d := cpuTime(func() {
			for range n {
				c(body)
			}
		})
		if d >= roundTime/2 {
			n = max(1, int(float64(n)*float64(roundTime)/float64(d)))
			break
		}
		n *= 2
	}
	return func() time.Duration {
		return max(1, cpuTime(func() {
			for range n {
				c(body)
			}
		})/time.Duration(n))
	}
}
