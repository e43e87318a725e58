// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
	"github.com/caddy-onenote/caddy-onenote/internal/authpath"
	"github.com/caddy-onenote/caddy-onenote/internal/percent"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// A candidate is a request that asks to be admitted, with what was read from
// it.
type candidate struct {
	*http.Request
	target   requestTarget
	endpoint endpoint
	client   clientInfo
	account  string // that the server around us has chosen
	app      appKey // that an app has got here
}

// Admit decides about a request. Exactly one of the results is nil. It reads
// the request line and the header, never the body (Config.Callback may), and
// changes the request in one way only: it removes an offer of h2c, see
// checkProtocol.
func (g *Guard) Admit(r *http.Request, peer Peer) (*Route, *apierror.Error) {
	// Whatever the host and path: requests of ours that were meant for a server of
	// Microsoft's must not be taken for those of an app.
	if g.isLoop(r.Header) {
		return nil, loopDetected()
	}
	if refusal := checkProtocol(r); refusal != nil {
		return nil, refusal
	}
	target, err := parseTarget(r)
	if err != nil {
		return nil, badPath(err)
	}
	c := candidate{Request: r, target: target, endpoint: g.endpointOf(target.path), client: g.clientInfoOf(r, peer), account: peer.Account}
	if c.endpoint.kind == Probe {
		return g.admitProbe(&c)
	}
	if g.probesOnly != nil {
		return nil, g.probesOnly
	}
	if !g.hosts.has(r.Host) {
		return nil, forbiddenHost(r.Host)
	}
	if c.endpoint.kind == 0 {
		return nil, notFound(g.paths)
	}
	if isPreflight(r) {
		return g.admitPreflight(&c)
	}
	if !c.endpoint.methods.has(r.Method) {
		return nil, methodNotAllowed(c.endpoint.methods)
	}
	if c.endpoint.kind == API && g.pictures != nil {
		pic, refusal := g.pictureOf(&c)
		if refusal != nil {
			return nil, refusal
		}
		if pic != nil {
			return g.pictureRoute(&c, pic), nil
		}
	}
	if refusal := g.checkOrigin(r, c.endpoint); refusal != nil {
		return nil, refusal
	}
	switch c.endpoint.kind {
	case AppSignin:
		return g.admitApp(&c)
	case API:
		if refusal := g.readAppKey(&c); refusal != nil {
			return nil, refusal
		}
	}
	return g.admitClient(&c)
}

// KindOf returns what a request is for by its path alone, whoever sends it: API, Page,
// Probe or AppSignin. It is zero if there is nothing at the path, or if the path may not be sent.
func (g *Guard) KindOf(r *http.Request) Kind {
	target, err := parseTarget(r)
	if err != nil {
		return 0
	}
	return g.endpointOf(target.path).kind
}

// MayBeAPI reports whether somebody could read the target of a request as a path of the
// API, also one that may not be sent.
func (g *Guard) MayBeAPI(r *http.Request) bool {
	text := r.RequestURI
	for range percent.MaxDecodings {
		text = percent.Decode(text)
	}
	text = strings.ReplaceAll(text, `\`, "/")
	return slices.ContainsFunc(g.paths, func(prefix string) bool { return ascii.ContainsFold(text, prefix) })
}

// admitProbe lets everybody ask whether the proxy is alive and ready. A client
// that would not be admitted to a page is a stranger, also a page that got here
// by DNS rebinding.
func (g *Guard) admitProbe(c *candidate) (*Route, *apierror.Error) {
	if !c.endpoint.methods.has(c.Method) {
		return nil, methodNotAllowed(c.endpoint.methods)
	}
	route := g.newRoute(c, Probe)
	route.Stranger = g.probesOnly != nil || !g.hosts.has(c.Host) ||
		g.checkOrigin(c.Request, c.endpoint) != nil || g.identify(c, route) != nil
	return route, nil
}

func (g *Guard) admitPreflight(c *candidate) (*Route, *apierror.Error) {
	if refusal := g.checkOrigin(c.Request, endpoint{}); refusal != nil {
		return nil, refusal
	}
	return g.newRoute(c, Preflight), nil
}

// admitClient decides by who the client is and by its account, the last checks
// of all.
func (g *Guard) admitClient(c *candidate) (*Route, *apierror.Error) {
	route := g.newRoute(c, c.endpoint.kind)
	endsSignIn := g.endsSignIn(c)
	if route.Kind == Page && route.Remote && c.Method == http.MethodPost && !g.allowRemoteSignin && !endsSignIn {
		return nil, remoteSignin()
	}
	if refusal := g.identify(c, route); refusal != nil {
		if endsSignIn {
			return g.admitCallback(c, route)
		}
		return nil, refusal
	}
	if account := c.endpoint.account; account != "" && route.Bound && account != route.Account {
		return nil, otherAccount(account)
	}
	if route.Kind == API {
		route.Vary = g.varyOf(c.client)
	}
	return route, nil
}

// identify finds out which client it is and which account it may use and see,
// and notes both in the route. It refuses a client that may not come in.
func (g *Guard) identify(c *candidate, route *Route) *apierror.Error {
	key, refusal := g.authenticateUnlessApp(c, route)
	if refusal != nil {
		return refusal
	}
	if key != nil {
		route.KeyName, route.ClientKey = key.name, key.id()
	}
	g.setAccount(c, route, key)
	if c.app.given {
		if refusal := c.app.bind(route); refusal != nil {
			return refusal
		}
	}
	switch {
	case !route.Bound || g.serves(route.Account):
		return nil
	case c.app.given:
		return otherSite(route.Account)
	}
	return unknownAccount()
}

// endsSignIn reports whether the request is the provider's response to a
// sign-in attempt that is under way. Clients that are admitted in any case are
// not asked: that would read the body.
func (g *Guard) endsSignIn(c *candidate) bool {
	return c.endpoint.action == authpath.CallbackAction && g.callback != nil &&
		(c.client.remote || len(g.keys) > 0) && g.callback(c.Request)
}

// admitCallback admits the end of a sign-in of a client that has shown nothing
// else: the browser comes from the identity provider and has no key. The state
// is of the account in the path, so the client sees that account. It may not be
// another one than the account that the server around us has chosen.
func (g *Guard) admitCallback(c *candidate, route *Route) (*Route, *apierror.Error) {
	route.Account, route.Bound = c.endpoint.account, true
	if g.accountPerRequest && c.account != route.Account {
		return nil, otherAccount(route.Account)
	}
	return route, nil
}
