// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"net/http"
	"net/netip"

	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
)

// A clientInfo is what a request shows of the client that sent it.
type clientInfo struct {
	// addr is the client's address without zone, IPv4 addresses as IPv4; the
	// zero Addr on a unix socket.
	addr netip.Addr

	// remote reports that the client is not local. Local is a unix socket or
	// a loopback connection without a forwarder: a proxy on this machine
	// sends requests for any client that reaches it.
	remote bool

	// forwarded reports that a proxy in between says that it is there.
	forwarded bool

	// known reports that the client needs no key in any case.
	known bool
}

func (g *Guard) clientInfoOf(r *http.Request, peer Peer) clientInfo {
	var c clientInfo
	local := r.RemoteAddr == "@" // what net/http writes for a unix socket
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.addr = plain(ap.Addr())
		local = loopback.Addr(c.addr)
	}
	if peer.ClientIP.IsValid() {
		c.addr = plain(peer.ClientIP)
		local = local && loopback.Addr(c.addr)
	}
	c.forwarded = isForwarded(r.Header)
	c.remote = !local || c.forwarded
	c.known = peer.Authenticated || g.trusts(c)
	return c
}

// trusts reports whether the client's address is one of the trusted peers. The
// loopback address of a request that was forwarded is the forwarder's: it says
// nothing about the client.
func (g *Guard) trusts(c clientInfo) bool {
	return g.trusted.has(c.addr) && !(c.forwarded && loopback.Addr(c.addr))
}

// limited returns the address under which wrong keys are counted. Clients behind
// a forwarder on this machine count under an address of their own: their guesses
// must not lock out local clients.
func (c clientInfo) limited() netip.Addr {
	if c.forwarded && (loopback.Addr(c.addr) || !c.addr.IsValid()) {
		return netip.IPv4Unspecified()
	}
	return c.addr
}

// network returns the client's address, as limited does, for sharing something out. Who has
// an IPv6 address has 2^64 of them.
func (c clientInfo) network() netip.Prefix {
	addr := c.limited()
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // it fails for no number of bits that an address has
	return p
}

// needsKey reports whether the client is admitted with a key only. A forwarder
// that adds no header field cannot be told from a local client. So if the site
// has keys, local clients need one as well.
func (g *Guard) needsKey(c clientInfo) bool {
	return !c.known && (c.remote || len(g.keys) > 0)
}

// plain returns the address in the one form in which addresses are compared.
func plain(a netip.Addr) netip.Addr {
	return a.WithZone("").Unmap()
}
