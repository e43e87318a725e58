// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package control

import "time"

// ShiftedClock is a clock that can be advanced.
type ShiftedClock struct {
	base    func() time.Time
	advance time.Duration
}

// NewShiftedClock returns a clock that shows the time of base, or of
// [time.Now] if base is nil.
func NewShiftedClock(base func() time.Time) *ShiftedClock {
	if base == nil {
		base = time.Now
	}
	return &ShiftedClock{base: base}
}

// Time returns the time in UTC.
func (c *ShiftedClock) Time() time.Time { return c.base().Add(c.advance).UTC() }
