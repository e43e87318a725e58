// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// observer turns what accounts and requests do into metrics and events.
type observer struct {
	events  *eventQueue
	changes *changes
}

// Renewal implements tokens.Observer.
func (o *observer) Renewal(account, result string, took time.Duration) {
	metrics.renewals.WithLabelValues(account, result).Inc()
	metrics.renewalSeconds.WithLabelValues(account).Observe(took.Seconds())
}

// Tokens implements tokens.Observer.
func (o *observer) Tokens(account string, s tokens.Status) {
	measureTokens(account, s)
	o.changes.announce()
}

// Event implements tokens.Observer.
func (o *observer) Event(name, account string, class tokens.Class, code string) {
	o.events.add(name, map[string]any{"account": account, "class": string(class), "code": code})
}

// Request implements proxy.Observer.
func (o *observer) Request(account, outcome string) {
	metrics.requests.WithLabelValues(account, outcome).Inc()
}

// Retry implements proxy.Observer.
func (o *observer) Retry(account, result string) {
	metrics.retries.WithLabelValues(account, result).Inc()
}

// Rewritten implements proxy.Observer.
func (o *observer) Rewritten(pictures, links, headers, bodies int) {
	if pictures+links > 0 {
		metrics.pages.Inc()
	}
	metrics.urls.WithLabelValues("picture").Add(float64(pictures))
	metrics.urls.WithLabelValues("link").Add(float64(links))
	metrics.urls.WithLabelValues("header").Add(float64(headers))
	metrics.urls.WithLabelValues("body").Add(float64(bodies))
}

// Interface guards
var (
	_ tokens.Observer = (*observer)(nil)
	_ proxy.Observer  = (*observer)(nil)
)
