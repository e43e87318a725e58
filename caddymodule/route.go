// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"

	"github.com/caddy-onenote/caddy-onenote/proxy"
)

// A route is what the handler found out about a request that the guard
// admitted, for the transport.
type route struct {
	proxy.Call

	// target is the request target as the client wrote it. The request itself
	// may not have it any more: reverse_proxy logs that.
	target string
}

// routeKey is the private key under which the handler leaves a route in the
// context of a request. Nobody else can leave one, so a request that did not
// pass a guard has no account, and without an account no token is sent.
type routeKey struct{}

// withRoute returns a context for an admitted request.
func withRoute(ctx context.Context, to *route) context.Context {
	return context.WithValue(ctx, routeKey{}, to)
}

// routeFrom returns what the handler left, or nil.
func routeFrom(ctx context.Context) *route {
	to, _ := ctx.Value(routeKey{}).(*route)
	return to
}
