// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/authpath"
	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// movedField marks an address that the browser was redirected to from another
// loopback name. It is not redirected again: what looks like another name may be a
// server in front of us that rewrites the Host.
const movedField = "moved"

// moveToCanonicalHost redirects a browser that uses another loopback name
// (127.0.0.1, [::1]) than the redirect URI to the name in the redirect URI, as a
// rule localhost. The provider sends the browser back there, and a cookie that was
// set for one name is not sent to another. It happens before the page is shown, so
// that the user presses the button only once. It reports whether it redirected.
func (p *Pages) moveToCanonicalHost(q *pageRequest, path string, accounts ...*tokens.Account) bool {
	if q.access.Remote || !q.access.MaySignIn || !navigates(q.r) || q.r.URL.Query().Has(movedField) {
		return false
	}
	base := p.commonBase(q, accounts)
	if base == "" || !isOtherLoopbackName(q.r.Host, base) {
		return false
	}
	query := q.r.URL.Query()
	query.Set(movedField, "1")
	q.seeOther(base + "/" + path + "?" + query.Encode())
	return true
}

// movePostToCanonicalHost does the same for a form that was posted to another host
// than the redirect URI's. A browser is redirected to the page there, where the user
// presses the button again; a program is asked to repeat the POST there. It reports
// whether it redirected.
func (p *Pages) movePostToCanonicalHost(q *pageRequest) bool {
	base := p.commonBase(q, []*tokens.Account{q.account})
	if base == "" {
		return false
	}
	address := base + authpath.Signin(q.account.Name()) + "?" + q.movedQuery()
	if origin := originOf(q.r.Header.Get("Origin")); origin != "" {
		// The browser itself says which host it uses, whatever is in between.
		if !isOtherHost(origin, base) {
			return false
		}
		q.seeOther(address)
		return true
	}
	if q.access.Remote || q.r.URL.Query().Has(movedField) || !isOtherLoopbackName(q.r.Host, base) {
		return false
	}
	q.w.Header().Set("Location", address)
	q.w.WriteHeader(http.StatusTemporaryRedirect)
	return true
}

// movedQuery is the query of the page that the browser is redirected to.
func (q *pageRequest) movedQuery() string {
	query := url.Values{movedField: {"1"}}
	if q.app != "" {
		query.Set(appField, q.app)
	}
	return query.Encode()
}

// isOtherHost reports whether the cookies of a page's origin are not sent to the
// base, although the browser can reach it: the base is public, or both are this
// machine.
func isOtherHost(origin, base string) bool {
	o, _ := url.Parse(origin)
	b, err := url.Parse(base)
	if err != nil || strings.EqualFold(o.Hostname(), b.Hostname()) {
		return false
	}
	return !loopback.Host(b.Hostname()) || loopback.Host(o.Hostname())
}

// commonBase returns the base URL of the redirect URIs of all accounts whose
// redirect URI is our callback; empty where they differ.
func (p *Pages) commonBase(q *pageRequest, accounts []*tokens.Account) string {
	var common string
	for _, a := range accounts {
		uri := p.redirectURI(a, q.base)
		if !redirects(a.Config()) || !p.leadsHere(uri, a.Name(), q.base) {
			continue
		}
		base := strings.TrimSuffix(uri, authpath.Callback(a.Name()))
		if common != "" && base != common {
			return ""
		}
		common = base
	}
	return common
}

// redirects reports whether the account's own flow goes through a redirect URI.
func redirects(c oauth.Config) bool {
	return c.Flow == oauth.FlowCode || c.Flow == oauth.FlowToken
}

// isOtherLoopbackName reports whether a host and the host of a base URL are two
// different names of loopback.
func isOtherLoopbackName(host, base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	here, there := hostname(host), u.Hostname()
	return loopback.Host(here) && loopback.Host(there) && !strings.EqualFold(here, there)
}

// navigates reports whether a browser opens the page: it says so, or, where it is
// old, it accepts HTML.
func navigates(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}
