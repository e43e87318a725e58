// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package guard decides which requests the proxy accepts: a request in, a
// Route or a refusal out. It knows neither the server around it nor tokens: what
// it has to ask of them (which accounts the site serves, whether a sign-in attempt
// is under way, what the key of an app opens), it asks through functions of Config.
//
// The proxy adds the credential itself, so any client that can send it a
// request could read and write someone's notebooks: every program on the
// machine, every page that is open in a browser on it, and, beyond loopback,
// the network. The guard decides which of them may. It checks, in this order:
//
//  1. Loop: no request that has passed through this proxy before (RFC 8586).
//  2. Protocol: no CONNECT, no TRACE, no protocol upgrade.
//  3. Target: nothing that the API could read as a path outside of the API.
//  4. Host: only names that were configured, which stops DNS rebinding.
//  5. Path: the API, a page of ours, a probe or, with AppKeys, an endpoint at which
//     apps sign in; nothing else exists.
//  6. Method: only those that the path takes; preflights are never sent upstream.
//  7. Signed pictures are admitted: their URL is their key.
//  8. Origin: no page of another site, unless configured.
//  9. Client: trusted, authenticated by the server around us, or with a client
//     key; or local, if the site has no keys.
//  10. Account: only the one that the client may use and see.
//
// Probes are admitted after the target was checked. The Route says whether the
// client is a stranger, who is told no more than yes or no.
//
// A refusal names the option that would change the decision by its name in the
// configuration: the name of the field of Config in snake case, such as
// allowed_hosts.
package guard

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

// A Guard admits requests or refuses them. It is safe for concurrent use.
type Guard struct {
	paths             []string
	upstream          string
	publicURL         *url.URL
	imageURL          *url.URL
	hosts             hostSet
	origins           originSet
	keys              keyring
	limiter           *rateLimiter
	trusted           trustedPeers
	allowRemoteSignin bool
	account           string
	accountPerRequest bool
	served            func(account string) bool
	pictures          *picture.Signer
	callback          func(r *http.Request) bool
	appKeys           AppKeys
	loop              string
	probesOnly        *apierror.Error // refuses everything else; nil in an open guard
}

// New returns a Guard for the configuration, or an error that names the option
// and says how to write it.
func New(c Config) (*Guard, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	g := &Guard{
		upstream:          c.Upstream,
		limiter:           newRateLimiter(c.Now),
		allowRemoteSignin: c.AllowRemoteSignin,
		account:           c.Account,
		accountPerRequest: c.AccountPerRequest,
		served:            c.Serves,
		pictures:          c.Pictures,
		callback:          c.Callback,
		appKeys:           c.AppKeys,
		loop:              c.Loop,
	}
	var errs [7]error
	g.paths, errs[0] = checkPaths(c.Paths)
	g.publicURL, errs[1] = parseBaseURL("public_url", c.PublicURL)
	g.imageURL, errs[2] = parseBaseURL("image_url", c.ImageURL)
	g.hosts, errs[3] = newHostSet(c.AllowedHosts, g.publicURL, g.imageURL)
	g.origins, errs[4] = newOriginSet(c.AllowedOrigins, g.publicURL)
	g.keys, errs[5] = newKeyring(c.ClientKeys)
	g.trusted, errs[6] = newTrustedPeers(c.TrustedPeers)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return g, nil
}

// ProbesOnly returns a guard that admits probes as g does and refuses every
// other request, with the refusal given. It is for a server whose client keys
// cannot be read: without them nobody can tell who may come in, but the process
// still reports whether it is alive.
func (g *Guard) ProbesOnly(refusal *apierror.Error) *Guard {
	closed := *g
	closed.probesOnly = refusal
	return &closed
}
