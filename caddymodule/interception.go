// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Where an app cannot be changed at all, names of Microsoft's lead to a site of ours. A
// site says so by having such a name among its own: in allowed_hosts, public_url or
// image_url.

// isMicrosofts reports whether a host, in the form of guard.ConfiguredHost, is one of an
// API's own or one where Microsoft signs people in.
func isMicrosofts(host string) bool {
	return oauth.IsSigninHost(host) || slices.ContainsFunc(api.Presets[:], func(p api.Preset) bool { return p.HasHost(host) })
}

// An ownName is a host that a site has by one of its options.
type ownName struct{ option, host string }

// ownNames returns the hosts that a site has by its options. URLs may be nil.
func ownNames(allowedHosts []string, publicURL, imageURL *url.URL) []ownName {
	var names []ownName
	add := func(option, text string) {
		if host, ok := guard.ConfiguredHost(text); ok {
			names = append(names, ownName{option, host})
		}
	}
	for _, text := range allowedHosts {
		add("allowed_hosts", text)
	}
	if publicURL != nil {
		add("public_url", publicURL.Host)
	}
	if imageURL != nil {
		add("image_url", imageURL.Host)
	}
	return names
}

// intercept notes the names of Microsoft's among those of a site.
func (a *App) intercept(names []ownName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range names {
		if isMicrosofts(n.host) {
			a.intercepted = append(a.intercepted, n.host)
		}
	}
}

// intercepts reports whether a site has that name of Microsoft's. All sites are known.
func (a *App) intercepts(host string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Contains(a.intercepted, host)
}

// publicPictures returns why pictures that the API itself serves to everybody cannot be
// used by the site; nil if they can. Their address would be one of the site's own, where
// the page that shows them is another site's, and where nobody has the API's pictures.
func (h *Handler) publicPictures(names []ownName) error {
	for _, n := range names {
		own := h.upstream.preset.HasHost(n.host) || slices.Contains(h.APIHosts, n.host) ||
			n.host == h.upstream.url.Hostname() && !loopback.Host(n.host)
		if own {
			return fmt.Errorf("%s names %s, so the address at which the API serves pictures to everybody leads to this site, "+
				"which refuses it to pages of others; leave images out, or write local, links or off", n.option, n.host)
		}
	}
	return nil
}

// dropAltSvc removes what Caddy adds for HTTP/3, where the request names a host of
// Microsoft's: a client would remember the service for that host (RFC 7838), also for
// when the name leads to Microsoft again.
func dropAltSvc(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if _, offered := h["Alt-Svc"]; !offered {
		return
	}
	if host, ok := guard.ConfiguredHost(r.Host); ok && isMicrosofts(host) {
		delete(h, "Alt-Svc")
	}
}
