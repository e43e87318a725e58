// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"errors"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

// errOtherSite: the URL is for an account of another site.
var errOtherSite = errors.New("the picture is for an account of another site")

// pictureOf returns the picture that the request's URL opens. Both results are
// nil if the URL carries no signature. A URL with a signature that is wrong or
// has expired is refused: it does not fall back to what the client may do
// without one.
func (g *Guard) pictureOf(c *candidate) (*picture.Picture, *apierror.Error) {
	p, err := g.pictures.Verify(g.upstream, c.target.path, c.target.query)
	switch {
	case errors.Is(err, picture.ErrUnsigned):
		return nil, nil
	case err != nil:
		return nil, forbiddenPicture(err)
	case !g.serves(p.Account):
		return nil, forbiddenPicture(errOtherSite)
	case !reading.has(c.Method):
		return nil, methodNotAllowed(reading)
	}
	return &p, nil
}

func (g *Guard) pictureRoute(c *candidate, p *picture.Picture) *Route {
	route := g.newRoute(c, Picture)
	route.Account, route.Bound, route.Picture = p.Account, true, p
	return route
}
