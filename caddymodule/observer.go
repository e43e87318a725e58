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
	notify  func(tokens.Event)
	begin   func(tokens.Status)

	// counts are those of the configured accounts. The map is not changed any more
	// when requests come, so they need no lock.
	counts map[string]*servedCount
}

// Refresh implements tokens.Observer.
func (o *observer) Refresh(account, result string, took time.Duration) {
	metrics.refreshes.WithLabelValues(account, result).Inc()
	metrics.refreshSeconds.WithLabelValues(account).Observe(took.Seconds())
}

// Status implements tokens.Observer.
func (o *observer) Status(s tokens.Status) {
	measureStatus(s)
	o.changes.announce()
	o.begin(s)
}

// Event implements tokens.Observer.
func (o *observer) Event(e tokens.Event) {
	data := map[string]any{"account": e.Account, "class": string(e.Class), "code": e.Code}
	if e.Name == tokens.EventStateChanged {
		data["from"], data["to"] = string(e.From), string(e.To)
	}
	o.events.add(e.Name, data)
	o.notify(e)
}

// Request implements proxy.Observer.
func (o *observer) Request(account, outcome string) {
	metrics.requests.WithLabelValues(account, outcome).Inc()
	o.counts[account].request(outcome)
}

// Retry implements proxy.Observer.
func (o *observer) Retry(account, result string) {
	metrics.retries.WithLabelValues(account, result).Inc()
	o.counts[account].retry(result)
}

// Translated implements proxy.Observer.
func (o *observer) Translated(ok bool) {
	result := "ok"
	if !ok {
		result = "refused"
	}
	metrics.translated.WithLabelValues(result).Inc()
}

// Throttled is told of each response of an API that throttles an account.
func (o *observer) Throttled(account string) {
	metrics.throttled.WithLabelValues(account).Inc()
	o.counts[account].throttle()
}

// Braked counts a request that got a stored response.
func (o *observer) Braked(account string) { metrics.braked.WithLabelValues(account).Inc() }

// Queued is told how many requests of an account wait.
func (o *observer) Queued(account string, n int) {
	metrics.queued.WithLabelValues(account).Set(float64(n))
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
