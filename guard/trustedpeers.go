// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"net/netip"
)

// trustedPeers are the networks whose clients need no key.
type trustedPeers []netip.Prefix

func newTrustedPeers(prefixes []netip.Prefix) (trustedPeers, error) {
	peers := make(trustedPeers, 0, len(prefixes))
	for _, p := range prefixes {
		if !p.IsValid() {
			return nil, fmt.Errorf("trusted_peers: not a network; write an address or a CIDR, such as 192.168.7.0/24")
		}
		// IPv4 addresses are compared as IPv4; a network written as
		// ::ffff:192.168.7.0/120 would never match.
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		peers = append(peers, p.Masked())
	}
	return peers, nil
}

func (t trustedPeers) has(addr netip.Addr) bool {
	for _, p := range t {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
