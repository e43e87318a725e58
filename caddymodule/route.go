// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"

	"github.com/caddy-onenote/caddy-onenote/proxy"
)

// routeKey is the private key under which the handler leaves, in the context
// of a request that the guard admitted, what the transport is to do with it.
// Nobody else can leave one, so a request that did not pass a guard has no
// account, and without an account no token is sent.
type routeKey struct{}

// withRoute returns a context for an admitted request.
func withRoute(ctx context.Context, c *proxy.Call) context.Context {
	return context.WithValue(ctx, routeKey{}, c)
}

// routeFrom returns what the handler left, or nil.
func routeFrom(ctx context.Context) *proxy.Call {
	c, _ := ctx.Value(routeKey{}).(*proxy.Call)
	return c
}
