// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"net/http"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/throttle"
)

// maxStored is the size of the largest body that the brake stores, in bytes. The API's
// errors have a few hundred.
const maxStored = 4 << 10

// sendThrottled sends a prepared request when the account may send one.
func (x *exchange) sendThrottled(out *http.Request) (*http.Response, error) {
	if x.Throttle == nil {
		return x.Next.RoundTrip(out)
	}
	return x.Throttle.RoundTrip(x.Next, out, x.Account)
}

// fullQueueRetryAfter is when to try again where too many requests wait already.
const fullQueueRetryAfter = 5 * time.Second

// refuseThrottled turns the error of a request that found no slot into a response. It
// reports false for any other error.
func (x *exchange) refuseThrottled(err error) (*http.Response, bool) {
	e := &apierror.Error{Cause: apierror.Throttled, RetryAfter: fullQueueRetryAfter}
	var paused *throttle.PausedError
	switch {
	case errors.Is(err, throttle.ErrFull):
		e.Message = "Too many requests of account " + x.Account + " are waiting for the API already. Send fewer at once, and this one again later; " +
			"how many are sent at once is set with max_concurrent in the onenote block of the Caddyfile."
	case errors.As(err, &paused):
		e.RetryAfter = paused.For
		e.Message = "The API has asked account " + x.Account + " for a pause, which is not over. Send the request again later; " +
			"how long a request waits here for the end of a pause is set with max_wait in the onenote block of the Caddyfile."
	default:
		return nil, false
	}
	return x.refuse(e), true
}

// mayBrake reports whether equal calls can be told. With a body they cannot: the next
// one may be right, and its failure would be made up.
func (x *exchange) mayBrake() bool { return x.hasBrake() && x.body == nil }

func (x *exchange) hasBrake() bool { return x.Throttle != nil && x.Throttle.Brake != nil }

// callKey says which calls are equal to this one.
func (x *exchange) callKey() throttle.CallKey {
	return throttle.CallKey{Account: x.Account, Client: x.KeyName, Upstream: x.url.Host, Method: x.in.Method, Target: x.target()}
}

// braked returns what the API has responded to the same call before, if the client
// repeats a call that fails in a loop; nil if the call is to be sent.
func (x *exchange) braked(generation uint64) *http.Response {
	if !x.mayBrake() || !x.Throttle.Brake.IsOn() {
		return nil
	}
	stored := x.Throttle.Brake.Check(x.callKey(), generation, x.Throttle.Clock.Now())
	if stored == nil {
		return nil
	}
	if x.Throttle.Braked != nil {
		x.Throttle.Braked(x.Account)
	}
	x.observe("upstream_error")
	return stored.Response(x.in)
}

// noteCall tells the brake what became of a call.
func (x *exchange) noteCall(res *http.Response) {
	if !x.hasBrake() {
		return
	}
	brake := x.Throttle.Brake
	switch res.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		if !x.mayBrake() {
			return
		}
		header := res.Header.Clone()
		code := ErrorCode(res)
		if body, whole := peekedOf(res); whole && len(body) <= maxStored {
			brake.Failed(x.callKey(), x.generation, code, &throttle.Stored{Status: res.StatusCode, Header: header, Body: body}, x.Throttle.Clock.Now())
		}
		return
	}
	if !brake.IsOn() {
		return
	}
	brake.Ended(x.callKey())
	if x.in.Method != http.MethodGet && x.in.Method != http.MethodHead && res.StatusCode < http.StatusBadRequest {
		brake.Written(x.Account)
	}
}
