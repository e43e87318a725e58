// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package testclock is a clock that stands still until a test moves it.
package testclock

import (
	"sync"
	"time"
)

// Clock satisfies oauth.Clock. It is safe for concurrent use.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	waiting map[chan time.Time]time.Time
	changed chan struct{} // closed and replaced when another goroutine begins to wait
}

// New returns a clock that shows a time.
func New(now time.Time) *Clock {
	return &Clock{now: now, waiting: make(map[chan time.Time]time.Time), changed: make(chan struct{})}
}

// Now implements oauth.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After implements oauth.Clock.
func (c *Clock) After(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan time.Time, 1)
	if d <= 0 {
		ch <- c.now
		return ch, func() {}
	}
	c.waiting[ch] = c.now.Add(d)
	close(c.changed)
	c.changed = make(chan struct{})
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiting, ch)
	}
}

// Advance moves the clock and wakes the goroutines whose time has come.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for ch, at := range c.waiting {
		if !at.After(c.now) {
			ch <- c.now
			delete(c.waiting, ch)
		}
	}
}

// Waiters blocks until at least n goroutines wait on the clock.
func (c *Clock) Waiters(n int) {
	for {
		c.mu.Lock()
		enough, changed := len(c.waiting) >= n, c.changed
		c.mu.Unlock()
		if enough {
			return
		}
		<-changed
	}
}
