// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package loopback reports whether a name, an address or a peer means this
// machine.
package loopback

import (
	"net"
	"net/netip"
	"strings"
)

// Host reports whether a host, without a port, means this machine for every
// resolver: localhost in any case of letters, with or without the dot of the
// root, or a loopback address, with or without brackets. It is false for names
// under .localhost: resolvers differ about them.
func Host(host string) bool {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return true
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		if host, ok = strings.CutSuffix(inner, "]"); !ok {
			return false
		}
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && Addr(addr)
}

// Addr reports whether an address is a loopback address. An IPv4 address may be
// mapped to IPv6 (::ffff:127.0.0.1).
func Addr(addr netip.Addr) bool { return addr.Unmap().IsLoopback() }

// Peer reports whether a [net/http.Request.RemoteAddr] is on this machine: a
// loopback address with a port, or a unix socket, whose peers net/http calls
// "@" or nothing.
func Peer(remoteAddr string) bool {
	if remoteAddr == "@" || remoteAddr == "" {
		return true
	}
	host, _, err := net.SplitHostPort(remoteAddr)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && Addr(addr)
}
