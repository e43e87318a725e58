// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/idna"

	"github.com/caddy-onenote/caddy-onenote/proxy/answer"
)

// An originSet knows whose pages may use the proxy (RFC 6454). Pages of our
// own are known by the request itself.
type originSet struct {
	public  string // the origin of public_url, or empty
	allowed map[string]struct{}
}

func newOriginSet(allowed []string, public *url.URL) (originSet, error) {
	o := originSet{allowed: make(map[string]struct{}, len(allowed))}
	for _, s := range allowed {
		origin, err := parseOrigin(s)
		if err != nil {
			return originSet{}, err
		}
		o.allowed[origin] = struct{}{}
	}
	if public != nil {
		o.public = serialise(public.Scheme, public.Host)
	}
	return o, nil
}

// isAllowed reports whether the origin was configured.
func (o originSet) isAllowed(origin string) bool {
	_, ok := o.allowed[origin]
	return ok
}

// isOurs reports whether the origin is that of our own pages: where the
// request itself was sent, on a host that was checked before, or public_url.
func (o originSet) isOurs(origin string, r *http.Request) bool {
	return origin == serialise(schemeOf(r), r.Host) || origin == o.public && origin != ""
}

// checkOrigin refuses requests that a page of another site has sent. What
// leads in from other sites by design comes first: the identity provider sends
// the browser to the callback, which state guards, and a person follows a link
// to a page that changes nothing by being opened.
func (g *Guard) checkOrigin(r *http.Request, p place) *answer.Answer {
	if p.action == callbackAction || isLinkFollowed(r, p) {
		return nil
	}
	if origins := r.Header["Origin"]; len(origins) > 0 {
		return g.checkOrigins(r, origins)
	}
	if !isSameSite(r.Header["Sec-Fetch-Site"]) {
		return foreignSite()
	}
	return nil
}

func (g *Guard) checkOrigins(r *http.Request, origins []string) *answer.Answer {
	if len(origins) > 1 {
		return forbiddenOrigin("")
	}
	origin := origins[0]
	if g.origins.isAllowed(origin) || g.origins.isOurs(origin, r) {
		return nil
	}
	// A form on a page of ours that is sent with Referrer-Policy: no-referrer
	// comes with a null origin (Fetch §3.2). That it is ours is said by the
	// browser in a field which no page can set; to a sandboxed document the
	// browser says cross-site.
	if site := r.Header["Sec-Fetch-Site"]; origin == "null" && len(site) == 1 && site[0] == "same-origin" {
		return nil
	}
	return forbiddenOrigin(origin)
}

// isLinkFollowed reports whether a person opens the status page or a sign-in
// page in a tab of its own.
func isLinkFollowed(r *http.Request, p place) bool {
	if p.kind != Page || !reading.has(r.Method) || p.action != "" && p.action != signinAction {
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// isSameSite reports whether the browser says that the request comes from our
// own origin or from the person at the keyboard (Fetch Metadata), or says
// nothing, as programs do. Other ports of this machine are same-site and not
// ours.
func isSameSite(values []string) bool {
	for _, site := range values {
		if site != "same-origin" && site != "none" {
			return false
		}
	}
	return true
}

// serialise returns the origin of an address (HTML §7.1.1).
func serialise(scheme, host string) string {
	host = strings.ToLower(host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host
}

// parseOrigin returns a configured origin as browsers send it.
func parseOrigin(s string) (string, error) {
	if s == "null" {
		return s, nil
	}
	if s == "*" {
		return "", fmt.Errorf(`allowed_origins "*": every page on the web could then read the notebooks; list the origins`)
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#") {
		return "", fmt.Errorf("allowed_origins %q: not an origin; write scheme, host and port alone, such as https://app.example or http://localhost:3000", s)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return s, nil // whatever the program behind it writes
	}
	if !isASCII(u.Host) {
		name, err := idna.Lookup.ToASCII(u.Hostname())
		if err != nil {
			return "", fmt.Errorf("allowed_origins %q: %w", s, err)
		}
		u.Host = strings.Replace(u.Host, u.Hostname(), name, 1)
	}
	return serialise(u.Scheme, u.Host), nil
}
