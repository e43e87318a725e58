// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package guard decides who may speak to the proxy and what may pass: a
// request in, a Route or a refusal out. It reads requests and asks nobody; it
// knows neither Caddy nor tokens.
//
// The proxy adds the credential itself, so whoever can send it a request could
// read and write someone's notebooks: every program on the machine, every page
// open in a browser on it, and, beyond loopback, the network. The guard is what
// stands between. In the order in which it looks:
//
//  1. Protocol: no CONNECT, no TRACE, no protocol upgrade.
//  2. Target: nothing that the API could read as a path outside of the API.
//  3. Host: only names that were configured, which ends DNS rebinding.
//  4. Path: the API, a page of ours, a probe; nothing else.
//  5. Loop: nothing that has passed through here before (RFC 8586).
//  6. Method: those the path takes; preflights are answered here.
//  7. Signed pictures pass: their URL is their key.
//  8. Origin: no page of another site, unless configured.
//  9. Caller: local, trusted, authenticated by the server around us, or with a
//     client key.
//
// Probes leave at 4: they tell a stranger no more than yes or no.
package guard

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

// Config says for whom and for what a Guard opens. The zero value of each
// field is its safest.
type Config struct {
	// Paths are the prefixes that are proxied, such as /api/. They begin and
	// end with a slash and are compared with the raw path, byte for byte.
	Paths []string

	// Upstream is the API for which local pictures are signed: scheme and
	// host, in lower case and without the scheme's own port, just as whoever
	// signs them spells it.
	Upstream string

	// PublicURL is the address under which apps reach the proxy: http or
	// https, with a path where a server in front strips one. Its host is
	// answered for and its origin is ours. Default: scheme and host of the
	// request.
	PublicURL *url.URL

	// ImageURL is the same for local pictures. Its host is answered for.
	// Default: PublicURL.
	ImageURL *url.URL

	// AllowedHosts are more names to answer for, besides those of loopback
	// (localhost, 127.0.0.0/8, ::1). Ports are ignored.
	AllowedHosts []string

	// AllowedOrigins are origins whose pages may use the proxy, as browsers
	// serialise them: https://app.example, app://obsidian.md, null.
	AllowedOrigins []string

	// ClientKeys let remote callers in and bind callers to accounts.
	ClientKeys []ClientKey

	// TrustedPeers need no key.
	TrustedPeers []netip.Prefix

	// AllowRemoteSignin lets callers that are not on this machine, having
	// passed all else, start and end sign-ins.
	AllowRemoteSignin bool

	// Account is the account of requests that no key binds to one. Where it
	// is empty, whoever called Admit resolves it.
	Account string

	// Pictures verifies the URLs of local pictures. It is nil unless pictures
	// are local.
	Pictures *picture.Signer

	// Callback reports whether a request to /auth/<account>/callback carries
	// the state of a sign-in that is under way, which then needs no key: the
	// browser comes from the identity provider and has none. It may read a
	// form of bounded size. It may be nil.
	Callback func(r *http.Request) bool

	// Loop is our cdn-id (RFC 8586): a request that carries it has been here
	// before. Empty: not looked for.
	Loop string

	// Now is the clock of the slow-down of wrong keys. Default: the
	// machine's.
	Now func() time.Time
}

// A Guard admits requests or refuses them. It is safe for concurrent use.
type Guard struct {
	paths             []string
	upstream          string
	publicURL         *url.URL
	imageURL          *url.URL
	hosts             hostSet
	origins           originSet
	keys              keyring
	attempts          *attempts
	trusted           peerSet
	allowRemoteSignin bool
	account           string
	pictures          *picture.Signer
	callback          func(r *http.Request) bool
	loop              string
}

// New returns a Guard for the configuration, or an error that names the option
// and says how to write it.
func New(c Config) (*Guard, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	g := &Guard{
		upstream:          c.Upstream,
		attempts:          newAttempts(c.Now),
		allowRemoteSignin: c.AllowRemoteSignin,
		account:           c.Account,
		pictures:          c.Pictures,
		callback:          c.Callback,
		loop:              c.Loop,
	}
	var errs [7]error
	g.paths, errs[0] = checkPaths(c.Paths)
	g.publicURL, errs[1] = parseBase("public_url", c.PublicURL)
	g.imageURL, errs[2] = parseBase("image_url", c.ImageURL)
	g.hosts, errs[3] = newHostSet(c.AllowedHosts, g.publicURL, g.imageURL)
	g.origins, errs[4] = newOriginSet(c.AllowedOrigins, g.publicURL)
	g.keys, errs[5] = newKeyring(c.ClientKeys)
	g.trusted, errs[6] = newPeerSet(c.TrustedPeers)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return g, nil
}

