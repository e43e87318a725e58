// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"net/netip"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

// A Route is what the guard knows of a request that it admits. Without a Route
// no token is attached. Do not change it: requests may share the URLs in it.
type Route struct {
	Kind Kind

	// Target is the request target that was checked, in origin form: path
	// and query, byte for byte as the client wrote them, without scheme and
	// host. Send this upstream and read nothing else of the request line;
	// net/http's URL would be a second reading of it, which no check has seen.
	Target string

	// Account is the account to use: that of the client's key or of the
	// picture's URL, else the one chosen for the request or configured. For
	// pages and probes it is empty unless Bound.
	Account string

	// Bound reports that Account is the only account that the client may use
	// and see. Otherwise it may see all.
	Bound bool

	// Base is the URL at which the client reaches the proxy, without a
	// trailing slash: rewritten links begin with it.
	Base *url.URL

	// ImageBase is the same for local pictures.
	ImageBase *url.URL

	// Picture is the picture that was asked for; nil unless Kind is Picture.
	Picture *picture.Picture

	// Remote reports that the client is not on this machine, or that this
	// cannot be known.
	Remote bool

	// Stranger reports that the client may send nothing but probes. It is told
	// yes or no about all accounts and nothing about one, and does not wait.
	Stranger bool

	// Vary names the fields of the request on which it depends who the client
	// is, for the field Vary of a response of the API. It is "*" if more than
	// fields may decide, and empty if the response is the same for everybody.
	Vary string

	// KeyName is the name of the client's key, or empty.
	KeyName string

	// ClientKey tells the client key that the client has shown from any other, without
	// telling it; empty for none.
	ClientKey string

	// SignIn is the sign-in whose tokens alone may be sent; empty for any. A key that an
	// app has got here ends with its sign-in, also while the request is under way.
	SignIn string

	// AppKey is the key of an app with which the client came in; empty for none.
	AppKey string

	// Client is the address of the client, an IPv6 address as the network that a client
	// has to itself; all clients behind a forwarder on this machine have one. Only where
	// Kind is AppSignin.
	Client netip.Prefix

	// LetsIn reports whether the key of such a grant would let the client in. Only where
	// Kind is AppSignin.
	LetsIn func(AppGrant) bool
}

func (g *Guard) newRoute(c *candidate, kind Kind) *Route {
	route := &Route{Kind: kind, Target: c.target.raw, Remote: c.client.remote}
	route.Base, route.ImageBase = g.baseURLs(c.Request)
	return route
}
