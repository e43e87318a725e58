// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// ServeFunc serves a request whose body was read.
type ServeFunc func(w http.ResponseWriter, r *http.Request, b wire.Body)

// Intercept logs a request, applies the fault that matches it, and else lets serve
// respond.
func (c *Surface) Intercept(w http.ResponseWriter, r *http.Request, serve ServeFunc) {
	entry, f := c.arrive(r)
	var b wire.Body
	if !f.ignoresBody() {
		var err error
		if b, err = wire.ReadBody(r.Body); err != nil {
			c.note(entry, b)
			wire.Sever(w) // the client has disconnected
		}
		c.note(entry, b)
	}
	if f.severs() || !f.wait(r.Context()) {
		wire.Sever(w)
	}
	res := c.respond(r, entry, b, f, serve)
	if f.cuts() {
		res.SendCut(w, f.bytesBeforeCut())
	}
	res.Send(w)
}

// arrive logs the request and picks the fault that applies to it.
func (c *Surface) arrive(r *http.Request) (*logEntry, *fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests.add(r), c.faults.pick(r)
}

// note logs the request body before any delay, so that the log entry is complete
// while the response is delayed.
func (c *Surface) note(entry *logEntry, b wire.Body) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry.Bytes, entry.SHA256 = b.Size, b.SHA256
}

// respond makes the response and logs its status before it is sent, so that a
// client that has the response also finds it in the log.
func (c *Surface) respond(r *http.Request, entry *logEntry, b wire.Body, f *fault, serve ServeFunc) *wire.Response {
	c.mu.Lock()
	defer c.mu.Unlock()
	res := wire.NewResponse(r, c.clock.Time())
	if f.replaces() {
		f.write(res)
	} else {
		serve(res, r, b)
		res.Compress()
		f.decorate(res)
	}
	entry.Status = res.Status()
	return res
}
