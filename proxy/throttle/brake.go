// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// brakeAfter equal failures in a row, within brakeWithin, begin a spin.
	brakeAfter  = 5
	brakeWithin = 5 * time.Second

	// brakeRate is how many calls of a spin reach the API in a second.
	brakeRate = 2

	// maxSpins bounds the calls that are remembered. Only failed ones are.
	maxSpins = 1024
)

// A CallKey says which calls are equal.
type CallKey struct {
	Account, Client, Upstream, Method, Target string
}

// A Stored is the response to a call that fails again and again.
type Stored struct {
	Status int
	Header http.Header
	Body   []byte
}

// A Brake keeps a client that repeats the same failing call in a loop from spending the
// account's requests: after five equal failures in a row within five seconds, two calls
// a second reach the API, and the others get the response of the last. A different
// response, a new token and a successful write of the account end it.
//
// The zero Brake is ready for use. It is safe for concurrent use.
type Brake struct {
	count atomic.Int32 // of spins; most often there is none

	mu    sync.Mutex
	spins map[CallKey]*spin
}

// A spin is a call that has failed.
type spin struct {
	status     int
	code       string
	generation uint64 // of the token
	failures   int
	since      time.Time // of the first failure in the row
	last       time.Time // of the last call
	stored     *Stored
	second     time.Time // the second in which calls are counted
	sent       int       // in that second
}

// IsOn reports whether any call is remembered. If none is, the other methods need not be
// called, except Failed.
func (b *Brake) IsOn() bool { return b.count.Load() > 0 }

// Check is called before a call is sent, with the generation of its token. It returns
// what to respond instead, or nil.
func (b *Brake) Check(key CallKey, generation uint64, now time.Time) *Stored {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.spins[key]
	if s == nil {
		return nil
	}
	if s.generation != generation || now.Sub(s.last) > brakeWithin {
		b.forget(key)
		return nil
	}
	if s.failures < brakeAfter || s.stored == nil {
		return nil
	}
	s.last = now
	if now.Sub(s.second) >= time.Second {
		s.second, s.sent = now, 0
	}
	if s.sent < brakeRate {
		s.sent++
		return nil
	}
	return s.stored
}

// Failed is called with the failure of a call: its status, the code in its body, and
// the response to store.
func (b *Brake) Failed(key CallKey, generation uint64, code string, stored *Stored, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.spins[key]
	if s == nil || s.status != stored.Status || s.code != code || s.generation != generation ||
		s.failures < brakeAfter && now.Sub(s.since) > brakeWithin {
		s = b.begin(key, now)
		s.status, s.code, s.generation = stored.Status, code, generation
	}
	s.failures++
	s.last, s.stored = now, stored
}

// Ended is called with any other response to a call.
func (b *Brake) Ended(key CallKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(key)
}

// Written is called after a successful write of an account: what failed may work now.
func (b *Brake) Written(account string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key := range b.spins {
		if key.Account == account {
			b.forget(key)
		}
	}
}

func (b *Brake) begin(key CallKey, now time.Time) *spin {
	if b.spins == nil {
		b.spins = make(map[CallKey]*spin)
	}
	b.forget(key)
	if len(b.spins) >= maxSpins {
		b.makeRoom(now)
	}
	s := &spin{since: now}
	b.spins[key] = s
	b.count.Add(1)
	return s
}

// makeRoom forgets what is over, or else any quarter of all.
func (b *Brake) makeRoom(now time.Time) {
	for key, s := range b.spins {
		if now.Sub(s.last) > brakeWithin {
			b.forget(key)
		}
	}
	for key := range b.spins {
		if len(b.spins) <= maxSpins*3/4 {
			return
		}
		b.forget(key)
	}
}

func (b *Brake) forget(key CallKey) {
	if _, ok := b.spins[key]; ok {
		delete(b.spins, key)
		b.count.Add(-1)
	}
}
