// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
)

// usesNetworkProxy reports whether the options of a transport name a proxy. It is
// asked before the transport is provisioned, which forgets it.
func usesNetworkProxy(t *reverseproxy.HTTPTransport) bool {
	if t.ForwardProxyURL != "" {
		return true
	}
	var proxy struct {
		From string `json:"from"`
	}
	if len(t.NetworkProxyRaw) == 0 {
		return false
	}
	return json.Unmarshal(t.NetworkProxyRaw, &proxy) != nil || proxy.From != "none"
}

// keepOnThisMachine makes sure that requests to loopback hosts, which may be
// plain http, stay on this machine: no proxy gets them, also none that is named
// in the environment, and a name such as localhost leads nowhere else.
func keepOnThisMachine(t *http.Transport) {
	if proxy := t.Proxy; proxy != nil {
		t.Proxy = func(req *http.Request) (*url.URL, error) {
			if loopback.Host(req.URL.Hostname()) {
				return nil, nil //nolint:nilnil // to http.Transport this means no proxy
			}
			return proxy(req)
		}
	}
	dial := t.DialContext
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		host, _, _ := net.SplitHostPort(address) // empty on error, and then not loopback
		if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok && loopback.Host(host) && !tcp.IP.IsLoopback() {
			conn.Close()
			return nil, fmt.Errorf("%s leads to %s, which is not this machine", host, tcp.IP)
		}
		return conn, nil
	}
}
