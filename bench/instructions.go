// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/caddy-onenote/caddy-onenote/internal/corpus"
)

// A counted body is one for which instructions are counted. Those without a limit
// are only printed.
type counted struct {
	name string
	goal limit
}

var countedBodies = [...]counted{
	{"mixed", atMost(4.5)}, {"text", atMost(5)}, {"tables", atMost(9)}, {"images", atMost(20)},
	{"divs", limit{}}, {"ink", limit{}},
	{"JSON 1", limit{}}, {"JSON 20", limit{}}, {"JSON 1000", limit{}}, {"JSON indented", limit{}}, {"JSON escapedslash", limit{}},
}

// reportInstructions prints how many instructions the rewriters take for a byte
// of their input, as Valgrind counts them. That number is the same whatever
// else the machine does.
func reportInstructions(ctx context.Context) error {
	valgrind, err := exec.LookPath("valgrind")
	if errors.Is(err, exec.ErrNotFound) {
		fmt.Printf("\nInstructions are not counted: valgrind is not installed.\n")
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Printf("\n| body | instructions a byte | goal |\n| --- | --- | --- |\n")
	for _, c := range countedBodies {
		got, err := instructionsPerByte(ctx, valgrind, c.name)
		if err != nil {
			fmt.Printf("| %s | **not counted**: %v | %s |\n", c.name, err, c.goal)
			continue
		}
		fmt.Printf("| %s | %.1f%s | %s |\n", c.name, got, c.goal.verdict(got), c.goal)
	}
	return nil
}

// instructionsPerByte counts a short run and a longer one. Their difference does not
// contain the start of the process and the making of the body, which are in both.
func instructionsPerByte(ctx context.Context, valgrind, name string) (float64, error) {
	_, body, err := countedBody(name)
	if err != nil {
		return 0, err
	}
	few, more := 2, 2+max(2, (2<<20)/len(body))
	short, err := instructions(ctx, valgrind, name, few)
	if err != nil {
		return 0, err
	}
	long, err := instructions(ctx, valgrind, name, more)
	return (long - short) / float64((more-few)*len(body)), err
}

var collected = regexp.MustCompile(`Collected\s*:\s*(\d+)`)

// instructions runs this program under Valgrind.
func instructions(ctx context.Context, valgrind, name string, times int) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	var said bytes.Buffer
	run := exec.CommandContext(ctx, valgrind, "--tool=callgrind", "--callgrind-out-file="+os.DevNull,
		self, "-count", name, "-times", strconv.Itoa(times))
	// The signals with which the runtime preempts goroutines sometimes make Callgrind
	// fail.
	run.Env = append(os.Environ(), "GOGC=off", "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1")
	run.Stderr = &said
	if err := run.Run(); err != nil {
		return 0, fmt.Errorf("valgrind: %w", err)
	}
	found := collected.FindSubmatch(said.Bytes())
	if found == nil {
		return 0, errors.New("valgrind does not say how many instructions it counted")
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

// rewriteTimes rewrites a body: the work whose instructions are counted.
func rewriteTimes(name string, times int) error {
	c, body, err := countedBody(name)
	if err != nil {
		return err
	}
	for range times {
		c(body)
	}
	return nil
}

// countedBody returns the body of that name and what rewrites it.
func countedBody(name string) (contender, []byte, error) {
	h, err := newHarness(chunkSize)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range lists() {
		if "JSON "+l.name == name {
			return h.json, l.body, nil
		}
	}
	if body := corpus.Named(name); body != nil {
		return h.html, body, nil
	}
	return nil, nil, fmt.Errorf("there is no body %q", name)
}
