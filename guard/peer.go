// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// A Peer is what the server around us knows of the caller.
type Peer struct {
	// ClientIP is the caller's address as the server determined it, from
	// X-Forwarded-For too where the server trusts who sent that. The zero
	// Addr: not known, and the address of the connection counts.
	ClientIP netip.Addr

	// Authenticated reports that the server itself has authenticated the
	// request, by basic_auth or a client certificate, say.
	Authenticated bool
}

// A caller is where a request comes from.
type caller struct {
	// addr is the caller's address without zone, IPv4 as such; the zero Addr
	// on a unix socket.
	addr netip.Addr

	// remote reports that the caller is not local. Local is a unix socket or
	// a loopback connection, and on both nobody in between: a proxy on this
	// machine speaks for anybody.
	remote bool

	// forwarded reports that a proxy is in between, by its own word.
	forwarded bool

	// known reports that a remote caller needs no key.
	known bool
}

func (g *Guard) callerOf(r *http.Request, peer Peer) caller {
	var c caller
	local := r.RemoteAddr == "@" // what net/http writes for a unix socket
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.addr = plain(ap.Addr())
		local = c.addr.IsLoopback()
	}
	if peer.ClientIP.IsValid() {
		c.addr = plain(peer.ClientIP)
		local = local && c.addr.IsLoopback()
	}
	c.forwarded = isForwarded(r.Header)
	c.remote = !local || c.forwarded
	c.known = peer.Authenticated || g.trusted.has(c.addr)
	return c
}

// plain returns the address in the one form in which addresses are compared.
func plain(a netip.Addr) netip.Addr {
	return a.WithZone("").Unmap()
}

// isForwarded reports whether a proxy says that it sent the request: Forwarded
// (RFC 7239), X-Forwarded-*, X-Real-IP or Via (RFC 9110 §7.6.3). What they
// say does not matter, and whether they are empty neither.
func isForwarded(h http.Header) bool {
	for name := range h {
		if isForwardingField(name) {
			return true
		}
	}
	return false
}

// isForwardingField takes an underscore for a hyphen, as CGI does: either
// spelling is a proxy's.
func isForwardingField(name string) bool {
	if len(name) < len("Via") || !strings.ContainsRune("FVXfvx", rune(name[0])) {
		return false
	}
	name = strings.ReplaceAll(name, "_", "-")
	const prefix = "X-Forwarded-"
	return strings.EqualFold(name, "Forwarded") ||
		strings.EqualFold(name, "Via") ||
		strings.EqualFold(name, "X-Real-Ip") ||
		len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// A peerSet holds the networks whose callers need no key.
type peerSet []netip.Prefix

func newPeerSet(prefixes []netip.Prefix) (peerSet, error) {
	peers := make(peerSet, 0, len(prefixes))
	for _, p := range prefixes {
		if !p.IsValid() {
			return nil, fmt.Errorf("trusted_peers: not a network; write an address or a CIDR, such as 192.168.7.0/24")
		}
		// Addresses are compared as IPv4 where they are; a network written as
		// ::ffff:192.168.7.0/120 would never match.
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		peers = append(peers, p.Masked())
	}
	return peers, nil
}

func (peers peerSet) has(addr netip.Addr) bool {
	for _, p := range peers {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
