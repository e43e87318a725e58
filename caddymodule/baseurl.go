// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/internal/authpath"
	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// A siteAddress is where browsers reach a site, as far as that is known without
// a request. Sign-ins that begin at the command line or the admin API end
// there, and the app is registered with it.
//
// A sign-in that begins with a request uses the same address, or for a site
// with several names the one that the browser used; see package signin.
type siteAddress struct {
	server string // the name of Caddy's server
	serves func(account string) bool
	bases  []*url.URL // the base URLs, the preferred one first

	// intercepts: it has names of Microsoft's, so browsers may not reach it under any
	// other.
	intercepts bool
}

// addSite notes where the site is reached that is being provisioned, and returns that.
func (a *App) addSite(ctx caddy.Context, serves func(account string) bool, publicURL *url.URL, allowedHosts []string) []*url.URL {
	s := siteAddress{serves: serves}
	if publicURL != nil && isMicrosofts(publicURL.Hostname()) {
		publicURL, s.intercepts = nil, true // people reach it by another address
	}
	if publicURL != nil {
		s.bases = []*url.URL{publicURL}
	}
	if server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok {
		s.server = server.Name()
		if publicURL == nil {
			s.bases = listenBases(server, httpPort(ctx), allowedHosts)
		}
	}
	if len(s.bases) == 0 {
		return nil
	}
	s.intercepts = s.intercepts || slices.ContainsFunc(ownNames(allowedHosts, publicURL, nil), func(n ownName) bool { return isMicrosofts(n.host) })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sites = append(a.sites, s)
	// Servers are provisioned in no order. The adapter numbers them: srv2 comes
	// before srv10.
	slices.SortStableFunc(a.sites, func(s, t siteAddress) int {
		if s.intercepts != t.intercepts {
			return map[bool]int{true: 1, false: -1}[s.intercepts]
		}
		return cmp.Or(cmp.Compare(len(s.server), len(t.server)), cmp.Compare(s.server, t.server))
	})
	return s.bases
}

// httpPort returns the port on which Caddy never uses TLS.
func httpPort(ctx caddy.Context) int {
	if mod, err := ctx.App("http"); err == nil {
		return cmp.Or(mod.(*caddyhttp.App).HTTPPort, caddyhttp.DefaultHTTPPort)
	}
	return caddyhttp.DefaultHTTPPort
}

// listenBases returns the base URLs of a site without a public URL. Where its
// server uses TLS those are the allowed hosts that are full domain names: a
// certificate vouches for them, and they are no names of a container network. Names of
// Microsoft's lead here only where apps run.
// Else it is localhost, the only host that identity providers accept without
// TLS.
func listenBases(server *caddyhttp.Server, httpPort int, allowedHosts []string) []*url.URL {
	port, useTLS := listenPort(server, httpPort)
	if port == 0 {
		return nil
	}
	if !useTLS {
		return []*url.URL{baseURL("http", "localhost", port)}
	}
	var bases []*url.URL
	for _, text := range allowedHosts {
		if name, ok := guard.ConfiguredHost(text); ok && isFullDomainName(name) && !isMicrosofts(name) {
			bases = append(bases, baseURL("https", name, port))
		}
	}
	if bases == nil {
		bases = []*url.URL{baseURL("https", "localhost", port)}
	}
	return bases
}

// listenPort returns the first port on which a server uses TLS, else its first
// port, else 0.
func listenPort(server *caddyhttp.Server, httpPort int) (port int, useTLS bool) {
	for _, text := range server.Listen {
		addr, err := caddy.ParseNetworkAddress(text)
		if err != nil || addr.IsUnixNetwork() || addr.StartPort == 0 {
			continue
		}
		p := int(addr.StartPort)
		if len(server.TLSConnPolicies) > 0 && p != httpPort {
			return p, true
		}
		port = cmp.Or(port, p)
	}
	return port, false
}

func baseURL(scheme, host string, port int) *url.URL {
	u := &url.URL{Scheme: scheme, Host: net.JoinHostPort(host, strconv.Itoa(port))}
	u.Host = hostport.WithoutDefaultPort(u)
	return u
}

func isFullDomainName(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err != nil && strings.Contains(host, ".")
}

// basesOf returns the base URLs under which an account is signed in, the
// preferred one first: those of the sites that serve the account, else those
// of the first site. Sites with names of Microsoft's count only where there is no other.
func (a *App) basesOf(account string) []*url.URL {
	a.mu.Lock()
	defer a.mu.Unlock()
	var bases []*url.URL
	for _, s := range a.sites {
		if s.intercepts && len(bases) > 0 {
			break
		}
		if s.serves(account) {
			bases = append(bases, s.bases...)
		}
	}
	if bases == nil && len(a.sites) > 0 {
		return a.sites[0].bases
	}
	return bases
}

// bases returns the base URLs of all sites.
func (a *App) bases() []*url.URL {
	a.mu.Lock()
	defer a.mu.Unlock()
	var bases []*url.URL
	for _, s := range a.sites {
		bases = append(bases, s.bases...)
	}
	return bases
}

// redirectURIs returns the redirect URIs that the registration of an account
// has to have. The first one is used by sign-ins that begin without a request.
func (a *App) redirectURIs(c oauth.Config) []string {
	if c.RedirectURI != "" {
		return []string{c.RedirectURI}
	}
	var uris []string
	for _, base := range a.basesOf(c.Name) {
		if uri := signin.RedirectURI(c, base); !slices.Contains(uris, uri) {
			uris = append(uris, uri)
		}
	}
	return uris
}

// redirectAdvice returns warnings about redirect URIs that no site receives,
// although they have the path of the callback. All sites are known. Those with
// another path are warned of with the account.
func (a *App) redirectAdvice() []string {
	var advice []string
	for _, account := range a.all() {
		c := account.Config()
		if strings.HasSuffix(c.RedirectURI, authpath.Callback(c.Name)) && !a.operatorPages().ReceivesRedirect(c) {
			advice = append(advice, fmt.Sprintf("account %s: redirect_uri %s leads to a port of this machine that no site with onenote has: "+
				"if no port of a container or server in front of it leads here, the address on which the browser ends has to be pasted", c.Name, c.RedirectURI))
		}
	}
	return advice
}

// redirectURI returns the first of redirectURIs, or "".
func (a *App) redirectURI(c oauth.Config) string {
	if uris := a.redirectURIs(c); len(uris) > 0 {
		return uris[0]
	}
	return ""
}

// signinURL returns the address of an account's sign-in page, or "" where no
// site is known.
func (a *App) signinURL(account string) string {
	if bases := a.basesOf(account); len(bases) > 0 {
		return bases[0].JoinPath(authpath.Signin(account)).String()
	}
	return ""
}
