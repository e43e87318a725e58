// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// identityTransport carries requests to the identity provider with Caddy's own
// HTTP transport, so that its options (proxy, trusted CA, timeouts) mean there
// what they mean for the API. It marks them as ours, as those to the API are marked: a
// provider's name that leads back to this proxy would lead them to where apps sign in.
type identityTransport struct {
	next http.RoundTripper
	pool *http.Transport // has the connections
	loop string          // our cdn-id (RFC 8586)
}

// provisionIdentity prepares the client that asks for tokens.
func (a *App) provisionIdentity(ctx caddy.Context) error {
	if a.Transport == nil {
		a.Transport = new(reverseproxy.HTTPTransport)
	}
	if a.Transport.TLS != nil && a.Transport.TLS.InsecureSkipVerify {
		return errors.New("tls_insecure_skip_verify: anybody could pose as the identity provider and take the tokens; " +
			"write tls_trust_pool with the certificate authority to trust")
	}
	a.viaProxy = usesNetworkProxy(a.Transport)
	if err := provisionTransport(ctx, a.Transport); err != nil {
		return fmt.Errorf("transport: %w", err)
	}
	keepOnThisMachine(a.Transport.Transport)
	a.identity = oauth.NewHTTPClient(identityTransport{loopWatch{a.Transport}, a.Transport.Transport, a.loop})
	return nil
}

// checkEndpoints refuses options of the transport under which secrets and tokens
// of an account would not go to its provider alone.
func (a *App) checkEndpoints(c oauth.Config) error {
	for _, endpoint := range requestedEndpoints(c) {
		u, err := url.Parse(endpoint)
		local := err == nil && loopback.Host(u.Hostname())
		if local && a.viaProxy {
			return fmt.Errorf("account %s: network_proxy: %s is on this machine, and the proxy would look for it on its own; "+
				"write network_proxy none in the transport block of the global option onenote", c.Name, endpoint)
		}
		if !local && a.Transport.TLS != nil && a.Transport.TLS.ServerName != "" {
			return fmt.Errorf("account %s: tls_server_name: the certificate of another host would do for the identity provider, "+
				"and that host could take the tokens; leave it out of the transport block of the global option onenote", c.Name)
		}
	}
	return nil
}

// requestedEndpoints returns the endpoints to which this process, and not a
// browser, sends requests. The published ones of Microsoft are one empty string.
func requestedEndpoints(c oauth.Config) []string {
	if c.Provider != oauth.Custom {
		return []string{c.Authority}
	}
	if c.DeviceURL == "" {
		return []string{c.TokenURL}
	}
	return []string{c.TokenURL, c.DeviceURL}
}

// RoundTrip sends req with a context that ends when its own does but holds
// nothing. A refresh may run inside a proxied request, whose context tells
// Caddy's dialer to connect to the API's address whatever the URL says. Only the trace
// stays, by which the client sees whether a connection was stale.
func (t identityTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	var ctx context.Context = bareContext{req.Context()}
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
		ctx = httptrace.WithClientTrace(ctx, trace)
	}
	req = req.WithContext(ctx)
	req.Header = req.Header.Clone()
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	req.Header.Set("CDN-Loop", t.loop)
	return t.next.RoundTrip(req)
}

// CloseIdleConnections is called where one of them was stale.
func (t identityTransport) CloseIdleConnections() { t.pool.CloseIdleConnections() }

// bareContext is a context without its values.
type bareContext struct{ context.Context }

// Value implements context.Context.
func (bareContext) Value(any) any { return nil }

// Interface guard
var _ http.RoundTripper = identityTransport{}
