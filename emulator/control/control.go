// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package control is how tests control the emulator: faults, the request log, the
// clock, and the HTTP API at /_emulator/ that sets them, issues tokens and
// registers clients. Faults and request log apply to every service, because
// [Surface.Intercept] stands in front of all of them.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/graph"
	"github.com/caddy-onenote/caddy-onenote/emulator/identity"
	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
)

const prefix = "/_emulator/"

// Handles reports whether a path belongs to the control surface.
func Handles(path string) bool {
	return strings.HasPrefix(path, prefix) || path == strings.TrimSuffix(prefix, "/")
}

// Surface is the control surface with its request log, its faults and the clock.
// Its lock guards the state of all services too, so that requests are served one
// after another.
type Surface struct {
	mu       sync.Mutex
	clock    *ShiftedClock
	requests requestLog
	faults   faultList
	identity *identity.Endpoints
	grants   *grant.Book
	graph    *graph.API
	resets   []func()

	// AllowRemote lets peers on other machines in.
	AllowRemote bool
}

// New returns a control surface. POST /_emulator/reset calls the resets.
func New(clock *ShiftedClock, s *identity.Endpoints, grants *grant.Book, g *graph.API, resets ...func()) *Surface {
	return &Surface{clock: clock, identity: s, grants: grants, graph: g, resets: resets}
}

// maxBody is the largest body of a control request.
const maxBody = 16 << 20

// Serve serves the control surface. Whoever reaches it can issue tokens, so only
// loopback peers are let in, unless all are.
func (c *Surface) Serve(w http.ResponseWriter, r *http.Request) {
	if !c.AllowRemote && !loopback.Peer(r.RemoteAddr) {
		fail(w, http.StatusForbidden, errors.New("the control surface is for loopback peers only"))
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, err)
		return
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, strings.TrimSuffix(prefix, "/")), "/")
	if name == "" {
		c.serveList(w, r)
		return
	}
	if id, found := strings.CutPrefix(name, "faults/"); found {
		c.removeFault(w, r, id)
		return
	}
	method, handle := c.find(name)
	if handle == nil {
		fail(w, http.StatusNotFound, fmt.Errorf("no such control: %s; GET %s lists them", name, prefix))
		return
	}
	if r.Method != method {
		w.Header().Set("Allow", method)
		fail(w, http.StatusMethodNotAllowed, errors.New(name+" takes "+method))
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	response, err := handle(data)
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	write(w, response)
}

func (c *Surface) reset([]byte) (any, error) {
	c.clock.advance = 0
	c.requests, c.faults = requestLog{}, faultList{}
	for _, reset := range c.resets {
		reset()
	}
	return nil, nil
}

func (c *Surface) addFault(data []byte) (any, error) {
	var request faultRequest
	if err := decode(data, &request); err != nil {
		return nil, err
	}
	if err := request.validate(); err != nil {
		return nil, err
	}
	return map[string]string{"id": c.faults.add(request).id}, nil
}

func (c *Surface) removeFault(w http.ResponseWriter, r *http.Request, id string) {
	if r.Method != http.MethodDelete {
		w.Header().Set("Allow", http.MethodDelete)
		fail(w, http.StatusMethodNotAllowed, errors.New("a fault takes DELETE"))
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.faults.remove(id) {
		fail(w, http.StatusNotFound, errors.New("no such fault: "+id))
		return
	}
	write(w, nil)
}

func (c *Surface) advanceClock(data []byte) (any, error) {
	var request struct {
		Advance faultDuration `json:"advance"`
	}
	if err := decode(data, &request); err != nil {
		return nil, err
	}
	c.clock.advance += time.Duration(request.Advance)
	return map[string]string{"now": c.clock.Time().Format(time.RFC3339)}, nil
}

func (c *Surface) setStrict(data []byte) (any, error) {
	var request struct {
		On bool `json:"on"`
	}
	if err := decode(data, &request); err != nil {
		return nil, err
	}
	c.grants.SetStrict(request.On)
	return nil, nil
}

// setGraph sets the habits of Graph. Those that the request does not name get
// their defaults.
func (c *Surface) setGraph(data []byte) (any, error) {
	habits := graph.DefaultHabits()
	if err := decode(data, &habits); err != nil {
		return nil, err
	}
	return nil, c.graph.SetHabits(habits)
}

func (c *Surface) registerClient(data []byte) (any, error) {
	var registration identity.Registration
	if err := decode(data, &registration); err != nil {
		return nil, err
	}
	return nil, c.identity.Register(registration)
}

func (c *Surface) listRequests([]byte) (any, error) {
	return c.requests.copy(), nil
}

// decode reads a control request. An empty body is an empty object. Unknown members
// are errors, because otherwise a misspelt fault would never fire.
func decode(data []byte, into any) error {
	if len(strings.TrimSpace(string(data))) == 0 {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func write(w http.ResponseWriter, response any) {
	w.Header().Set("Cache-Control", "no-store")
	if response == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(response) // an error means that the client disconnected
}

func fail(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}
