// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// addressField is the field of the paste form.
const addressField = "address"

// pasted is an address that the user brings.
type pasted struct {
	url    *url.URL
	answer url.Values
}

// parseAddress takes an address apart. The answer may stand in the query, in
// the fragment, or in both.
func parseAddress(address string) (pasted, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Opaque != "" {
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
	answer, err := readAnswer(values)
	if err != nil {
		return pasted{}, err
	}
	return pasted{url: u, answer: answer}, nil
}

// isErrorPage reports whether the address is the provider's own error page,
// where live stops when it does not trust the redirect URI.
func (a pasted) isErrorPage(c tokens.Config) bool {
	if a.leadsTo(tokens.ErrorPage) {
		return true
	}
	return c.Provider == tokens.MicrosoftAccount && c.Authority != "" &&
		a.leadsTo(strings.TrimSuffix(c.Authority, "/")+errorPath)
}

// errorPath is where the error page is at an authority of its own.
var errorPath = strings.TrimPrefix(tokens.ErrorPage, "https://login.live.com")

// leadsTo reports whether the address is the redirect URI, with an answer.
// Scheme, host and path have to be the same, byte for byte but for the case of
// the host.
func (a pasted) leadsTo(redirectURI string) bool {
	u, err := url.Parse(redirectURI)
	return err == nil && u.Host != "" &&
		a.url.Scheme == u.Scheme &&
		strings.EqualFold(a.url.Host, u.Host) &&
		a.url.EscapedPath() == u.EscapedPath()
}

// postPaste ends a sign-in with the address that the browser ended on, where
// no listener of ours could receive it.
func (p *Pages) postPaste(e *exchange) {
	if !e.visitor.MaySignIn {
		p.refuse(e, notAllowed)
		return
	}
	form, err := readForm(e.w, e.r)
	if err != nil {
		p.refuse(e, unreadable)
		return
	}
	address, err := parseAddress(form.Get(addressField))
	if err != nil {
		p.refuse(e, err)
		return
	}
	t, err := p.takePasted(e.account, address, sameBrowser(e.r), begunHere(e.r))
	switch {
	case err == nil:
	case address.isErrorPage(e.account.Config()) && address.answer.Has("error"):
		// No sign-in of this browser waits for it, so nothing ends; what it
		// means can be said all the same.
		p.showFailure(e, statusError(tokens.AuthorizeFailure(e.account.Name(), address.answer)), http.StatusBadRequest)
		return
	default:
		p.refuseAnswer(e, err)
		return
	}
	if !t.operator {
		clearCookie(e.w, e.base, t.state)
	}
	e.showAttempt(p.finish(e.r.Context(), e.account, t, address.answer))
}

// takePasted uses up the attempt that a pasted address belongs to. known has
// to accept the attempt that the address names by its state. The error page of
// live knows no state; what stands on it can only end an attempt, and only
// one that mine accepts.
func (p *Pages) takePasted(a *tokens.Account, address pasted, known, mine func(*attempt) error) (attempt, error) {
	if address.isErrorPage(a.Config()) {
		if !address.answer.Has("error") {
			return attempt{}, noAnswer
		}
		if !address.answer.Has("state") {
			return p.Attempts.takeNewest(p.clock().Now(), a.Name(), waiting, mine)
		}
		return p.take(a, address.answer, known)
	}
	if !isAnswer(address.answer) {
		return attempt{}, noAnswer
	}
	return p.take(a, address.answer, func(t *attempt) error {
		if err := known(t); err != nil {
			return err
		}
		if !address.leadsTo(t.redirectURI) {
			return foreignAddress
		}
		return nil
	})
}
