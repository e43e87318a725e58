// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"net/url"
)

// Visitor is what the server around the pages knows of whoever asks.
type Visitor struct {
	// Base is our base as this visitor reaches us; it may have a path and has
	// no trailing slash. Nil: scheme and host of the request.
	Base *url.URL

	// Account is the only account the visitor may see; empty: all.
	Account string

	// Remote says that the visitor is not a user of this machine.
	Remote bool

	// MaySignIn lets the visitor begin and end sign-ins.
	MaySignIn bool
}

// base returns our base, whoever filled it in.
func (v Visitor) base(r *http.Request) *url.URL {
	if v.Base != nil {
		return v.Base
	}
	u := &url.URL{Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u
}
