// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// RedirectURI returns where the provider sends the browser of an account back
// to: the configured redirect_uri, else the callback below base. It is what
// has to be registered with the provider. Without either it is empty.
func RedirectURI(c tokens.Config, base *url.URL) string {
	if c.RedirectURI != "" {
		return c.RedirectURI
	}
	if base == nil {
		return ""
	}
	return trimmed(base) + callbackPath(c.Name)
}

// SigninURL returns the address of an account's sign-in page as people may be
// told of it: below the public URL, else below base as [localBase] spells it.
func (p *Pages) SigninURL(base *url.URL, account string) string {
	base = p.toldBase(base)
	if base == nil {
		return ""
	}
	return trimmed(base) + "/auth/" + account + "/signin"
}

// redirectURI is RedirectURI for a visitor who reaches us at base, which may
// be nil.
func (p *Pages) redirectURI(a *tokens.Account, base *url.URL) string {
	return RedirectURI(a.Config(), p.toldBase(base))
}

// toldBase returns our base as browsers and registrations may be told of it.
func (p *Pages) toldBase(base *url.URL) *url.URL {
	if p.PublicURL != nil {
		return p.PublicURL
	}
	return localBase(base)
}

// localBase replaces the host of a plain http base by localhost, whatever the
// request's Host says: browsers and registrations know neither the name of a
// container nor another spelling of loopback, and providers take no other http
// address (RFC 8252 §7.3). The name in an https base was vouched for by a
// certificate, and stays.
func localBase(base *url.URL) *url.URL {
	if base == nil || (base.Scheme == "https" && !isLoopback(base.Hostname())) {
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

func callbackPath(account string) string { return "/auth/" + account + "/callback" }

// isOurs reports whether a redirect URI leads to our own callback. Any other
// is one that no listener of ours receives, such as the provider's blank page
// for native apps: there the user pastes the address.
func isOurs(redirectURI, account string) bool {
	switch redirectURI {
	case "", tokens.DesktopRedirect, tokens.NativeRedirect:
		return false
	}
	u, err := url.Parse(redirectURI)
	return err == nil && strings.HasSuffix(u.Path, callbackPath(account))
}

// isLoopback reports whether a host name means this machine.
func isLoopback(hostname string) bool {
	if strings.EqualFold(strings.TrimSuffix(hostname, "."), "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(hostname)
	return err == nil && addr.Unmap().IsLoopback()
}

// hostname returns the host of a Host header without its port.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.Trim(host, "[]")
}

// originOf returns scheme, host and port of an address; empty when it is none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