// Admit decides about a request. Exactly one of the results is nil. It reads
// the request line and the header, never the body (Config.Callback may), and
// changes the request in one way only: an offer of h2c is taken out of it, see
// refuseProtocol.
func (g *Guard) Admit(r *http.Request, peer Peer) (*Route, *answer.Answer) {
	if refusal := refuseProtocol(r); refusal != nil {
		return nil, refusal
	}
	t, err := parseTarget(r)
	if err != nil {
		return nil, badPath(err)
	}
	p := g.placeOf(t.path)
	c := g.callerOf(r, peer)
	if p.kind == Probe {
		return g.admitProbe(r, c, p)
	}
	if !g.hosts.has(r.Host) {
		return nil, forbiddenHost(r.Host)
	}
	if p.kind == 0 {
		return nil, notFound(g.paths)
	}
	if g.isLoop(r.Header) {
		return nil, loopDetected()
	}
	if isPreflight(r) {
		return g.admitPreflight(r, c)
	}
	if !p.methods.has(r.Method) {
		return nil, methodNotAllowed(p.methods)
	}
	if p.kind == API && g.pictures != nil {
		pic, refusal := g.pictureOf(r, t)
		if refusal != nil {
			return nil, refusal
		}
		if pic != nil {
			return g.pictureRoute(r, c, pic), nil
		}
	}
	if refusal := g.checkOrigin(r, p); refusal != nil {
		return nil, refusal
	}
	return g.admitCaller(r, c, p)
}

// admitProbe lets everybody ask whether the proxy lives and is ready. Who
// would not pass otherwise is called remote, so that a page that got here by
// DNS rebinding learns no account's name.
func (g *Guard) admitProbe(r *http.Request, c caller, p place) (*Route, *answer.Answer) {
	if !p.methods.has(r.Method) {
		return nil, methodNotAllowed(p.methods)
	}
	route := g.newRoute(r, c, Probe)
	route.Remote = c.remote || !g.hosts.has(r.Host) || g.checkOrigin(r, p) != nil
	return route, nil
}

func (g *Guard) admitPreflight(r *http.Request, c caller) (*Route, *answer.Answer) {
	if refusal := g.checkOrigin(r, place{}); refusal != nil {
		return nil, refusal
	}
	return g.newRoute(r, c, Preflight), nil
}

// admitCaller decides by who calls, the last question of all.
func (g *Guard) admitCaller(r *http.Request, c caller, p place) (*Route, *answer.Answer) {
	route := g.newRoute(r, c, p.kind)
	if p.kind == Page && c.remote {
		if p.action == callbackAction && g.callback != nil && g.callback(r) {
			return route, nil
		}
		if r.Method == http.MethodPost && !g.allowRemoteSignin {
			return nil, remoteSignin()
		}
	}
	key, refusal := g.identify(r.Header, c, p.kind)
	if refusal != nil {
		return nil, refusal
	}
	if key != nil {
		route.Client = key.name
		if key.account != "" {
			route.Account, route.Bound = key.account, true
		}
	}
	if p.account != "" && route.Bound && p.account != route.Account {
		return nil, otherAccount(p.account)
	}
	if p.kind == API && !route.Bound {
		route.Account = g.account
	}
	return route, nil
}

func checkPaths(paths []string) ([]string, error) {
	if len(paths) == 0 {
		return nil, errors.New("no path is proxied: give at least one, such as /api/")
	}
	for _, p := range paths {
		if len(p) < 3 || p[0] != '/' || p[len(p)-1] != '/' || checkPath(p) != nil {
			return nil, fmt.Errorf("proxied path %q: write it as /api/, with a slash at both ends", p)
		}
		if isOwn(p) {
			return nil, fmt.Errorf("proxied path %q: the pages of the proxy itself are there", p)
		}
	}
	return paths, nil
}
