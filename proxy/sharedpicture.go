// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/throttle"
)

// runShared is run for a picture: of several requests for the same one at the same
// time, one is sent. A page that a browser shows in two windows costs its pictures once.
func (x *exchange) runShared(key throttle.FlightKey) (*http.Response, error) {
	flight, leads := x.Throttle.Flights.Join(key)
	if !leads {
		res, err := flight.Wait(x.in.Context(), x.in)
		if errors.Is(err, throttle.ErrNotShared) {
			return x.runAlone()
		}
		x.closeBody()
		if err == nil {
			x.noteShared(res)
		}
		return res, err
	}
	res, err := x.leadAlone(flight)
	if err != nil {
		return nil, err
	}
	flight.Lead(res)
	return res, nil
}

// leadAlone is runAlone, which ends the flight unless it returns a response: a flight
// that a panic left behind would make every later request wait.
func (x *exchange) leadAlone(flight *throttle.Flight) (res *http.Response, err error) {
	defer func() {
		if res == nil {
			flight.Fail()
		}
	}()
	return x.runAlone()
}

// noteShared counts a request that got the response to another one.
func (x *exchange) noteShared(res *http.Response) {
	if res.StatusCode >= http.StatusBadRequest {
		x.observe("upstream_error")
		return
	}
	x.observe("ok")
}

// sharedKey returns under which key the response to the request is shared. It reports
// false for what is no whole picture.
func (x *exchange) sharedKey() (key throttle.FlightKey, ok bool) {
	if x.Throttle == nil || x.Throttle.Flights == nil || x.in.Method != http.MethodGet {
		return key, false
	}
	target := x.target()
	path, _, _ := strings.Cut(target, "?")
	if !api.NamesResource(path) {
		return key, false
	}
	h := x.in.Header
	for _, name := range [...]string{"Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"} {
		if _, conditional := h[name]; conditional {
			return key, false
		}
	}
	key = throttle.FlightKey{Account: x.Account, Target: target, Accept: h.Get("Accept"), AcceptEncoding: h.Get("Accept-Encoding"), Vary: x.Vary}
	if x.Base != nil {
		key.Scheme, key.Host, key.Path = x.Base.Scheme, x.Base.Host, x.Base.Path
	}
	return key, true
}
