// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import "time"

// Clock tells the time and wakes whoever waits. Times are wall-clock times
// without a monotonic reading: a laptop that slept for a night must find its
// token expired, which the monotonic clock of many systems would hide.
type Clock interface {
	Now() time.Time

	// After delivers once when d has passed. stop releases the timer.
	After(d time.Duration) (c <-chan time.Time, stop func())
}

// SystemClock is the machine's own clock.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now().Round(0) }

// After implements Clock.
func (SystemClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// Interface guard
var _ Clock = SystemClock{}
