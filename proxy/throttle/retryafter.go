// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// firstPause is how long the first pause is where the API names no time, and
	// longestPause the longest of those that follow, each twice as long as the one
	// before. The API counts by the minute.
	firstPause   = 2 * time.Second
	longestPause = time.Minute

	// longestRetryAfter is the longest time that is believed. The longest window
	// that the API counts by is an hour.
	longestRetryAfter = time.Hour
)

// retryAfter returns how long a response asks to wait (RFC 9110 §10.2.3). Microsoft's
// services also send fractions of a second.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if math.IsNaN(seconds) || seconds < 0 {
			return 0, false
		}
		return time.Duration(min(seconds, longestRetryAfter.Seconds()) * float64(time.Second)), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), longestRetryAfter), true
}

// pauses are how long each account is to pause where the API does not say.
type pauses struct {
	growing atomic.Int32 // accounts whose pause grows; most often there are none

	mu      sync.Mutex
	account map[string]*pause
}

type pause struct {
	seen   time.Duration // the last time that the API named
	seenAt time.Time
	next   time.Duration
	until  time.Time // the end of the pause of that length
}

// seenFor is how long a time that the API named stands for those that it does not name.
const seenFor = 10 * time.Minute

// learn remembers how long the API wanted an account to wait.
func (p *pauses) learn(account string, wait time.Duration, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.of(account)
	a.seen, a.seenAt = wait, now
}

// next returns how long to pause for the try, counted from 0: what the API wanted
// lately, else a time that grows until a request succeeds. Requests that were under way
// together are throttled together: that is one pause, which does not grow for each.
func (p *pauses) next(account string, try int, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.of(account)
	if a.seen > 0 && try == 0 && now.Sub(a.seenAt) < seenFor {
		return a.seen
	}
	if left := a.until.Sub(now); left > 0 {
		return left
	}
	if a.next == 0 {
		p.growing.Add(1)
	}
	a.next = min(max(2*a.next, firstPause), longestPause)
	a.until = now.Add(a.next)
	return a.next
}

// end is called when a request was served.
func (p *pauses) end(account string) {
	if p.growing.Load() == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.account[account]; a != nil && a.next > 0 {
		a.next, a.until = 0, time.Time{}
		p.growing.Add(-1)
	}
}

func (p *pauses) of(account string) *pause {
	if p.account == nil {
		p.account = make(map[string]*pause)
	}
	a := p.account[account]
	if a == nil {
		a = new(pause)
		p.account[account] = a
	}
	return a
}
