// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"errors"
	"io"
	"sync"
)

// errAbandoned is what a try gets that reads on after it was given up.
var errAbandoned = errors.New("the request was given up for a second try")

// A replay is a request body that can be sent twice. It keeps what is read
// while the first try streams it, so that an upload starts at once, and lets
// the next try read the same bytes from the start and go on where the first
// stopped: an API that answers 401 early has not seen all of it.
//
// Each try reads through a cursor. net/http may still read a body after
// RoundTrip has returned, in a goroutine of its own; making a new cursor
// therefore cuts off the one before.
type replay struct {
	src  io.ReadCloser
	turn chan struct{} // whoever put something in may read src

	mu      sync.Mutex // guards the rest
	kept    kept
	whole   bool  // all that was read is kept
	read    int64 // bytes read from src
	err     error // how src ended
	reading bool  // somebody reads src
	current *cursor
	settled bool // there will be no further try
	closed  bool // src is closed
}

// newReplay returns a replay of src. A body whose length is known to be above
// max is not kept at all; length -1 is unknown.
func newReplay(src io.ReadCloser, length, max int64, spool *Spool) *replay {
	return &replay{
		src:   src,
		turn:  make(chan struct{}, 1),
		kept:  kept{spool: spool, max: max},
		whole: spool != nil && length <= max && max > 0,
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
		return nil, errNotKept
	}
	r.current = &cursor{r: r}
	return r.current, nil
}

// restart waits until nobody reads src, so that it is certain whether all is
// kept, and returns a body for the next try; or errNotKept, and the try before
// goes on undisturbed.
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
	if n, done, err := c.r.again(c, p); done {
		return n, err
	}
	c.r.turn <- struct{}{}
	defer func() { <-c.r.turn }()
	// While we waited another cursor may have read on, or taken our place.
	if n, done, err := c.r.again(c, p); done {
		return n, err
	}
	return c.r.forward(c, p)
}

// again reads what is known already. It reports false where src has to be asked.
func (r *replay) again(c *cursor, p []byte) (n int, done bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.current != c:
		return 0, true, errAbandoned
	case c.off < r.read && !r.whole:
		return 0, true, errNotKept
	case c.off < r.read:
		n, err = r.kept.ReadAt(p, c.off)
		c.off += int64(n)
		return n, true, err
	case r.err != nil:
		return 0, true, r.err
	}
	return 0, false, nil
}

// forward reads src and keeps what it got. The caller has the turn.
func (r *replay) forward(c *cursor, p []byte) (int, error) {
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
		r.drop() // what is kept lies behind the only one who could want it
	case n > 0 && r.whole && !r.kept.append(p[:n]):
		r.whole = false
		r.kept.release()
	}
	return n, err
}

// spoolSize is how much of a body is read at once ahead of sending it.
const spoolSize = 32 << 10

// spool reads the body to its end before anything is sent. It reports false
// where there is no room for all of it: then it can be sent once, what was read
// ahead and then the rest.
func (r *replay) spool() (all bool, err error) {
	buf := make([]byte, spoolSize)
	for {
		n, err := r.src.Read(buf)
		kept := r.keep(buf[:n], err)
		switch {
		case err == io.EOF:
			return kept, nil
		case err != nil:
			return false, err
		case !kept:
			return false, nil
		}
	}
}

// keep keeps what was read ahead and reports whether there was room for it.
func (r *replay) keep(p []byte, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read += int64(len(p))
	r.err = err
	if r.kept.append(p) {
		return true
	}
	r.kept.appendLast(p)
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

// settle says that no try will follow the current one, which may still run.
func (r *replay) settle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settled = true
	if r.current != nil && r.current.off == r.read {
		// It is past what is kept, and reads on from src.
		r.drop()
	}
	r.finish()
}

// abandon gives up the body: nobody will read it any more.
func (r *replay) abandon() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settled = true
	r.current = nil
	r.finish()
}

// finish closes src and gives the room back once nobody needs them.
func (r *replay) finish() {
	if !r.settled || r.current != nil || r.closed {
		return
	}
	r.closed = true
	r.drop()
	if r.reading {
		// Some bodies make Close wait for Read, which waits for the client;
		// others need the Close to end the Read. Both are served this way.
		go func() { _ = r.src.Close() }()
		return
	}
	_ = r.src.Close() // it is the client's; what it says changes nothing
}

func (r *replay) drop() {
	r.whole = r.whole && r.kept.size == 0
	r.kept.release()
}

// failure returns the error with which the client's body ended, if it did not
// end well.
func (r *replay) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}
