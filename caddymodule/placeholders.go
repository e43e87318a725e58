// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// placeholder resolves the placeholders of a request when they are asked for.
// reverse_proxy, where the request goes through it, sets its own before.
func (x *apiRequest) placeholder(key string) (any, bool) {
	if name, ok := strings.CutPrefix(key, "http.onenote."); ok {
		return x.ownPlaceholder(name)
	}
	if name, ok := strings.CutPrefix(key, "http.reverse_proxy."); ok && x.h.ReverseProxy == nil {
		return x.proxyPlaceholder(name)
	}
	return nil, false
}

func (x *apiRequest) ownPlaceholder(name string) (any, bool) {
	switch name {
	case "account":
		return x.call.Account, true
	case "retried":
		return x.trace.Retried, true
	case "rewritten":
		return x.trace.Pictures + x.trace.Links + x.trace.Headers + x.trace.Body, true
	}
	return nil, false
}

// proxyPlaceholder resolves what the documentation of reverse_proxy lists, but
// for load balancing, which there is none.
func (x *apiRequest) proxyPlaceholder(name string) (any, bool) {
	switch name {
	case "upstream.address":
		return "tcp/" + x.h.upstream.dial(), true
	case "upstream.hostport":
		return x.h.upstream.dial(), true
	case "upstream.host":
		return x.h.upstream.url.Hostname(), true
	case "upstream.port":
		return x.h.upstream.port(), true
	case "upstream.latency":
		return x.times.latency, x.status != 0
	case "upstream.latency_ms":
		return milliseconds(x.times.latency), x.status != 0
	case "upstream.duration", "duration":
		return x.times.total(), !x.times.end.IsZero()
	case "upstream.duration_ms", "duration_ms":
		return milliseconds(x.times.total()), !x.times.end.IsZero()
	case "retries":
		return 0, !x.times.end.IsZero()
	case "status_code":
		return x.status, x.status != 0
	case "status_text":
		return strconv.Itoa(x.status) + " " + http.StatusText(x.status), x.status != 0
	}
	if field, ok := strings.CutPrefix(name, "header."); ok {
		values, ok := x.header[http.CanonicalHeaderKey(field)]
		return strings.Join(values, ","), ok
	}
	return nil, false
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }

// requestTimes are what the placeholders of reverse_proxy tell of time.
type requestTimes struct {
	begin, end time.Time     // of all of it
	latency    time.Duration // until the header of the response came
}

func (t requestTimes) total() time.Duration { return t.end.Sub(t.begin) }
