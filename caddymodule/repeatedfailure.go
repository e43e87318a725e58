// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// A repeatedFailure logs a failure that each request meets again: when it begins
// or changes, and then once in a while. Anybody can send requests, so there must
// not be a line for each.
type repeatedFailure struct {
	mu   sync.Mutex
	text string    // what failed last; empty if it did not
	last time.Time // when that was logged
}

// failureEvery is how often an unchanged failure is logged.
const failureEvery = 10 * time.Minute

// log logs err, unless it was logged before.
func (f *repeatedFailure) log(log *zap.Logger, now time.Time, message string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if text := err.Error(); text != f.text || now.Sub(f.last).Abs() >= failureEvery {
		f.text, f.last = text, now
		log.Error(message, zap.Error(err))
	}
}

// end notes that what failed works, so that the next failure is logged.
func (f *repeatedFailure) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text = ""
}
