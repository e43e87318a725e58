// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"sync"
	"sync/atomic"
	"time"
)

// Queues are the queues of all accounts at one API. They are safe for concurrent
// use. A nil *Queues has no queues.
type Queues struct {
	clock   Clock
	waiting func(account string, n int)

	limit atomic.Int64 // 0: nobody queues

	mu     sync.Mutex
	queues map[string]*Queue
}

// NewQueues returns queues with that many slots for each account; 0 means that nobody
// queues. waiting, if it is not nil, is told how many requests of an account wait.
func NewQueues(clock Clock, limit int, waiting func(account string, n int)) *Queues {
	q := &Queues{clock: clock, waiting: waiting, queues: make(map[string]*Queue)}
	q.limit.Store(int64(limit))
	return q
}

// Lower makes the limit the smaller of the one that it has and another one: sites in
// front of one API share its slots.
func (q *Queues) Lower(limit int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := int(q.limit.Load())
	if limit == 0 || now > 0 && limit >= now {
		return
	}
	q.limit.Store(int64(limit))
	for _, queue := range q.queues {
		queue.SetLimit(limit)
	}
}

func (q *Queues) of(account string) *Queue {
	q.mu.Lock()
	defer q.mu.Unlock()
	queue := q.queues[account]
	if queue == nil {
		queue = NewQueue(q.clock, int(q.limit.Load()), q.tell(account))
		q.queues[account] = queue
	}
	return queue
}

func (q *Queues) tell(account string) func(int) {
	if q.waiting == nil {
		return nil
	}
	return func(n int) { q.waiting(account, n) }
}

// accountSlots are the slots of one account. The zero value has no queue: no limit.
type accountSlots struct{ queue *Queue }

func (q *Queues) slotsOf(account string) accountSlots {
	if q == nil || q.limit.Load() == 0 {
		return accountSlots{}
	}
	return accountSlots{q.of(account)}
}

// pause lets no other request of the account start before a time.
func (s accountSlots) pause(until time.Time) {
	if s.queue != nil {
		s.queue.Pause(until)
	}
}
