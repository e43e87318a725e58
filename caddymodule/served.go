// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// A servedCount counts what was served for an account, for its owner to see: metrics
// have more, but people at a desktop have no Prometheus. It outlives a configuration.
// Counting is an atomic addition.
type servedCount struct {
	since                                          time.Time
	requests, failed, pictures, retries, throttled atomic.Uint64
}

// Destruct implements caddy.Destructor.
func (*servedCount) Destruct() error { return nil }

// request counts a request by its outcome. Methods of a nil servedCount do nothing:
// it is that of no account.
func (c *servedCount) request(outcome string) {
	switch {
	case c == nil:
	case outcome == "ok" || outcome == "upstream_error":
		c.requests.Add(1)
	case outcome == string(apierror.Throttled):
		c.throttled.Add(1)
	default:
		c.failed.Add(1)
	}
}

func (c *servedCount) retry(result string) {
	if c != nil && result != "not_replayable" {
		c.retries.Add(1)
	}
}

// response counts a response that is a picture. Pictures that clients load from the
// API itself do not come by here.
func (c *servedCount) response(h http.Header) {
	if c != nil && strings.HasPrefix(h.Get("Content-Type"), "image/") {
		c.pictures.Add(1)
	}
}

// throttle counts a response of the API that says there were too many requests.
func (c *servedCount) throttle() {
	if c != nil {
		c.throttled.Add(1)
	}
}

// served returns what the pages show.
func (c *servedCount) served() signin.Served {
	if c == nil {
		return signin.Served{}
	}
	return signin.Served{
		Since:     c.since,
		Requests:  c.requests.Load(),
		Failed:    c.failed.Load(),
		Pictures:  c.pictures.Load(),
		Retries:   c.retries.Load(),
		Throttled: c.throttled.Load(),
	}
}
