// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import "net/netip"

// A Peer is what the server around us knows of the peer that sent a request.
type Peer struct {
	// ClientIP is the client's address as the server determined it, which may
	// be by X-Forwarded-For if the server trusts the sender of that. The zero
	// Addr: not known, and the address of the connection counts.
	ClientIP netip.Addr

	// Authenticated reports that the server itself has authenticated the
	// request, for example with a password or a client certificate.
	Authenticated bool

	// Account is the account that the server has chosen for the request. It
	// counts only with Config.AccountPerRequest.
	Account string
}
