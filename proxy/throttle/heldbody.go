// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"io"
	"sync"
	"time"
)

// idle is how long a client may not read before the slot of its request goes to
// another one. A client that has paused must not stop all others.
const idle = 2 * time.Second

// A heldBody is the body of a response that holds a slot until it ends, is closed, or
// is not read for a while.
type heldBody struct {
	io.ReadCloser
	queue *Queue
	clock Clock
	once  sync.Once
	ended chan struct{}

	mu      sync.Mutex
	reading bool
	last    time.Time // of the last Read
}

func newHeldBody(body io.ReadCloser, clock Clock, queue *Queue) *heldBody {
	b := &heldBody{ReadCloser: body, queue: queue, clock: clock, ended: make(chan struct{}), last: clock.Now()}
	go b.watch()
	return b
}

// watch gives the slot back when the client does not read.
func (b *heldBody) watch() {
	left := idle
	for {
		over, stop := b.clock.After(left)
		select {
		case <-b.ended:
			stop()
			return
		case <-over:
		}
		if left = b.left(); left <= 0 {
			b.end()
			return
		}
	}
}

// left returns how long the client may still not read.
func (b *heldBody) left() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reading {
		return idle
	}
	return idle - b.clock.Now().Sub(b.last)
}

func (b *heldBody) end() {
	b.once.Do(func() {
		close(b.ended)
		b.queue.Give()
	})
}

// Read implements [io.Reader].
func (b *heldBody) Read(p []byte) (int, error) {
	b.note(true)
	n, err := b.ReadCloser.Read(p)
	b.note(false)
	if err != nil {
		b.end()
	}
	return n, err
}

func (b *heldBody) note(reading bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading, b.last = reading, b.clock.Now()
}

// Close implements [io.Closer].
func (b *heldBody) Close() error {
	b.end()
	return b.ReadCloser.Close()
}
