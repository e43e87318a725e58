// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/caddy-onenote/caddy-onenote/proxy/picture"
)

// Config says which requests a Guard admits. The zero value of each field is
// the safest one.
type Config struct {
	// Paths are the prefixes that are proxied, such as /api/. They begin and
	// end with a slash and are compared with the raw path, byte for byte.
	// Empty: only pages and probes are served.
	Paths []string

	// Upstream is the API for which local pictures are signed: scheme and
	// host, in lower case and without the scheme's own port, exactly as the
	// signer spells it.
	Upstream string

	// PublicURL is the address under which apps reach the proxy: http or
	// https, with a path where a server in front strips one. Requests for its
	// host are accepted, and its origin is ours. Default: scheme and host of
	// the request.
	PublicURL *url.URL

	// ImageURL is the same for local pictures. Requests for its host are
	// accepted. Default: PublicURL.
	ImageURL *url.URL

	// AllowedHosts are more hosts for which requests are accepted, besides
	// those of loopback (localhost, 127.0.0.0/8, ::1). Ports are ignored.
	AllowedHosts []string

	// AllowedOrigins are origins whose pages may use the proxy, as browsers
	// serialise them: https://app.example, app://obsidian.md, null.
	AllowedOrigins []string

	// ClientKeys let clients in and bind them to accounts. With any key every
	// client needs one, local ones too. Without keys local clients need none,
	// and neither does a request of any client that comes through a forwarder
	// on this machine that adds no header field.
	ClientKeys []ClientKey

	// TrustedPeers are the networks whose clients need no key. Loopback may be
	// among them.
	TrustedPeers []netip.Prefix

	// AllowRemoteSignin lets clients that are not on this machine start and
	// end sign-ins, once they passed all other checks.
	AllowRemoteSignin bool

	// Account is the account of requests that no key binds to one. A remote
	// client sees no other. If it is empty, the caller of Admit finds the
	// account.
	Account string

	// AccountPerRequest says that the server around us chooses the account of
	// each request that no key binds to one, in Peer.Account. The client sees
	// no other. Account is not used then.
	AccountPerRequest bool

	// Serves reports whether the rules of the site can give a request this
	// account. Pictures of others are not served, and neither is a client whose
	// account is another. Default: Account and those of ClientKeys.
	Serves func(account string) bool

	// Pictures verifies the URLs of local pictures. It is nil unless pictures
	// are local.
	Pictures *picture.Signer

	// Callback reports whether a request to /auth/<account>/callback carries
	// the state of a sign-in attempt that is under way. Such a request needs
	// no key: the browser comes from the identity provider and has none. It
	// may read a form of bounded size. It may be nil.
	Callback func(r *http.Request) bool

	// AppKeys knows the keys that apps get which sign in by themselves. With it the
	// paths at which they do that are admitted (see package apppath), and their keys
	// open the API as those of ClientKeys do. They do not count as such: where no key
	// is asked for, none is because of them. Nil: there are none.
	AppKeys AppKeys

	// Loop is our cdn-id (RFC 8586): a request that carries it has passed
	// through this proxy before. Empty: the guard does not look for it.
	Loop string

	// Now is the clock of the rate limiter. Default: the machine's.
	Now func() time.Time
}

func checkPaths(paths []string) ([]string, error) {
	for _, p := range paths {
		if len(p) < 3 || p[0] != '/' || p[len(p)-1] != '/' || checkPath(p) != nil {
			return nil, fmt.Errorf("proxied path %q: write it as /api/, with a slash at both ends", p)
		}
		if hidesEndpoint(p) {
			return nil, fmt.Errorf("proxied path %q: the pages of the proxy itself are there", p)
		}
	}
	return paths, nil
}
