// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
)

// postSignout deletes the tokens and what could still become tokens, then
// sends the browser to the provider's sign-out, which ends its session there
// and sends it back to the callback without parameters. Only the first part is
// ours to promise: the provider's sign-out alone would leave our tokens alive.
func (p *Pages) postSignout(e *exchange) {
	if !e.visitor.MaySignIn {
		p.refuse(e, notAllowed)
		return
	}
	address := e.account.LogoutURL(p.returnURI(e))
	p.Attempts.Forget(e.account.Name())
	if err := e.account.SignOut(e.r.Context()); err != nil {
		p.showNotSignedOut(e, err)
		return
	}
	if address == "" {
		address = e.callback()
	}
	e.seeOther(address)
}

// returnURI returns where the provider's sign-out sends the browser back to:
// the redirect URI of the sign-in, which the provider knows to be the app's,
// however this visitor reaches us.
func (p *Pages) returnURI(e *exchange) string {
	if uri := e.account.RedirectURI(); uri != "" {
		return uri
	}
	return p.redirectURI(e.account, e.base)
}

func (p *Pages) showNotSignedOut(e *exchange, err error) {
	f := statusError(err)
	p.render(e, "refusal", page{
		Title: "Not signed out",
		Body: refusal{
			Title:   "Not signed out",
			Message: "The tokens could not be deleted: " + f.Message + ".",
			Hint:    f.Hint,
		},
		status: http.StatusServiceUnavailable,
	})
}
