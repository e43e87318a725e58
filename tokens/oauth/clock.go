// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"context"
	"time"
)

// Clock returns the time and wakes those who wait. Times are wall-clock times
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

// Sleep waits until d has passed or ctx ends.
func Sleep(ctx context.Context, clock Clock, d time.Duration) error {
	c, stop := clock.After(d)
	defer stop()
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Interface guard
var _ Clock = SystemClock{}
