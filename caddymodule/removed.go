// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// The words of earlier versions are known only to say what took their place.

func parseRemovedGuard(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next() // the directive's name
	return nil, h.Errf("onenote_guard is no directive any more: write onenote for the whole site (it guards and proxies), " +
		"or onenote_status for pages and probes on a port of their own")
}

// removedTransport stands for the transport `onenote` of `reverse_proxy`, which
// is part of the handler `onenote` now.
type removedTransport struct{}

var errRemovedTransport = errors.New("onenote is no transport of reverse_proxy any more: write the directive onenote in place of reverse_proxy; " +
	"it takes the options of reverse_proxy, and those of the transport in transport { ... }")

// CaddyModule returns the Caddy module information.
func (removedTransport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.reverse_proxy.transport.onenote",
		New: func() caddy.Module { return new(removedTransport) },
	}
}

// UnmarshalCaddyfile returns what to write instead.
func (*removedTransport) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the transport's name
	return d.WrapErr(errRemovedTransport)
}

// UnmarshalJSON returns what to write instead.
func (*removedTransport) UnmarshalJSON([]byte) error { return errRemovedTransport }

// RoundTrip implements http.RoundTripper, as the parser of reverse_proxy demands.
func (*removedTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errRemovedTransport
}

// Interface guards
var (
	_ caddyfile.Unmarshaler = (*removedTransport)(nil)
	_ http.RoundTripper     = (*removedTransport)(nil)
)
