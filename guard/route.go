// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

// A Kind is what an admitted request is to become.
type Kind int

const (
	// API: to be sent upstream with the account's token.
	API Kind = iota + 1

	// Page: one of ours, under / and /auth/.
	Page

	// Probe: /healthz or /readyz.
	Probe

	// Preflight: to be answered with ServePreflight and never sent upstream.
	Preflight

	// Picture: a local picture, to be fetched with the token of the account
	// for which its URL was signed. The caller has shown nothing else.
	Picture
)

// String returns the name of the kind, for logs.
func (k Kind) String() string {
	switch k {
	case API:
		return "api"
	case Page:
		return "page"
	case Probe:
		return "probe"
	case Preflight:
		return "preflight"
	case Picture:
		return "picture"
	}
	return "none"
}

// A Route is what the guard found out about a request that it admits. Without
// one there is no token. It is not to be changed: the addresses may be shared
// by all requests.
type Route struct {
	Kind Kind

	// Account is the account to use: that of the caller's key or the
	// picture's URL, else that of the configuration for API. For pages it is
	// the only account that the caller may see, or empty for all.
	Account string

	// Bound reports that Account was settled by the caller's key or by the
	// picture's signature: nothing else may choose another.
	Bound bool

	// Base is where the caller reaches the proxy, without a trailing slash:
	// rewritten links begin with it.
	Base *url.URL

	// ImageBase is the same for local pictures.
	ImageBase *url.URL

	// Picture is the picture whose URL was asked for; nil but for Picture.
	Picture *picture.Picture

	// Remote reports that the caller is not on this machine, or that nobody
	// can tell. A probe also says it of callers that it alone lets in.
	Remote bool

	// Client is the name of the caller's key, or empty.
	Client string
}

func (g *Guard) newRoute(r *http.Request, c caller, kind Kind) *Route {
	route := &Route{Kind: kind, Remote: c.remote}
	route.Base, route.ImageBase = g.bases(r)
	return route
}

// pictureOf returns the picture that the request's URL opens. Both results are
// nil where the URL is not one of a local picture. Once it is, it is that or
// nothing: a URL that was changed or has expired does not fall back to what
// the caller may do otherwise.
func (g *Guard) pictureOf(r *http.Request, t target) (*picture.Picture, *answer.Answer) {
	p, err := g.pictures.Verify(g.upstream, t.path, t.query)
	switch {
	case errors.Is(err, picture.ErrUnsigned):
		return nil, nil
	case err != nil:
		return nil, forbiddenPicture(err)
	case !reading.has(r.Method):
		return nil, methodNotAllowed(reading)
	}
	return &p, nil
}

func (g *Guard) pictureRoute(r *http.Request, c caller, p *picture.Picture) *Route {
	route := g.newRoute(r, c, Picture)
	route.Account, route.Bound, route.Picture = p.Account, true, p
	return route
}
