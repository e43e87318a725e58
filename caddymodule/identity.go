// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// identityTransport carries requests to the identity provider with Caddy's own
// HTTP transport, so that its options (proxy, trusted CA, timeouts) mean there
// what they mean for the API.
type identityTransport struct{ http *reverseproxy.HTTPTransport }

// provisionIdentity prepares the client that asks for tokens.
func (a *App) provisionIdentity(ctx caddy.Context) error {
	if a.Transport == nil {
		a.Transport = new(reverseproxy.HTTPTransport)
	}
	if a.Transport.TLS != nil && a.Transport.TLS.InsecureSkipVerify {
		return errors.New("tls_insecure_skip_verify: anybody could pose as the identity provider and take the tokens; " +
			"write tls_trust_pool with the certificate authority to trust")
	}
	if err := a.Transport.Provision(ctx); err != nil {
		return fmt.Errorf("transport: %w", err)
	}
	a.identity = tokens.NewClient(identityTransport{a.Transport})
	return nil
}

// RoundTrip sends req with a context that ends when its own does but holds
// nothing. A renewal may run inside a proxied request, whose context tells
// Caddy's dialer to connect to the API's address whatever the URL says.
func (t identityTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.http.RoundTrip(req.WithContext(bareContext{req.Context()}))
}

// bareContext is a context without its values.
type bareContext struct{ context.Context }

// Value implements context.Context.
func (bareContext) Value(any) any { return nil }

// Interface guard
var _ http.RoundTripper = identityTransport{}
