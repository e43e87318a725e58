// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// metrics are the collectors of this module. They belong to the process and
// not to a configuration: each configuration has a registry of its own, and a
// counter made again at every reload would start from nothing. Labels hold
// configured names and words of ours, never anything from a request.
var metrics = struct {
	requests, retries, refreshes, urls, translated, throttled, braked *prometheus.CounterVec
	pages                                                             prometheus.Counter
	refreshSeconds                                                    *prometheus.HistogramVec
	tokenExpires, refreshObtained, accountState, queued               *prometheus.GaugeVec
}{
	requests: prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "requests_total",
		Help: "Requests to the API, by how they ended: ok, upstream_error, or the cause of an error response of the proxy.",
	}, []string{"account", "outcome"}),
	retries: prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "retries_total",
		Help: "Requests that the API refused with a 401, by what became of the second try: ok, still_401 or not_replayable.",
	}, []string{"account", "result"}),
	refreshes: prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "refreshes_total",
		Help: "Refreshes of access tokens, by result: ok, transient, signin_required or misconfigured.",
	}, []string{"account", "result"}),
	refreshSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "refresh_seconds",
		Help:    "How long refreshes of access tokens took.",
		Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"account"}),
	tokenExpires: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "access_token_expires_timestamp_seconds",
		Help: "When the access token ends, in seconds since 1970.",
	}, []string{"account"}),
	refreshObtained: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "refresh_token_obtained_timestamp_seconds",
		Help: "When the refresh token was obtained, in seconds since 1970.",
	}, []string{"account"}),
	accountState: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "account_state",
		Help: "The state of the account: 1 for the state it is in, 0 for the others.",
	}, []string{"account", "state"}),
	pages: prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "rewritten_pages_total",
		Help: "Pages whose pictures or links were rewritten.",
	}),
	urls: prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "rewritten_urls_total",
		Help: "URLs that were rewritten, by kind: picture, link, header or body.",
	}, []string{"kind"}),
	throttled: prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "throttled_total",
		Help: "Responses with which the API throttled an account: 429, 503, or error 20166.",
	}, []string{"account"}),
	braked: prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "braked_total",
		Help: "Requests that got the stored response of the API, because a client repeats a call that fails in a loop.",
	}, []string{"account"}),
	queued: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "queued_requests",
		Help: "Requests that wait for a slot among those that are sent to the API at once.",
	}, []string{"account"}),
	translated: prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "caddy", Subsystem: "onenote", Name: "translated_total",
		Help: "Requests of the OneNote API at sites in front of Microsoft Graph, by result: ok, or refused because Graph has nothing like it.",
	}, []string{"result"}),
}

func collectors() []prometheus.Collector {
	return []prometheus.Collector{
		metrics.requests, metrics.retries, metrics.refreshes, metrics.refreshSeconds, metrics.tokenExpires,
		metrics.refreshObtained, metrics.accountState, metrics.pages, metrics.urls,
		metrics.translated, metrics.throttled, metrics.braked, metrics.queued,
	}
}

// registerMetrics adds the collectors to the registry of a configuration. A
// second app in one configuration cannot be, but a registry may be handed to a
// configuration twice, and that is no error.
func registerMetrics(registry *prometheus.Registry) error {
	if registry == nil {
		return nil
	}
	for _, c := range collectors() {
		var already prometheus.AlreadyRegisteredError
		if err := registry.Register(c); err != nil && !errors.As(err, &already) {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}

// forgetMetrics removes the series of an account that is configured no more.
func forgetMetrics(account string) {
	series := prometheus.Labels{"account": account}
	for _, c := range collectors() {
		if vector, ok := c.(interface{ DeletePartialMatch(prometheus.Labels) int }); ok {
			vector.DeletePartialMatch(series)
		}
	}
}

// measureStatus sets the gauges of an account.
func measureStatus(s tokens.Status) {
	setTime(metrics.tokenExpires, s.Name, s.AccessTokenExpiresAt)
	setTime(metrics.refreshObtained, s.Name, s.RefreshTokenObtainedAt)
	metrics.queued.WithLabelValues(s.Name) // exists from now on
	for _, state := range tokens.States() {
		value := 0.0
		if state == s.State {
			value = 1
		}
		metrics.accountState.WithLabelValues(s.Name, string(state)).Set(value)
	}
}

// setTime sets a time, or removes it where there is none: a timestamp of zero
// would be read as 1970.
func setTime(g *prometheus.GaugeVec, account string, t *time.Time) {
	if t == nil {
		g.DeleteLabelValues(account)
		return
	}
	g.WithLabelValues(account).Set(float64(t.UnixMilli()) / 1e3)
}
