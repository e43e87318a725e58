// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
	"github.com/caddy-onenote/caddy-onenote/internal/rawquery"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// AppKeys knows the keys that apps get which sign in by themselves.
type AppKeys interface {
	// Has reports whether a text is such a key, dead or alive, by its form alone.
	Has(text string) bool

	// Check returns what a key opens, or why it opens nothing.
	Check(ctx context.Context, key string) (AppGrant, *apierror.Error)
}

// An AppGrant is what an app has been granted that has signed in by itself.
type AppGrant struct {
	// Account is the account that its key opens, SignIn the sign-in to it: no token of
	// another one may be sent.
	Account, SignIn string

	// ClientKey is Route.ClientKey of the person who let the app sign in.
	ClientKey string
}

// appKeyName is the name of such keys in Route.KeyName.
const appKeyName = "app_signin"

// An appKey is what a request has shown of the keys of apps.
type appKey struct {
	AppGrant
	given bool
	key   string
}

// readAppKey looks for keys of apps in the request. One that opens nothing is refused with
// a 401 wherever it stands, and also if no key is asked for: the app then gets a new one.
func (g *Guard) readAppKey(c *candidate) *apierror.Error {
	if g.appKeys == nil {
		return nil
	}
	for _, text := range appKeyCandidates(c) {
		if !g.appKeys.Has(text) {
			continue
		}
		grant, refusal := g.appKeys.Check(c.Context(), text)
		if refusal != nil {
			return refusal
		}
		if c.app.given && (c.app.Account != grant.Account || c.app.SignIn != grant.SignIn) {
			return otherAccount(grant.Account)
		}
		c.app = appKey{grant, true, text}
	}
	return nil
}

// appKeyCandidates returns where apps put what they take for a token of Microsoft: into
// Authorization, into the query, or where this proxy has told them to.
func appKeyCandidates(c *candidate) []string {
	var all []string
	for _, value := range c.Header[KeyHeader] {
		all = append(all, strings.TrimSpace(value))
	}
	for _, value := range c.Header["Authorization"] {
		all = append(all, secretOf(value))
	}
	_, query, _ := strings.Cut(c.target.raw, "?")
	return append(all, rawquery.AccessTokens(query)...)
}

// authenticateUnlessApp is authenticate, unless the key of an app has done that. A client
// key in a field of its own is checked all the same.
func (g *Guard) authenticateUnlessApp(c *candidate, route *Route) (*hashedKey, *apierror.Error) {
	switch {
	case !c.app.given || g.hasOwnKey(c.Header):
		return g.authenticate(c.Header, c.client, route.Kind)
	case !g.letsIn(c.client, c.app.AppGrant):
		return nil, grantedElsewhere()
	}
	return nil, nil
}

// letsIn reports whether a grant lets a client in. Where the site has client keys, the
// person who let the app sign in has shown one of them, which is still one and may still
// use the account. A site that asks nobody for a key hands out keys to anybody on this
// machine: they do not open the sites that ask.
func (g *Guard) letsIn(c clientInfo, grant AppGrant) bool {
	return !g.needsKey(c) || len(g.keys) == 0 || g.keys.letIn(grant.ClientKey, grant.Account)
}

// hasOwnKey reports whether KeyHeader holds something that is no key of an app.
func (g *Guard) hasOwnKey(h http.Header) bool {
	values := h[KeyHeader]
	return len(values) > 0 && !(len(values) == 1 && g.appKeys.Has(strings.TrimSpace(values[0])))
}

// bind binds the request to the account of the key, as a client key does. The client may
// have shown a client key that is bound to another account: then it is refused.
func (k appKey) bind(route *Route) *apierror.Error {
	if route.KeyName != "" && route.Bound && route.Account != k.Account {
		return otherAccount(k.Account)
	}
	if route.KeyName == "" {
		route.KeyName = appKeyName
	}
	route.Account, route.Bound, route.SignIn, route.AppKey = k.Account, true, k.SignIn, k.key
	return nil
}

// admitApp admits a request with which an app signs in. Only where a browser comes with a
// person is a client key asked for: the app itself has none, and uses Authorization for
// its own secret.
func (g *Guard) admitApp(c *candidate) (*Route, *apierror.Error) {
	route := g.newRoute(c, AppSignin)
	route.Client = c.client.network()
	if route.Remote && !g.allowRemoteSignin {
		return nil, remoteSignin()
	}
	if c.endpoint.app == apppath.Authorize || c.endpoint.app == apppath.DevicePage {
		if refusal := g.identify(c, route); refusal != nil {
			return nil, refusal
		}
		return route, nil
	}
	g.setAccount(c, route, nil)
	route.LetsIn = func(grant AppGrant) bool { return g.letsIn(c.client, grant) }
	return route, nil
}
