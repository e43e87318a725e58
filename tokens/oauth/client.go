// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package oauth is OAuth 2.0 on the wire, as Microsoft publishes it (articles
// 000 to 003): the requests to an identity provider, its responses, and what
// its errors mean. It knows no account state and no storage; package tokens
// decides when a request is sent and what becomes of its tokens.
//
// A [Config] says how one account signs in. A [Client] sends the requests and
// returns a [Grant] or a [Failure]. A Failure names its class (who can fix
// it) and a hint (what to do); the table of hints is in hints.go.
package oauth

import (
	"net/http"
	"sync/atomic"

	"go.uber.org/zap"
)

// Client sends the requests of one account to its identity provider. It is
// safe for concurrent use.
type Client struct {
	config Config
	http   *http.Client
	clock  Clock
	log    *zap.Logger

	skewed   atomic.Bool // the clocks differ, and a warning was logged
	expiring atomic.Bool // the client certificate expires soon, and a warning was logged
}

// NewClient returns a client for a complete configuration. Where they are nil,
// the HTTP client defaults to [NewHTTPClient] over http.DefaultTransport, the
// clock to the machine's, and the logger to none.
func NewClient(config Config, httpClient *http.Client, clock Clock, logger *zap.Logger) *Client {
	c := &Client{config: config, http: httpClient, clock: clock, log: logger}
	if c.http == nil {
		c.http = NewHTTPClient(http.DefaultTransport)
	}
	if c.clock == nil {
		c.clock = SystemClock{}
	}
	if c.log == nil {
		c.log = zap.NewNop()
	}
	return c
}

// Config returns the configuration.
func (c *Client) Config() Config { return c.config }
