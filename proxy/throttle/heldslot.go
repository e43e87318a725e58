// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// idle is how long a client may not send or read before the slot of its request goes to
// another one. A client that has paused must not stop all others.
const idle = 2 * time.Second

// A heldSlot is a slot in use. It is given back once: when the exchange has ended, or when
// its client has not sent or read for a while.
type heldSlot struct {
	queue *Queue
	clock Clock
	once  sync.Once
	ended chan struct{}

	mu      sync.Mutex
	watched bool
	waiting bool      // for the client
	since   time.Time // of waiting
}

func newHeldSlot(queue *Queue, clock Clock) *heldSlot {
	return &heldSlot{queue: queue, clock: clock, ended: make(chan struct{})}
}

// end gives the slot back.
func (s *heldSlot) end() {
	s.once.Do(func() {
		close(s.ended)
		s.queue.Give()
	})
}

// wait notes whether the client has to do something now.
func (s *heldSlot) wait(waiting bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting, s.since = waiting, s.clock.Now()
	if !s.watched {
		s.watched = true
		go s.watch()
	}
}

// watch gives the slot back when the client does nothing.
func (s *heldSlot) watch() {
	left := idle
	for {
		over, stop := s.clock.After(left)
		select {
		case <-s.ended:
			stop()
			return
		case <-over:
		}
		if left = s.left(); left <= 0 {
			s.end()
			return
		}
	}
}

// left returns how long the client may still do nothing.
func (s *heldSlot) left() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.waiting {
		return idle
	}
	return idle - s.clock.Now().Sub(s.since)
}

// roundTrip sends a request, and ends the slot with the response.
func (s *heldSlot) roundTrip(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	responded := false
	defer func() {
		if !responded { // also after a panic
			s.end()
		}
	}()
	if req.Body != nil && req.Body != http.NoBody {
		upload := &heldUpload{ReadCloser: req.Body, slot: s}
		defer upload.leave()
		sent := *req
		sent.Body = upload
		req = &sent
	}
	res, err := next.RoundTrip(req)
	if err != nil || res.Body == nil || res.Body == http.NoBody {
		return res, err
	}
	responded = true
	s.wait(true)
	res.Body = &heldBody{ReadCloser: res.Body, slot: s}
	return res, nil
}

// A heldUpload is the body of a request. The client is waited for while it is read.
type heldUpload struct {
	io.ReadCloser

	mu   sync.Mutex
	slot *heldSlot // nil when there is a response
}

// Read implements [io.Reader].
func (b *heldUpload) Read(p []byte) (int, error) {
	b.wait(true)
	defer b.wait(false)
	return b.ReadCloser.Read(p)
}

func (b *heldUpload) wait(waiting bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.slot != nil {
		b.slot.wait(waiting)
	}
}

// leave makes the response decide about the slot, although the upload may go on.
func (b *heldUpload) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slot = nil
}

// A heldBody is the body of a response. The client is waited for while it is not read.
type heldBody struct {
	io.ReadCloser
	slot *heldSlot
}

// Read implements [io.Reader].
func (b *heldBody) Read(p []byte) (int, error) {
	b.slot.wait(false)
	n, err := b.ReadCloser.Read(p)
	b.slot.wait(true)
	if err != nil {
		b.slot.end()
	}
	return n, err
}

// Close implements [io.Closer].
func (b *heldBody) Close() error {
	b.slot.end()
	return b.ReadCloser.Close()
}
