// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"strconv"
	"time"
)

// Served is what a server has done for an account since it began to count. People see
// by it that their apps get through.
type Served struct {
	// Since is when the counting began; zero where nothing is counted.
	Since time.Time

	// Requests got a response of the API, Failed one of ours in its place.
	Requests, Failed uint64

	// Pictures are the responses that were one.
	Pictures uint64

	// Retries are requests that were sent again with a fresh token.
	Retries uint64

	// Throttled are requests that had to wait, or were refused, for too many.
	Throttled uint64
}

// An API is what the pages say of the API that a site is in front of.
type API struct {
	// Addresses are scheme and host of the APIs whose place the site takes for apps.
	Addresses []string

	// Sample is the path of a request to try.
	Sample string

	// Keyed says that clients need a key.
	Keyed bool
}

// servedView is Served as the page shows it.
type servedView struct {
	Since  instant
	Counts []countView
}

// countView is a number and what was counted.
type countView struct{ Number, Unit string }

// servedView returns nil where nothing is counted.
func (p *Pages) servedView(account string) *servedView {
	if p.Served == nil {
		return nil
	}
	s := p.Served(account)
	if s.Since.IsZero() {
		return nil
	}
	v := &servedView{Since: p.instant(&s.Since)}
	if s == (Served{Since: s.Since}) {
		return v
	}
	add := func(n uint64, one, many string) {
		if n == 1 {
			many = one
		}
		v.Counts = append(v.Counts, countView{grouped(n), many})
	}
	add(s.Requests, "request", "requests")
	// What did not happen is not worth a number.
	if s.Pictures > 0 {
		add(s.Pictures, "picture", "pictures")
	}
	if s.Retries > 0 {
		add(s.Retries, "retry", "retries")
	}
	if s.Throttled > 0 {
		add(s.Throttled, "throttled", "throttled")
	}
	if s.Failed > 0 {
		add(s.Failed, "failed", "failed")
	}
	return v
}

// grouped writes a number with a comma after each three digits.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
