// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"reflect"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// warnOfClientAddress warns of a server that lets clients choose the address by
// which the site knows them. trusted_peers admits by that address, and wrong keys
// are counted by it.
func (s *site) warnOfClientAddress(ctx caddy.Context, a *Access) {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok || !letsClientsChooseAddress(server) {
		return
	}
	option := "trusted_peers"
	if len(a.TrustedPeers) == 0 {
		option = "client_key"
	}
	if len(a.TrustedPeers) == 0 && len(a.ClientKeys) == 0 {
		return
	}
	s.app.warn(option + " uses the client's address, but the server has trusted_proxies without trusted_proxies_strict: " +
		"Caddy then takes the left-most address in X-Forwarded-For, which the client writes itself; add trusted_proxies_strict")
}

// letsClientsChooseAddress reports whether the server takes the left-most address
// in X-Forwarded-For. Proxies append to that field what they know of the client.
func letsClientsChooseAddress(server *caddyhttp.Server) bool {
	if server.TrustedProxiesStrict > 0 || !hasTrustedProxies(server) {
		return false
	}
	return slices.ContainsFunc(server.ClientIPHeaders, func(name string) bool { return strings.EqualFold(name, "X-Forwarded-For") })
}

// hasTrustedProxies reports whether the server trusts any proxy. When handlers
// are provisioned, Caddy has replaced the option by a module that it keeps to
// itself.
func hasTrustedProxies(server *caddyhttp.Server) bool {
	if server.TrustedProxiesUnix || len(server.TrustedProxiesRaw) > 0 {
		return true
	}
	source := reflect.ValueOf(server).Elem().FieldByName("trustedProxies")
	return source.IsValid() && source.Kind() == reflect.Interface && !source.IsNil()
}
