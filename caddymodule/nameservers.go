// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
	"github.com/caddy-onenote/caddy-onenote/internal/nameserver"
	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
)

// provisionTransport provisions Caddy's HTTP transport. The DNS servers of its option
// resolvers are asked by us: Caddy asks them with Go's resolver, which reads the hosts
// file first, and there the API's name may lead to this proxy.
func provisionTransport(ctx caddy.Context, t *reverseproxy.HTTPTransport) error {
	servers, err := nameserversOf(t)
	if err != nil {
		return fmt.Errorf("resolvers: %w", err)
	}
	configured := t.Resolver
	t.Resolver = nil
	err = t.Provision(ctx)
	t.Resolver = configured
	if err != nil {
		return err
	}
	t.Transport.OnProxyConnectResponse = netfail.OnProxyConnectResponse
	if len(servers) == 0 {
		return nil
	}
	if t.Transport.DialTLSContext != nil {
		return errors.New("resolvers: proxy_protocol, and a placeholder in tls_server_name, connect past them; leave one of them out")
	}
	askOnly(t, servers)
	return nil
}

// nameserversOf returns the DNS servers of a transport; none where it has no resolvers.
func nameserversOf(t *reverseproxy.HTTPTransport) ([]nameserver.Server, error) {
	if t.Resolver == nil {
		return nil, nil
	}
	if slices.Contains(t.Versions, "3") {
		return nil, errors.New("HTTP/3 (versions 3) looks names up by itself, in the hosts file too; leave out versions, or resolvers")
	}
	var servers []nameserver.Server
	for _, text := range t.Resolver.Addresses {
		addr, err := caddy.ParseNetworkAddressWithDefaults(text, "udp", 53)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		known := slices.Contains([]string{"udp", "udp4", "udp6", "tcp", "tcp4", "tcp6"}, addr.Network)
		if !known || addr.Host == "" || addr.PortRangeSize() != 1 {
			return nil, fmt.Errorf("%q: expected the address of a DNS server, such as 1.1.1.1, 10.0.0.1:5353 or tcp/9.9.9.9", text)
		}
		servers = append(servers, nameserver.Server{Network: addr.Network, Address: addr.JoinHostPort(0)})
	}
	if len(servers) == 0 {
		return nil, errors.New("expected the addresses of DNS servers")
	}
	return servers, nil
}

// A namedDialer connects to APIs and providers, by addresses that its DNS servers name.
// The names of a proxy and of a webhook are of this network and not of the world, so they
// are looked up as the system does. The proxy itself looks up the names behind it.
type namedDialer struct {
	nameserver.Dialer
	dial    nameserver.DialFunc // Caddy's
	proxies sync.Map            // their hosts
}

// askOnly makes the DNS servers the only ones that are asked.
func askOnly(t *reverseproxy.HTTPTransport, servers []nameserver.Server) {
	d := &namedDialer{dial: t.Transport.DialContext}
	d.Dialer = nameserver.Dialer{
		Resolver:      &nameserver.Resolver{Servers: servers},
		Dial:          d.dial,
		Timeout:       time.Duration(t.DialTimeout),
		FallbackDelay: time.Duration(t.FallbackDelay),
	}
	t.Transport.DialContext = d.dialContext
	proxy := t.Transport.Proxy
	t.Transport.Proxy = func(req *http.Request) (*url.URL, error) {
		u, err := proxy(req)
		if u != nil {
			d.proxies.Store(u.Hostname(), true)
		}
		return u, err
	}
}

func (d *namedDialer) dialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(address)
	if _, known := d.proxies.Load(host); known || ctx.Value(ofThisNetwork{}) != nil {
		return d.dial(ctx, network, address)
	}
	// Within reverse_proxy Caddy's dialer connects to this, whatever it is told.
	if info, ok := reverseproxy.GetDialInfo(ctx); ok {
		ctx, network, address = told{ctx}, info.Network, info.Address
		host, _, _ = net.SplitHostPort(address)
	}
	if host == "" || loopback.Host(host) {
		return d.dial(ctx, network, address)
	}
	conn, err := d.DialContext(ctx, network, address)
	var already reverseproxy.DialError
	if err != nil && !errors.As(err, &already) {
		err = reverseproxy.NewDialError(err) // so that reverse_proxy may try again
	}
	return conn, err
}

// ofThisNetwork is the key of a value in the context of requests whose host is looked up
// as the system does.
type ofThisNetwork struct{}

// webhookTransport carries requests to webhooks.
type webhookTransport struct{ http *reverseproxy.HTTPTransport }

// RoundTrip implements http.RoundTripper.
func (t webhookTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.http.RoundTrip(req.WithContext(context.WithValue(bareContext{req.Context()}, ofThisNetwork{}, true)))
}

// told is a context in which Caddy's dialer connects to the address that it is told.
type told struct{ context.Context }

// Value implements context.Context.
func (t told) Value(key any) any {
	value := t.Context.Value(key)
	if _, ok := value.(reverseproxy.DialInfo); ok {
		return nil
	}
	return value
}

// Interface guard
var _ http.RoundTripper = webhookTransport{}
