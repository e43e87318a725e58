// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"cmp"
	"net"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/authpath"
	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// RedirectURI returns where the provider sends the browser of an account back
// to: the configured redirect_uri, else the callback below base. It is what
// has to be registered with the provider. Without either it is empty.
func RedirectURI(c oauth.Config, base *url.URL) string {
	if c.RedirectURI != "" {
		return c.RedirectURI
	}
	if base == nil {
		return ""
	}
	return trimmed(base) + authpath.Callback(c.Name)
}

// SigninURL returns the address of an account's sign-in page as people may be
// told of it: below the public URL, else below base as [localBase] spells it.
func (p *Pages) SigninURL(base *url.URL, account string) string {
	base = p.toldBase(base)
	if base == nil {
		return ""
	}
	return trimmed(base) + authpath.Signin(account)
}

// redirectURI is RedirectURI for a client that reaches us at base, which may be
// nil.
func (p *Pages) redirectURI(a *tokens.Account, base *url.URL) string {
	return RedirectURI(a.Config(), p.toldBase(base))
}

// toldBase returns our base as browsers and registrations may be told of it.
func (p *Pages) toldBase(base *url.URL) *url.URL {
	if p.PublicURL != nil && !p.isIntercepted(p.PublicURL) {
		return p.PublicURL
	}
	if !p.isIntercepted(base) {
		return localBase(base)
	}
	if p.Bases != nil {
		for _, own := range p.Bases() {
			if !p.isIntercepted(own) {
				return own
			}
		}
	}
	return &url.URL{Scheme: base.Scheme, Host: "localhost"}
}

// localBase replaces the host of a plain http base by localhost, whatever the
// request's Host says: browsers and registrations know neither the name of a
// container nor another spelling of loopback, and providers take no other http
// address (RFC 8252 §7.3). The name in an https base was vouched for by a
// certificate, and stays.
func localBase(base *url.URL) *url.URL {
	if base == nil || (base.Scheme == "https" && !loopback.Host(base.Hostname())) {
		return base
	}
	u := *base
	u.Host = "localhost"
	if port := base.Port(); port != "" {
		u.Host += ":" + port
	}
	return &u
}

// trimmed writes a base without a trailing slash.
func trimmed(base *url.URL) string { return strings.TrimSuffix(base.String(), "/") }

// leadsHere reports whether a redirect URI leads to the account's callback at a client
// that reaches us at base, which may be nil. Any other is one that no listener of ours
// receives: the provider's blank page for native apps, the address of an older app of
// the same registration, or another port of this machine. There the user pastes the
// address.
func (p *Pages) leadsHere(redirectURI, account string, base *url.URL) bool {
	switch redirectURI {
	case "", oauth.DesktopRedirect, oauth.NativeRedirect:
		return false
	}
	u, err := url.Parse(redirectURI)
	if err != nil || !isHTTP(u) || !strings.HasSuffix(u.Path, authpath.Callback(account)) {
		return false
	}
	// A server in front of us may have any name, so only a port of this machine can be
	// known to be another's.
	return !loopback.Host(u.Hostname()) || p.servesPort(u, base)
}

// ReceivesRedirect reports whether the redirect URI that is configured for an account
// leads to one of the known base URLs. It is true where none is configured, or where
// that cannot be known.
func (p *Pages) ReceivesRedirect(c oauth.Config) bool {
	return c.RedirectURI == "" || p.leadsHere(c.RedirectURI, c.Name, nil)
}

// servesPort reports whether an address of this machine has a port under which
// clients reach us, as far as that is known.
func (p *Pages) servesPort(u, base *url.URL) bool {
	bases := []*url.URL{base, p.PublicURL}
	if p.Bases != nil {
		bases = append(bases, p.Bases()...)
	}
	known := false
	for _, b := range bases {
		if b == nil {
			continue
		}
		known = true
		if portOf(b) == portOf(u) {
			return true
		}
	}
	return !known
}

func portOf(u *url.URL) string { return cmp.Or(u.Port(), hostport.DefaultPort(u.Scheme)) }

// hostname returns the host of a Host header without its port.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.Trim(host, "[]")
}

// hostOf returns the host of an address, without its port; empty when it is none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// originOf returns scheme, host and port of an address; empty when it is none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
