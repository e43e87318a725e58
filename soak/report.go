// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// report is what is counted.
type report struct {
	seed     uint64
	duration time.Duration
	began    time.Time

	reloads, refreshes int

	mu         sync.Mutex
	outcomes   map[string]map[outcome]int // by client
	longest    map[string]time.Duration
	faults     map[string]int
	samples    []sample // of the second half
	violations []string
	more       int // violations that are not listed
}

func newReport(seed uint64, duration time.Duration) *report {
	return &report{
		seed: seed, duration: duration, began: time.Now(),
		outcomes: make(map[string]map[outcome]int), longest: make(map[string]time.Duration), faults: make(map[string]int),
	}
}

func (r *report) count(client string, o outcome, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outcomes[client] == nil {
		r.outcomes[client] = make(map[outcome]int)
	}
	r.outcomes[client][o]++
	r.longest[client] = max(r.longest[client], took)
}

func (r *report) countFault(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[name]++
}

func (r *report) sample(s sample, second bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if second {
		r.samples = append(r.samples, s)
	}
}

const maxViolations = 30

func (r *report) violate(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.violations) == maxViolations {
		r.more++
		return
	}
	r.violations = append(r.violations, time.Since(r.began).Truncate(time.Second).String()+" "+text)
}

// conclude notes what is wrong with the whole run. It is always listed.
func (r *report) conclude(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.violations = append(r.violations, text)
}

// print prints the report, and reports whether all was right.
func (r *report) print(w io.Writer) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(w, "seed %d, %v\n\n| client | requests | right | explained by a fault | longest |\n| --- | --- | --- | --- | --- |\n", r.seed, time.Since(r.began).Truncate(time.Second))
	total := 0
	for _, name := range slices.Sorted(maps.Keys(r.outcomes)) {
		of := r.outcomes[name]
		sum := 0
		var others []string
		for _, o := range slices.Sorted(maps.Keys(of)) {
			sum += of[o]
			if o != right {
				others = append(others, fmt.Sprintf("%d %s", of[o], o))
			}
		}
		total += sum
		fmt.Fprintf(w, "| %s | %d | %d | %s | %v |\n", name, sum, of[right], strings.Join(others, ", "), r.longest[name].Truncate(time.Millisecond))
	}
	fmt.Fprintf(w, "\n%d requests, %d refreshes, %d reloads\n\n| fault | times |\n| --- | --- |\n", total, r.refreshes, r.reloads)
	for _, name := range slices.Sorted(maps.Keys(r.faults)) {
		fmt.Fprintf(w, "| %s | %d |\n", name, r.faults[name])
	}
	r.printGrowth(w)
	if len(r.violations) == 0 {
		fmt.Fprintln(w, "\nnothing was wrong")
		return true
	}
	fmt.Fprintf(w, "\n%d were wrong:\n", len(r.violations)+r.more)
	for _, v := range r.violations {
		fmt.Fprintln(w, "-", v)
	}
	return false
}

// enoughSamples is how many samples tell something.
const enoughSamples = 9

// printGrowth compares the first third of the samples of the second half with the last.
func (r *report) printGrowth(w io.Writer) {
	if len(r.samples) < enoughSamples {
		fmt.Fprintf(w, "\n%d samples are too few to say whether anything grows\n", len(r.samples))
		return
	}
	third := len(r.samples) / 3
	first, last := r.samples[:third], r.samples[len(r.samples)-third:]
	fmt.Fprintf(w, "\n| second half, without restarts | first third | last third |\n| --- | --- | --- |\n")
	for _, q := range []struct {
		name        string
		of          func(sample) float64
		unit, slack float64
	}{
		{"resident memory, MB", func(s sample) float64 { return s.memory }, 1e6, 10e6},
		{"heap in use, MB", func(s sample) float64 { return s.heap }, 1e6, 10e6},
		{"goroutines", func(s sample) float64 { return s.goroutines }, 1, 20},
		{"open files", func(s sample) float64 { return s.files }, 1, 20},
	} {
		before, after := median(first, q.of), median(last, q.of)
		fmt.Fprintf(w, "| %s | %.1f | %.1f |\n", q.name, before/q.unit, after/q.unit)
		if after > 1.15*before+q.slack {
			r.violations = append(r.violations, fmt.Sprintf("%s: grew from %.1f to %.1f", q.name, before/q.unit, after/q.unit))
		}
	}
}

func median(samples []sample, of func(sample) float64) float64 {
	var values []float64
	for _, s := range samples {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
