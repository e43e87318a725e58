// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// maxWaiting is how many requests may wait in one queue.
const maxWaiting = 100

// ErrFull is the error of a queue in which no more requests may wait.
var ErrFull = errors.New("too many requests are waiting for the API already")

// A PausedError is the error of a queue whose pause lasts longer than a request may wait.
type PausedError struct {
	// For is how long the pause still lasts.
	For time.Duration
}

func (e *PausedError) Error() string {
	return "the API wants a pause of " + e.For.Round(time.Second).String()
}

// A Clock tells the time and wakes after a while.
type Clock interface {
	Now() time.Time
	// After returns a channel that gets the time after d, and a function that gives
	// the channel up.
	After(d time.Duration) (<-chan time.Time, func())
}

// A Queue has a number of slots. A request takes one before it is sent and gives it
// back when its response has ended. Who finds none waits: first come, first served.
//
// A Queue is safe for concurrent use.
type Queue struct {
	clock   Clock
	waiting func(n int) // told how many wait

	mu     sync.Mutex
	limit  int // 0: none
	taken  int
	line   list.List     // of *waiter
	until  time.Time     // nobody starts before
	paused chan struct{} // closed when until changes
}

type waiter struct {
	turn chan struct{} // closed when the slot is taken for it
	done bool
}

// NewQueue returns a queue with that many slots; 0 means that there is no limit.
// waiting, if it is not nil, is told how many requests wait, whenever that changes. It
// must not block.
func NewQueue(clock Clock, limit int, waiting func(n int)) *Queue {
	return &Queue{clock: clock, limit: limit, waiting: waiting, paused: make(chan struct{})}
}

// SetLimit changes the number of slots. Requests that have one keep it.
func (q *Queue) SetLimit(limit int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limit = limit
	q.serve()
}

// Take waits for a slot, as long as it takes. It does not wait for a pause that ends after
// the deadline. The error is ErrFull, a *PausedError or the context's. A slot that was
// taken must be given back once.
func (q *Queue) Take(ctx context.Context, deadline time.Time) error {
	w, taken, err := q.enter(deadline)
	if taken || err != nil {
		return err
	}
	for {
		over, paused, stop := q.pause()
		if err := q.tooLong(deadline); err != nil {
			stop()
			return q.giveUp(w, err)
		}
		select {
		case <-w.turn:
			stop()
			return nil
		case <-over:
			q.wake()
			continue
		case <-paused:
			stop()
			continue
		case <-ctx.Done():
			stop()
		}
		return q.giveUp(w, context.Cause(ctx))
	}
}

// pause returns a channel that gets a value when the pause is over, nil if there is
// none, and one that is closed when the pause changes.
func (q *Queue) pause() (over <-chan time.Time, changed <-chan struct{}, stop func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	left := q.until.Sub(q.clock.Now())
	if left <= 0 {
		return nil, q.paused, func() {}
	}
	over, stop = q.clock.After(left)
	return over, q.paused, stop
}

// giveUp takes a waiter out of the line and returns why.
func (q *Queue) giveUp(w *waiter, why error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.done { // the turn came at the same time
		q.giveBack()
	} else {
		q.leave(w)
	}
	return why
}

// tooLong returns an error if the pause ends after the deadline.
func (q *Queue) tooLong(deadline time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pausedFor(deadline)
}

func (q *Queue) pausedFor(deadline time.Time) error {
	left := q.until.Sub(q.clock.Now())
	if left <= 0 || !q.until.After(deadline) {
		return nil
	}
	return &PausedError{For: left}
}

// enter takes a slot, or stands in line: then it returns the waiter.
func (q *Queue) enter(deadline time.Time) (w *waiter, taken bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.pausedFor(deadline); err != nil {
		return nil, false, err
	}
	if q.line.Len() == 0 && q.isOpen() {
		q.taken++
		return nil, true, nil
	}
	if q.line.Len() >= maxWaiting {
		return nil, false, ErrFull
	}
	w = &waiter{turn: make(chan struct{})}
	q.line.PushBack(w)
	q.tell()
	return w, false, nil
}

func (q *Queue) leave(w *waiter) {
	for e := q.line.Front(); e != nil; e = e.Next() {
		if e.Value == w {
			q.line.Remove(e)
			q.tell()
			return
		}
	}
}

// Give gives a slot back.
func (q *Queue) Give() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.giveBack()
}

// wake lets those start who may, after a pause.
func (q *Queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.serve()
}

func (q *Queue) giveBack() {
	q.taken--
	q.serve()
}

// Pause lets nobody start before a time. An earlier time than one given before
// changes nothing.
func (q *Queue) Pause(until time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !until.After(q.until) {
		return
	}
	q.until = until
	close(q.paused)
	q.paused = make(chan struct{})
}

// serve gives the free slots to those who wait longest.
func (q *Queue) serve() {
	served := false
	for q.line.Len() > 0 && q.isOpen() {
		w := q.line.Remove(q.line.Front()).(*waiter)
		w.done = true
		q.taken++
		close(w.turn)
		served = true
	}
	if served {
		q.tell()
	}
}

// isOpen reports whether a request may start now.
func (q *Queue) isOpen() bool {
	return (q.limit == 0 || q.taken < q.limit) && !q.clock.Now().Before(q.until)
}

func (q *Queue) tell() {
	if q.waiting != nil {
		q.waiting(q.line.Len())
	}
}
