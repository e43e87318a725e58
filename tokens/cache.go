// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patrickmn/go-cache"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Cache keeps the state of one stored account while the process runs. It
// outlives configurations: a reload hands it on, and requests of the old
// configuration still read it while they finish. So it has no context of a
// configuration, no logger and no storage, and closing it erases nothing.
type Cache struct {
	states *cache.Cache // of *accountState, by fingerprint
	making sync.Mutex

	ctx    context.Context // ends after Close has waited
	cancel context.CancelFunc

	open  context.Context // ends when Close begins
	close context.CancelFunc

	closing sync.Mutex
	closed  bool
	working sync.WaitGroup

	// signedOutAt is when this process has signed the account out last; nil for never.
	// The storage may come back as it was before, if its volume was not mounted.
	signedOutAt atomic.Pointer[time.Time]

	// reporting makes reports follow each other in the order of the changes.
	// reported is the state that was reported last; empty before the first.
	reporting sync.Mutex
	reported  State
}

// NewCache returns an empty cache.
func NewCache() *Cache {
	c := &Cache{states: cache.New(cache.NoExpiration, 0)} // no janitor: expiry is judged by our clock
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.open, c.close = context.WithCancel(c.ctx)
	return c
}

// state returns the state for a fingerprint. Two configurations of one account
// that are in use at once, during a reload that changes the client, each find
// their own.
func (c *Cache) state(fingerprint string) *accountState {
	c.making.Lock()
	defer c.making.Unlock()
	if s, ok := c.states.Get(fingerprint); ok {
		return s.(*accountState)
	}
	s := &accountState{writer: make(chan struct{}, 1)}
	c.states.SetDefault(fingerprint, s)
	return s
}

// forget removes the records of all configurations of the account, after a sign-out.
func (c *Cache) forget(now time.Time) {
	for _, item := range c.states.Items() {
		item.Object.(*accountState).forget(now)
	}
}

// closeGrace is how long work in flight may still take when its cache is closed: as
// long as a request to the identity provider, and saving what it brought. If it were
// interrupted, the new refresh token would be lost on the wire.
const closeGrace = oauth.RequestTimeout + saveLimit

// Close ends the work in the background. It waits for a request in flight; work that
// still waits for something else ends at once.
func (c *Cache) Close() {
	c.closing.Lock()
	c.closed = true
	c.closing.Unlock()
	c.close()
	stop := time.AfterFunc(closeGrace, c.cancel)
	c.working.Wait()
	stop.Stop()
	c.cancel()
}

// untilClose returns a context that also ends when the cache is closed: for what
// work may wait for before it has sent anything.
func (c *Cache) untilClose(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.open, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// work returns a context for one piece of shared work: it does not end with the
// caller who happened to start it. done must be called.
func (c *Cache) work(limit time.Duration) (ctx context.Context, done func()) {
	ctx, cancel := context.WithTimeout(c.ctx, limit)
	c.closing.Lock()
	defer c.closing.Unlock()
	if c.closed {
		cancel()
		return ctx, cancel
	}
	c.working.Add(1)
	return ctx, func() {
		cancel()
		c.working.Done()
	}
}
