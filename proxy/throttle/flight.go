// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// maxShared is the size of the largest body that is shared, in bytes.
	maxShared = 8 << 20

	// maxHeld is how many bytes of bodies are held for others at once, in all.
	maxHeld = 64 << 20

	// atOnce is the size of a body that comes together with its header, in bytes. It is
	// there before another request can ask for it, so it is kept only for those that
	// have asked before. Most pictures are smaller, and to copy each costs more than to
	// send it again now and then.
	atOnce = 64 << 10

	// shareWait is how long a request waits for the response to an equal one. The
	// client that gets that response may be slow.
	shareWait = 5 * time.Second
)

// A FlightKey says which requests are equal: those whose responses are. A response
// holds links below the base that its client uses, and says on what it depends (Vary).
type FlightKey struct {
	Account, Target, Accept, AcceptEncoding, Vary string

	// The base that the client uses.
	Scheme, Host, Path string
}

// Flights make one request of equal ones that are sent at the same time. They are safe
// for concurrent use.
type Flights struct {
	clock Clock

	mu   sync.Mutex
	all  map[FlightKey]*Flight
	held int // bytes of bodies
}

// NewFlights returns flights whose requests wait by that clock.
func NewFlights(clock Clock) *Flights {
	return &Flights{clock: clock, all: make(map[FlightKey]*Flight)}
}

// A Flight is a request that others may wait for.
type Flight struct {
	flights *Flights
	key     FlightKey

	// Guarded by the mutex of flights.
	over   bool
	ended  chan struct{} // closed when it is over; nil while nobody waits
	result *Stored       // nil: there is nothing to share
	users  int           // who may still read the body: the one that leads, and those that wait
	held   int           // bytes of the body
}

// Join returns the flight of a request. The one that leads sends the request and must
// call Lead or Fail; the others call Wait.
func (f *Flights) Join(key FlightKey) (flight *Flight, leads bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if flight, ok := f.all[key]; ok {
		if flight.ended == nil {
			flight.ended = make(chan struct{})
		}
		flight.users++
		return flight, false
	}
	flight = &Flight{flights: f, key: key, users: 1}
	f.all[key] = flight
	return flight, true
}

// Fail is called where the request got no response.
func (f *Flight) Fail() { f.end(nil) }

// Lead is called with the response that the leading client gets. While it is read, it
// is copied for the others, if there are or may still be any.
func (f *Flight) Lead(res *http.Response) {
	if f.endAlone(res) {
		return
	}
	if res.Body == nil || res.Body == http.NoBody {
		f.end(&Stored{Status: res.StatusCode, Header: res.Header.Clone()})
		return
	}
	if res.ContentLength > maxShared || len(res.Trailer) > 0 {
		f.end(nil)
		return
	}
	res.Body = &sharedBody{ReadCloser: res.Body, flight: f, stored: &Stored{Status: res.StatusCode, Header: res.Header.Clone()}}
}

// endAlone ends the flight where nobody waits and the response will be there at once.
func (f *Flight) endAlone(res *http.Response) bool {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	if f.ended != nil || res.ContentLength < 0 || res.ContentLength > atOnce {
		return false
	}
	f.remove(nil)
	return true
}

// end makes the result known, once. Requests that come later are sent.
func (f *Flight) end(result *Stored) {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	f.remove(result)
}

func (f *Flight) remove(result *Stored) {
	if f.over {
		return
	}
	f.over, f.result = true, result
	delete(f.flights.all, f.key)
	if f.ended != nil {
		close(f.ended)
	}
	f.forget()
}

// hold reports whether n more bytes of the body may be held.
func (f *Flight) hold(n int) bool {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	if f.flights.held+n > maxHeld {
		return false
	}
	f.flights.held += n
	f.held += n
	return true
}

// leave is called once for each request that waited, when it reads the body no more.
func (f *Flight) leave() {
	f.flights.mu.Lock()
	defer f.flights.mu.Unlock()
	f.forget()
}

func (f *Flight) forget() {
	if f.users--; f.users == 0 {
		f.flights.held -= f.held
	}
}

// ErrNotShared is the error of a flight whose response cannot be shared.
var ErrNotShared = errors.New("the response to the equal request is not shared")

// Wait returns the response to the leading request. The error is ErrNotShared where the
// request has to be sent after all, or the context's. The body of the response must be
// closed.
func (f *Flight) Wait(ctx context.Context, req *http.Request) (*http.Response, error) {
	result, err := f.wait(ctx)
	if err != nil {
		f.leave()
		return nil, err
	}
	res := result.Response(req)
	res.Body = &borrowedBody{Reader: res.Body, giveBack: sync.OnceFunc(f.leave)}
	return res, nil
}

func (f *Flight) wait(ctx context.Context) (*Stored, error) {
	over, stop := f.flights.clock.After(shareWait)
	defer stop()
	select {
	case <-f.ended:
	case <-over:
		return nil, ErrNotShared
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if f.result == nil {
		return nil, ErrNotShared
	}
	return f.result, nil
}

// A borrowedBody reads a body that is held for several requests.
type borrowedBody struct {
	io.Reader
	giveBack func()
}

// Close implements [io.Closer].
func (b *borrowedBody) Close() error {
	b.giveBack()
	return nil
}

// Response returns what is stored as the response to a request.
func (s *Stored) Response(req *http.Request) *http.Response {
	return &http.Response{
		Status:        strconv.Itoa(s.Status) + " " + http.StatusText(s.Status),
		StatusCode:    s.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        s.Header.Clone(),
		Body:          io.NopCloser(bytes.NewReader(s.Body)),
		ContentLength: int64(len(s.Body)),
		Request:       req,
	}
}

// A sharedBody copies what is read from a body.
type sharedBody struct {
	io.ReadCloser
	flight *Flight

	mu     sync.Mutex
	stored *Stored // nil when it was given up
}

// Read implements [io.Reader].
func (b *sharedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stored == nil {
		return n, err
	}
	switch {
	case len(b.stored.Body)+n > maxShared, err != nil && !errors.Is(err, io.EOF), !b.flight.hold(n):
		b.finish(nil)
	default:
		b.stored.Body = append(b.stored.Body, p[:n]...)
		if err != nil {
			b.finish(b.stored)
		}
	}
	return n, err
}

func (b *sharedBody) finish(result *Stored) {
	b.stored = nil
	b.flight.end(result)
}

// Close implements [io.Closer]. A body that was not read to its end is not shared.
func (b *sharedBody) Close() error {
	err := b.ReadCloser.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stored != nil {
		b.finish(nil)
	}
	return err
}
