// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"errors"
	"io"
	"sync"
)

// errAbandoned is what a try gets that reads on after it was abandoned.
var errAbandoned = errors.New("the request was abandoned for a second try")

// A replay is a request body that can be sent twice. It buffers what is read
// while the first try streams it, so that an upload starts at once, and lets
// the next try read the same bytes from the start and go on where the first
// stopped: an API that responds early with a 401 has not seen all of it.
//
// Each try reads through a cursor. net/http may still read a body after
// RoundTrip has returned, in a goroutine of its own; making a new cursor
// therefore cuts off the one before.
type replay struct {
	src  io.ReadCloser
	turn chan struct{} // a lock: its holder may read src

	mu      sync.Mutex // guards the rest
	buffer  bodyBuffer
	whole   bool  // all that was read is in the buffer
	read    int64 // bytes read from src
	err     error // how src ended
	reading bool  // a Read of src is running
	current *cursor
	settled bool // there will be no further try
	closed  bool // src is closed
}

// newReplay returns a replay of src. A body whose length is known to be above
// max is not buffered at all; length -1 is unknown.
func newReplay(src io.ReadCloser, length, max int64, spool *Spool) *replay {
	return &replay{
		src:    src,
		turn:   make(chan struct{}, 1),
		buffer: bodyBuffer{spool: spool, max: max},
		whole:  spool != nil && length <= max && max > 0,
	}
}

// A cursor reads a replay from its start.
type cursor struct {
	r   *replay
	off int64
}

// start returns a body for the next try and cuts off the one before.
func (r *replay) start() (io.ReadCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.read > 0 && !r.whole {
		return nil, errNotBuffered
	}
	r.current = &cursor{r: r}
	return r.current, nil
}

// restart waits until no Read of src is running, so that it is certain whether
// all is buffered, and returns a body for the next try; or errNotBuffered, and
// the try before goes on undisturbed.
func (r *replay) restart(ctx context.Context) (io.ReadCloser, error) {
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-r.turn }()
	return r.start()
}

// Read implements [io.Reader].
func (c *cursor) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if n, done, err := c.r.readBuffered(c, p); done {
		return n, err
	}
	c.r.turn <- struct{}{}
	defer func() { <-c.r.turn }()
	// Meanwhile another cursor may have read on, or replaced this one.
	if n, done, err := c.r.readBuffered(c, p); done {
		return n, err
	}
	return c.r.readSource(c, p)
}

// readBuffered reads what was read before. It reports false where src has to be
// read.
func (r *replay) readBuffered(c *cursor, p []byte) (n int, done bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.current != c:
		return 0, true, errAbandoned
	case c.off < r.read && !r.whole:
		return 0, true, errNotBuffered
	case c.off < r.read:
		n, err = r.buffer.ReadAt(p, c.off)
		c.off += int64(n)
		return n, true, err
	case r.err != nil:
		return 0, true, r.err
	}
	return 0, false, nil
}

// readSource reads src and buffers what it got. The caller holds turn.
func (r *replay) readSource(c *cursor, p []byte) (int, error) {
	r.setReading(true)
	n, err := r.src.Read(p)
	r.setReading(false)

	r.mu.Lock()
	defer r.mu.Unlock()
	r.read += int64(n)
	c.off += int64(n)
	r.err = err
	switch {
	case r.settled:
		r.drop() // the only cursor is past what is buffered
	case n > 0 && r.whole && !r.buffer.append(p[:n]):
		r.whole = false
		r.buffer.release()
	}
	return n, err
}

// spoolSize is how much of a body is read at once ahead of sending it.
const spoolSize = 32 << 10

// errOverLimit is the error of spooling a body that has more than its limit.
var errOverLimit = errors.New("the request body is larger than the API takes")

// spool reads the body to its end before anything is sent. It reports false
// where there is no room for all of it: then the body can be sent once, first
// what was read ahead and then the rest. A body of more than max bytes is given up
// with errOverLimit. It may be called again.
func (r *replay) spool(max int64) (all bool, err error) {
	if r.buffer.isFull() {
		return false, nil // a further piece would take the place of the last one
	}
	buf := make([]byte, spoolSize)
	for {
		if r.read > max {
			return false, errOverLimit
		}
		if errors.Is(r.err, io.EOF) { // it was spooled before
			return r.whole, nil
		}
		n, err := r.src.Read(buf)
		buffered := r.append(buf[:n], err)
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return false, err
		case !buffered:
			return false, nil
		}
	}
}

// append buffers what was read ahead and reports whether there was room for it.
func (r *replay) append(p []byte, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read += int64(len(p))
	r.err = err
	if r.buffer.append(p) {
		return true
	}
	r.buffer.appendLast(p)
	return false
}

func (r *replay) setReading(reading bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reading = reading
}

// Close implements [io.Closer]. Where another try may follow, src stays open.
func (c *cursor) Close() error {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	if c.r.current == c {
		c.r.current = nil
		c.r.finish()
	}
	return nil
}

// settle tells that no try will follow the current one, which may still run.
func (r *replay) settle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settled = true
	if r.current != nil && r.current.off == r.read {
		// It is past what is buffered, and reads on from src.
		r.drop()
	}
	r.finish()
}

// abandon ends the body: nobody will read it any more.
func (r *replay) abandon() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settled = true
	r.current = nil
	r.finish()
}

// finish closes src and frees the buffer once nobody needs them.
func (r *replay) finish() {
	if !r.settled || r.current != nil || r.closed {
		return
	}
	r.closed = true
	r.drop()
	if r.reading {
		// In some bodies Close waits for Read, which waits for the client; in
		// others Close ends the Read. This serves both.
		go func() { _ = r.src.Close() }()
		return
	}
	_ = r.src.Close() // its error changes nothing for the client
}

func (r *replay) drop() {
	r.whole = r.whole && r.buffer.size == 0
	r.buffer.release()
}

// failure returns the error with which the client's body ended, if it failed.
func (r *replay) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}
