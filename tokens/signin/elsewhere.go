// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// movedField marks an address that the browser was sent to from another
// spelling of loopback. It is not sent on again: what looks like another
// spelling from here may be a server in front of us that rewrites the Host.
const movedField = "moved"

// moveBrowser sends a browser that came by another spelling of loopback
// (127.0.0.1, [::1]) to the one in the redirect URI, localhost as a rule. The
// provider sends the browser back there, and a cookie set for one spelling
// does not go to another. Doing it before the page is shown leaves one button
// to press. It reports whether it did.
func (p *Pages) moveBrowser(e *exchange, path string, accounts ...*tokens.Account) bool {
	if e.visitor.Remote || !e.visitor.MaySignIn || !navigates(e.r) || e.r.URL.Query().Has(movedField) {
		return false
	}
	base := p.commonBase(e, accounts)
	if base == "" || !spelledOtherwise(e.r.Host, base) {
		return false
	}
	query := e.r.URL.Query()
	query.Set(movedField, "1")
	e.seeOther(base + "/" + path + "?" + query.Encode())
	return true
}

// movePost does the same for a form that was posted to another host than the
// redirect URI's: a browser gets the page there, and has to press once more; a
// program is asked to post there. It reports whether it did.
func (p *Pages) movePost(e *exchange) bool {
	base := p.commonBase(e, []*tokens.Account{e.account})
	if base == "" {
		return false
	}
	address := base + "/auth/" + e.account.Name() + "/signin?" + movedField + "=1"
	if origin := originOf(e.r.Header.Get("Origin")); origin != "" {
		// The browser itself says where it is, whatever stands in between.
		if !isElsewhere(origin, base) {
			return false
		}
		e.seeOther(address)
		return true
	}
	if e.visitor.Remote || e.r.URL.Query().Has(movedField) || !spelledOtherwise(e.r.Host, base) {
		return false
	}
	e.w.Header().Set("Location", address)
	e.w.WriteHeader(http.StatusTemporaryRedirect)
	return true
}

// isElsewhere reports whether the cookies of a page's origin do not go along
// to the base, although the browser can reach it: the base is public, or both
// are this machine.
func isElsewhere(origin, base string) bool {
	o, _ := url.Parse(origin)
	b, err := url.Parse(base)
	if err != nil || strings.EqualFold(o.Hostname(), b.Hostname()) {
		return false
	}
	return !isLoopback(b.Hostname()) || isLoopback(o.Hostname())
}

// commonBase returns the base of the redirect URIs of the accounts that are
// sent back to us; empty where they differ.
func (p *Pages) commonBase(e *exchange, accounts []*tokens.Account) string {
	var common string
	for _, a := range accounts {
		uri := p.redirectURI(a, e.base)
		if !redirects(a.Config()) || !isOurs(uri, a.Name()) {
			continue
		}
		base := strings.TrimSuffix(uri, callbackPath(a.Name()))
		if common != "" && base != common {
			return ""
		}
		common = base
	}
	return common
}

// redirects reports whether the account's own flow goes through a redirect URI.
func redirects(c tokens.Config) bool {
	return c.Flow == tokens.FlowCode || c.Flow == tokens.FlowToken
}

// spelledOtherwise reports whether a host and the host of a base are two
// spellings of loopback.
func spelledOtherwise(host, base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	here, there := hostname(host), u.Hostname()
	return isLoopback(here) && isLoopback(there) && !strings.EqualFold(here, there)
}

// navigates reports whether somebody looks at the page: a browser says so, or
// an old one asks for HTML.
func navigates(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}
