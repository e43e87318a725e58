// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patrickmn/go-cache"
	"golang.org/x/sync/singleflight"
)

// Memory is what is remembered of one stored account while the process runs.
// It outlives configurations: a reload hands it on, and requests of the old
// configuration still read it while they finish. So it holds no context of a
// configuration, no logger and no storage, and ending it blanks nothing.
type Memory struct {
	holdings *cache.Cache // of *holding, by fingerprint
	making   sync.Mutex

	ctx    context.Context
	cancel context.CancelFunc

	closing sync.Mutex
	closed  bool
	flights sync.WaitGroup
}

// NewMemory returns an empty memory.
func NewMemory() *Memory {
	m := &Memory{holdings: cache.New(cache.NoExpiration, 0)} // no janitor: expiry is judged by our clock
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

// holding returns what is held for a fingerprint. Two configurations of one
// account that are alive at once, during a reload that changes the client,
// each find their own.
func (m *Memory) holding(fingerprint string) *holding {
	m.making.Lock()
	defer m.making.Unlock()
	if h, ok := m.holdings.Get(fingerprint); ok {
		return h.(*holding)
	}
	h := &holding{writer: make(chan struct{}, 1)}
	m.holdings.SetDefault(fingerprint, h)
	return h
}

// closeGrace is how long a renewal under way may still take when its memory is
// given up: cut off now, the new refresh token would be lost on the wire.
const closeGrace = 10 * time.Second

// Close ends what goes on in the background. It waits for a renewal under way.
func (m *Memory) Close() {
	m.closing.Lock()
	m.closed = true
	m.closing.Unlock()
	stop := time.AfterFunc(closeGrace, m.cancel)
	m.flights.Wait()
	stop.Stop()
	m.cancel()
}

// work returns a context for one piece of shared work: it does not end with
// the caller who happened to start it. done must be called.
func (m *Memory) work(limit time.Duration) (ctx context.Context, done func()) {
	ctx, cancel := context.WithTimeout(m.ctx, limit)
	m.closing.Lock()
	defer m.closing.Unlock()
	if m.closed {
		cancel()
		return ctx, cancel
	}
	m.flights.Add(1)
	return ctx, func() {
		cancel()
		m.flights.Done()
	}
}

// holding is what is held for one account under one fingerprint.
type holding struct {
	// live is the token in use, ready to be sent. The hot path reads nothing
	// else.
	live atomic.Pointer[bearer]

	// used says that live was sent since it was obtained: an idle account is
	// renewed daily, not hourly.
	used atomic.Bool

	// marked says that the storage is known to have its marker.
	marked atomic.Bool

	// ahead says that a renewal ahead of expiry is under way.
	ahead atomic.Bool

	flight singleflight.Group
	writer chan struct{} // held by whoever changes the record; a lock that obeys contexts

	mu       sync.Mutex
	record   *record // never changed, only replaced; nil: there is none
	reason   error   // why the stored record cannot be used
	lookedAt time.Time
	owed     error  // why record is not in the storage yet
	keyID    string // of the key that sealed what is stored

	renewing bool // a renewal is under way
	overdue  bool // and somebody waited for it in vain

	rejected  uint64 // the generation that upstream refused last
	refused   uint64 // the generation that upstream refused though it was fresh
	refusedAt time.Time
	signingIn time.Time // until when a sign-in is under way
}

// bearer is a token ready to be sent.
type bearer struct {
	authorization string
	generation    uint64
	from, until   time.Time
	renewOn       time.Time
	user          user
}

func (b *bearer) usable(now time.Time) bool {
	return b != nil && now.Before(b.until) && now.After(b.from)
}

// put puts a record into use; the caller holds the lock.
func (h *holding) put(r *record) {
	h.record = r
	h.reason = nil
	h.overdue = false
	if r == nil || r.AccessToken == "" {
		h.live.Store(nil)
		return
	}
	if old := h.live.Load(); old == nil || old.generation != r.Generation {
		h.used.Store(false)
	}
	h.live.Store(&bearer{
		authorization: "Bearer " + r.AccessToken,
		generation:    r.Generation,
		from:          r.ObtainedAt.Add(-skewAllowed),
		until:         r.Expiry.Add(-r.hardMargin()),
		renewOn:       r.RenewOn,
		user:          r.User,
	})
}

// known returns the record and why there is none that can be used.
func (h *holding) known() (*record, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.record, h.reason
}
