// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// outboxes hold the notices that were not delivered yet. They outlive a
// configuration, so that a reload neither loses a notice nor sends it twice.
type outboxes struct{ webhook, exec outbox }

// An outbox holds the notices of one channel: at most one of each account, the
// newest. The zero value is empty. It has no goroutine.
type outbox struct {
	changes changes // announced when there may be something to do

	mu        sync.Mutex
	waiting   []notice // oldest first
	busy      bool     // a notice is being delivered: one at a time
	failures  int      // in a row
	notBefore time.Time
}

// add adds a notice. It replaces an older one of the account, and is tried at once.
func (o *outbox) add(n notice) {
	o.mu.Lock()
	o.waiting = slices.DeleteFunc(o.waiting, func(old notice) bool { return old.Account == n.Account })
	o.waiting = append(o.waiting, n)
	o.notBefore = time.Time{}
	o.mu.Unlock()
	o.changes.announce()
}

// clear drops all notices, of a channel that is not configured any more.
func (o *outbox) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting, o.failures, o.notBefore = nil, 0, time.Time{}
}

// take returns the notice to deliver now, which must be settled; or how long to wait
// for one, zero for as long as nothing changes.
func (o *outbox) take(now time.Time) (n notice, ok bool, wait time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.busy || len(o.waiting) == 0:
		return notice{}, false, 0
	case now.Before(o.notBefore):
		return notice{}, false, o.notBefore.Sub(now)
	}
	n = o.waiting[0]
	o.waiting = slices.Delete(o.waiting, 0, 1)
	o.busy = true
	return n, true, 0
}

// The pauses after a notice that was not delivered: doubled each time.
const (
	firstNoticePause   = 5 * time.Second
	longestNoticePause = 5 * time.Minute
)

// noticeLife is how long a notice is tried. After that it is no news.
const noticeLife = 24 * time.Hour

// settle ends a delivery. A notice that was not delivered goes to the end, unless
// there is a newer one of its account. It returns the failures in a row before.
func (o *outbox) settle(now time.Time, n notice, delivered bool) (failuresBefore int) {
	o.mu.Lock()
	failuresBefore = o.failures
	o.busy = false
	if delivered {
		o.failures = 0
	} else {
		newer := slices.ContainsFunc(o.waiting, func(w notice) bool { return w.Account == n.Account })
		if !newer && now.Sub(n.At) < noticeLife {
			o.waiting = append(o.waiting, n)
		}
		o.notBefore = now.Add(min(firstNoticePause<<min(o.failures, 10), longestNoticePause))
		o.failures++
	}
	o.mu.Unlock()
	o.changes.announce()
	return failuresBefore
}

// release puts back a notice whose delivery was interrupted by the end of the
// configuration: the next one delivers it.
func (o *outbox) release(n notice) {
	o.mu.Lock()
	o.busy = false
	if !slices.ContainsFunc(o.waiting, func(w notice) bool { return w.Account == n.Account }) {
		o.waiting = slices.Insert(o.waiting, 0, n)
	}
	o.mu.Unlock()
	o.changes.announce()
}

// A sendFunc delivers a notice. Its error holds no secret.
type sendFunc = func(ctx context.Context, n notice) error

// A channel delivers the notices of an outbox, one after the other, while its
// configuration runs.
type channel struct {
	outbox *outbox
	send   sendFunc
	clock  oauth.Clock
	log    *zap.Logger
}

// stopGrace is how long a delivery may still take when its configuration ends.
const stopGrace = 2 * time.Second

// run delivers until ctx ends.
func (c *channel) run(ctx context.Context) {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })
	defer stop()
	for ctx.Err() == nil {
		changed := c.outbox.changes.wait()
		n, ok, wait := c.outbox.take(c.clock.Now())
		if ok {
			c.deliver(sending, n)
			continue
		}
		c.sleep(ctx, changed, wait)
	}
}

// sleep returns when the outbox has changed, when the wait is over unless it is
// zero, or when ctx ends.
func (c *channel) sleep(ctx context.Context, changed <-chan struct{}, wait time.Duration) {
	var timeout <-chan time.Time
	if wait > 0 {
		after, stop := c.clock.After(wait)
		defer stop()
		timeout = after
	}
	select {
	case <-changed:
	case <-timeout:
	case <-ctx.Done():
	}
}

// deliver delivers one notice. It logs when that begins to fail and when it works
// again.
func (c *channel) deliver(ctx context.Context, n notice) {
	err := c.send(ctx, n)
	if err != nil && ctx.Err() != nil {
		c.outbox.release(n)
		return
	}
	failures := c.outbox.settle(c.clock.Now(), n, err == nil)
	fields := []zap.Field{zap.String("account", n.Account), zap.String("to", string(n.To)), zap.Error(err)}
	switch {
	case err != nil && failures == 0:
		c.log.Warn("a notice of a changed state was not delivered; it is tried again", fields...)
	case err != nil:
		c.log.Debug("a notice of a changed state was not delivered; it is tried again", fields...)
	case failures > 0:
		c.log.Info("notices of changed states are delivered again", fields[:2]...)
	}
}
