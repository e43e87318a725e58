// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/caddy-onenote/caddy-onenote/internal/hostport"
	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// addressField is the field of the paste form.
const addressField = "address"

// pasted is an address that the user pasted. Its scheme is empty where the browser
// left it out.
type pasted struct {
	url      *url.URL
	response url.Values
}

// parseAddress parses an address. The response may be in the query, in the
// fragment, or in both.
func parseAddress(text string) (pasted, error) {
	text = bareAddress(text)
	if !hasScheme(text) {
		text = "//" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Host == "" && (u.Scheme == "" || isHTTP(u)) {
		return pasted{}, foreignAddress
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return pasted{}, foreignAddress
	}
	fragment, err := url.ParseQuery(u.EscapedFragment())
	if err != nil {
		return pasted{}, foreignAddress
	}
	for name, v := range fragment {
		values[name] = append(values[name], v...)
	}
	response, err := readResponse(values)
	if err != nil {
		return pasted{}, err
	}
	return pasted{url: u, response: response}, nil
}

// bareAddress takes off what mail programs, chats and terminals put around and into
// an address (RFC 3986 appendix C): quotes, angle brackets, "URL:", line breaks and
// spaces, and the escapes of HTML.
func bareAddress(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text)
	text = strings.Trim(text, "\"'`<>“”„‘’«»")
	if len(text) > 4 && strings.EqualFold(text[:4], "URL:") {
		text = text[4:]
	}
	return strings.ReplaceAll(text, "&amp;", "&")
}

// hasScheme reports whether an address begins with a scheme. What looks like one before
// a colon and a digit is a host with its port.
func hasScheme(address string) bool {
	before, after, found := strings.Cut(address, ":")
	if !found || before == "" || strings.ContainsAny(before, "/?#[") {
		return false
	}
	return after == "" || after[0] < '0' || after[0] > '9'
}

func isHTTP(u *url.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }

// isErrorPage reports whether the address is the provider's own error page,
// where live stops when it does not trust the redirect URI.
func (a pasted) isErrorPage(c oauth.Config) bool {
	if a.leadsTo(oauth.ErrorPage) {
		return true
	}
	return c.Provider == oauth.MicrosoftAccount && c.Authority != "" &&
		a.leadsTo(strings.TrimSuffix(c.Authority, "/")+errorPath)
}

// errorPath is where the error page is at an authority of its own.
var errorPath = strings.TrimPrefix(oauth.ErrorPage, "https://login.live.com")

// leadsTo reports whether the address is the redirect URI with parameters: scheme,
// host and path must be equal. Browsers leave the scheme out, write the path of none as
// a slash and drop default ports, and any name of loopback means this machine.
func (a pasted) leadsTo(redirectURI string) bool {
	u, err := url.Parse(redirectURI)
	if err != nil || a.url.Scheme != "" && a.url.Scheme != u.Scheme {
		return false
	}
	there := *a.url
	there.Scheme = u.Scheme
	return sameHost(&there, u) && there.Opaque == u.Opaque &&
		cmp.Or(there.EscapedPath(), "/") == cmp.Or(u.EscapedPath(), "/")
}

// sameHost reports whether two addresses of one scheme lead to the same host and port.
func sameHost(u, v *url.URL) bool {
	if isHTTP(u) && loopback.Host(u.Hostname()) && loopback.Host(v.Hostname()) {
		return portOf(u) == portOf(v)
	}
	return strings.EqualFold(hostport.WithoutDefaultPort(u), hostport.WithoutDefaultPort(v))
}

// postPaste ends a sign-in with the address that the browser ended on, where no
// listener of ours receives it.
func (p *Pages) postPaste(q *pageRequest) {
	form, ok := p.allowedForm(q)
	if !ok {
		return
	}
	address, err := parseAddress(form.Get(addressField))
	if err != nil {
		p.refuse(q, err)
		return
	}
	t, err := p.redeemPasted(q.account, address, sameBrowser(q.r), sameBrowserOnly(q.r))
	switch {
	case err == nil:
	case address.isErrorPage(q.account.Config()) && address.response.Has("error"):
		// No sign-in of this browser waits for it, so none ends. The page still
		// explains the error.
		p.showFailure(q, statusError(oauth.AuthorizeFailure(q.account.Name(), address.response)), http.StatusBadRequest)
		return
	default:
		p.refuseUnlessUsed(q, address.response, err)
		return
	}
	p.showFinished(q, p.finish(q.r.Context(), q.account, t, address.response))
}

// redeemPasted uses up the attempt that a pasted address belongs to. known has to
// accept the attempt that the address names by its state. The error page of live has
// no state; its error can only end an attempt, and only one that mine accepts.
func (p *Pages) redeemPasted(a *tokens.Account, address pasted, known, mine func(*attempt) error) (attempt, error) {
	if address.isErrorPage(a.Config()) {
		if !address.response.Has("error") {
			return attempt{}, noResponse
		}
		if !address.response.Has("state") {
			return p.Attempts.redeemNewest(p.clock().Now(), a.Name(), waiting, mine)
		}
		return p.redeem(a, address.response, known)
	}
	if !isResponse(address.response) {
		return attempt{}, noResponse
	}
	return p.redeem(a, address.response, func(t *attempt) error {
		if err := known(t); err != nil {
			return err
		}
		if !address.leadsTo(t.redirectURI) {
			return foreignAddress
		}
		return nil
	})
}
