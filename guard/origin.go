// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/idna"

	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
	"github.com/caddy-onenote/caddy-onenote/internal/authpath"
	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// An originSet holds the origins whose pages may use the proxy (RFC 6454). Our
// own origin follows from the request itself.
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

// isOurs reports whether the origin is that of our own pages: the one that the
// request was sent to, whose host was checked before, or that of public_url.
func (o originSet) isOurs(origin string, r *http.Request) bool {
	return origin == serialise(schemeOf(r), r.Host) || origin == o.public && origin != ""
}

// checkOrigin refuses requests that a page of another site has sent. Two kinds
// of requests come from other sites by design and pass: the identity provider
// sends the browser to the callback, which state protects, and a person follows
// a link to a page that changes nothing when it is opened.
func (g *Guard) checkOrigin(r *http.Request, e endpoint) *apierror.Error {
	if e.action == authpath.CallbackAction || isFollowedLink(r, e) {
		return nil
	}
	if origins := r.Header["Origin"]; len(origins) > 0 {
		return g.checkOrigins(r, origins, e)
	}
	if !isOwnSite(r.Header["Sec-Fetch-Site"]) {
		return foreignSite()
	}
	return nil
}

func (g *Guard) checkOrigins(r *http.Request, origins []string, e endpoint) *apierror.Error {
	if len(origins) > 1 {
		return forbiddenOrigin("")
	}
	origin := origins[0]
	if g.origins.isAllowed(origin) && !e.asksAPerson(r.Method) || g.origins.isOurs(origin, r) {
		return nil
	}
	// A form on a page of ours with Referrer-Policy: no-referrer is sent with
	// a null origin (Fetch §3.2). The browser says same-origin in a field that
	// no page can set; for a sandboxed document it says cross-site.
	if site := r.Header["Sec-Fetch-Site"]; origin == "null" && len(site) == 1 && site[0] == "same-origin" {
		return nil
	}
	return forbiddenOrigin(origin)
}

// isFollowedLink reports whether a person opens the status page, a sign-in page, or a
// page of an app's sign-in as a document of its own, not in a frame.
func isFollowedLink(r *http.Request, e endpoint) bool {
	if !reading.has(r.Method) || !e.isOpenedByLinks() {
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// isOpenedByLinks reports whether other sites lead to an endpoint by design.
func (e endpoint) isOpenedByLinks() bool {
	switch e.kind {
	case Page:
		return e.action == "" || e.action == authpath.SigninAction
	case AppSignin:
		return e.app == apppath.Authorize || e.app == apppath.Logout || e.app == apppath.Desktop || e.app == apppath.DevicePage
	}
	return false
}

// asksAPerson reports whether a request is a person's decision about an app, on a page of
// ours: no other page, however trusted, decides for them.
func (e endpoint) asksAPerson(method string) bool {
	return e.app == apppath.DevicePage && method == http.MethodPost
}

// isOwnSite reports whether the browser says that the request comes from our
// own origin or from the user (Fetch Metadata), or says nothing, as programs do.
// Other ports of this machine are same-site, but not ours.
func isOwnSite(values []string) bool {
	for _, site := range values {
		if site != "same-origin" && site != "none" {
			return false
		}
	}
	return true
}

// serialise returns the origin of an address (HTML §7.1.1).
func serialise(scheme, host string) string {
	host = hostport.WithoutDefaultPort(&url.URL{Scheme: scheme, Host: host})
	return scheme + "://" + strings.ToLower(host)
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
		return s, nil // a scheme of an app: compared as that app writes it
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
