// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
)

// eventQueue hands events to Caddy's events app, one after the other and in
// their order. Emitting runs whatever the operator bound to the event, a
// program perhaps, for as long as it takes; so it happens in a goroutine of its
// own.
type eventQueue struct {
	ctx    caddy.Context
	events *caddyevents.App

	mu      sync.Mutex
	waiting []event
	running bool
	done    sync.WaitGroup
}

// event is one event that waits. Its data holds no secret: the events app logs
// it and hands it to programs.
type event struct {
	name string
	data map[string]any
}

// add queues an event.
func (q *eventQueue) add(name string, data map[string]any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, event{name, data})
	if q.running {
		return
	}
	q.running = true
	q.done.Go(q.drain)
}

func (q *eventQueue) drain() {
	for {
		e, ok := q.next()
		if !ok {
			return
		}
		// A configuration that ended emits no more: its handlers are gone.
		if q.ctx.Err() == nil {
			q.events.Emit(q.ctx, e.name, e.data)
		}
	}
}

func (q *eventQueue) next() (event, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.running = false
		return event{}, false
	}
	e := q.waiting[0]
	q.waiting = q.waiting[1:]
	return e, true
}

// wait returns when everything queued so far was handed over.
func (q *eventQueue) wait() { q.done.Wait() }
