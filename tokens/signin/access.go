// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"net/url"
)

// Access says how the client of a request reaches the pages and what it may do
// there. The server around the pages decides it. The zero value sees no account.
type Access struct {
	// Base is the base URL at which the client reaches us; it may have a path and
	// has no trailing slash. Nil: scheme and host of the request.
	Base *url.URL

	// All lets the client see every account.
	All bool

	// Account is the only account that the client may see, unless All is set. Where
	// no account has this name the client sees none: a name that was computed for a
	// request and turned out empty or unknown must not open the accounts of others.
	Account string

	// Remote says that the client is not a user of this machine.
	Remote bool

	// MaySignIn allows the client to sign in and out.
	MaySignIn bool
}

// Sees reports whether the client may see an account, sign in and out of it, or
// finish a sign-in of it. It is the only rule about that. For the client, an account
// that it does not see does not exist.
func (a Access) Sees(account string) bool { return a.All || a.Account == account && account != "" }

// base returns the base URL, also where Base is nil.
func (a Access) base(r *http.Request) *url.URL {
	if a.Base != nil {
		return a.Base
	}
	u := &url.URL{Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u
}
