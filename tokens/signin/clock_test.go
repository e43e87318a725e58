// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"sync"
	"time"
)

// clock is a oauth.Clock that goes only when a test moves it.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	timers  []*timer
	waiting *sync.Cond
}

type timer struct {
	at time.Time
	c  chan time.Time
}

func newClock() *clock {
	c := &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	c.waiting = sync.NewCond(&c.mu)
	return c
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) After(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{at: c.now.Add(d), c: make(chan time.Time, 1)}
	c.timers = append(c.timers, t)
	c.waiting.Broadcast()
	return t.c, func() { c.stop(t) }
}

func (c *clock) stop(t *timer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.timers {
		if other == t {
			c.timers = append(c.timers[:i:i], c.timers[i+1:]...)
			return
		}
	}
}

// advance moves the clock and wakes those who wait for the new time.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	var left []*timer
	for _, t := range c.timers {
		if c.now.Before(t.at) {
			left = append(left, t)
			continue
		}
		t.c <- c.now
	}
	c.timers = left
}

// awaitTimer returns when somebody waits for the clock.
func (c *clock) awaitTimer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.timers) == 0 {
		c.waiting.Wait()
	}
}
