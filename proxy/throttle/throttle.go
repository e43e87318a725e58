// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package throttle keeps an app within what an API allows: so many requests at once
// for each account, pauses when the API says so, one request for a picture that
// several clients want at the same time, and no faster than twice a second for a call
// that fails in the same way again and again.
//
// The OneNote API allows each app and user 120 requests a minute, 400 an hour and 5 at
// once, and refuses the others with a 429, mostly without saying for how long.
package throttle

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// A Throttle sends the requests of one site. It is safe for concurrent use.
type Throttle struct {
	// Clock is the clock by which requests wait.
	Clock Clock

	// Queues has the slots of each account; nil where requests do not queue.
	Queues *Queues

	// MaxWait is how long a request may wait in all for an API that throttles, before
	// the client gets the API's response. 0: no request waits.
	MaxWait time.Duration

	// Code returns the code in the body of an error response, without taking
	// anything from the body.
	Code func(res *http.Response) string

	// Throttled, if it is not nil, is told of each response that throttles.
	Throttled func(account string)

	// Flights share the pictures that are asked for at the same time; nil: they do not.
	Flights *Flights

	// Brake slows calls down that fail in a loop. All sites have the same one, so that a
	// write at any of them ends a spin of its account.
	Brake *Brake

	// Braked is called for each call that gets a stored response.
	Braked func(account string)

	pauses pauses
}

// RoundTrip sends a request of an account through next. The error is ErrFull if too
// many requests wait already, and a *PausedError if the API wants a longer pause than a
// request may wait.
//
// Where the API says that it has not executed the request, a GET or HEAD is sent again
// after the time that the API wants, or after a growing pause if it names none. Any other
// method is sent again only if the API says that it was too many requests, and if the
// body can be had again.
func (t *Throttle) RoundTrip(next http.RoundTripper, req *http.Request, account string) (*http.Response, error) {
	slots := t.Queues.slotsOf(account)
	var deadline time.Time // nobody asks for it where nobody waits
	if t.MaxWait > 0 || slots.queue != nil {
		deadline = t.Clock.Now().Add(t.MaxWait)
	}
	for try := 0; ; try++ {
		res, err := t.send(next, req, slots, deadline)
		if err != nil {
			return nil, err
		}
		cause := t.causeOf(res)
		if cause == notThrottled {
			t.pauses.end(account)
			return res, nil
		}
		if t.Throttled != nil {
			t.Throttled(account)
		}
		wait := t.waitOf(res, account, try)
		if cause == tooMany {
			slots.pause(t.Clock.Now().Add(wait))
		}
		if t.MaxWait <= 0 || t.Clock.Now().Add(wait).After(deadline) {
			setRetryAfter(res.Header, wait)
			return res, nil
		}
		again, ok := t.again(req, cause)
		if !ok {
			setRetryAfter(res.Header, wait)
			return res, nil
		}
		_ = res.Body.Close() // nobody reads it
		if err := t.sleep(req.Context(), wait); err != nil {
			return nil, err
		}
		req = again
	}
}

// send sends the request once, when there is a slot for it.
func (t *Throttle) send(next http.RoundTripper, req *http.Request, slots accountSlots, deadline time.Time) (*http.Response, error) {
	if slots.queue == nil {
		return next.RoundTrip(req)
	}
	if err := slots.queue.Take(req.Context(), deadline); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as the contract of RoundTripper demands
		}
		return nil, err
	}
	return newHeldSlot(slots.queue, t.Clock).roundTrip(next, req)
}

// A cause is why a response counts as throttling.
type cause int

const (
	notThrottled cause = iota
	tooMany            // the API says that it was too many requests: it has executed nothing
	unavailable        // the API may have executed the request
)

func (t *Throttle) causeOf(res *http.Response) cause {
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return tooMany
	case res.StatusCode < http.StatusBadRequest:
		return notThrottled
	case t.Code != nil && t.Code(res) == apierror.CodeThrottled: // it was seen with other statuses than 429
		return tooMany
	case res.StatusCode == http.StatusServiceUnavailable:
		return unavailable
	}
	return notThrottled
}

// again returns the request to send once more. It reports false where it must not be
// sent, or cannot be.
func (t *Throttle) again(req *http.Request, cause cause) (again *http.Request, ok bool) {
	safe := req.Method == http.MethodGet || req.Method == http.MethodHead
	if cause != tooMany && !safe {
		return nil, false
	}
	again = req.Clone(req.Context())
	if req.Body == nil || req.Body == http.NoBody {
		return again, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	again.Body = body
	return again, err == nil
}

// waitOf returns how long to wait before the next request. A time that is over, as by
// a clock that differs, is none: without a pause a request would be sent in a loop.
func (t *Throttle) waitOf(res *http.Response, account string, try int) time.Duration {
	now := t.Clock.Now()
	if wait, ok := retryAfter(res.Header, now); ok && wait > 0 {
		t.pauses.learn(account, wait, now)
		return wait
	}
	return t.pauses.next(account, try, now)
}

func (t *Throttle) sleep(ctx context.Context, d time.Duration) error {
	over, stop := t.Clock.After(d)
	defer stop()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// setRetryAfter says in a response when to send the request again, if it does not.
// Clients that read the field know whole seconds only.
func setRetryAfter(h http.Header, wait time.Duration) {
	if value := h.Get("Retry-After"); value != "" {
		if _, err := strconv.ParseUint(value, 10, 31); err == nil {
			return
		}
		if _, err := http.ParseTime(value); err == nil {
			return
		}
	}
	h.Set("Retry-After", apierror.RetryAfter(wait))
}
