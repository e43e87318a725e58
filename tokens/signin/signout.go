// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
)

// postSignout deletes the tokens and the sign-ins in progress, then sends the
// browser to the provider's sign-out, which ends its session there and sends it back
// to the callback without parameters. The provider's sign-out alone would leave our
// tokens valid.
func (p *Pages) postSignout(q *pageRequest) {
	if !q.access.MaySignIn {
		p.refuse(q, notAllowed)
		return
	}
	address := q.account.Client().LogoutURL(p.returnURI(q))
	p.Attempts.Forget(q.account.Name())
	if err := q.account.SignOut(q.r.Context()); err != nil {
		p.showNotSignedOut(q, err)
		return
	}
	if address == "" || len(p.intercepted(q.account.Config())) > 0 {
		address = q.callback()
	}
	q.seeOther(address)
}

// returnURI returns where the provider's sign-out sends the browser back to:
// the redirect URI of the sign-in, which is registered with the provider, however
// this client reaches us.
func (p *Pages) returnURI(q *pageRequest) string {
	if uri := q.account.RedirectURI(); uri != "" {
		return uri
	}
	return p.redirectURI(q.account, q.base)
}

func (p *Pages) showNotSignedOut(q *pageRequest, err error) {
	f := statusError(err)
	p.render(q, "refusal", page{
		Title: "Not signed out",
		Body: refusal{
			Title:   "Not signed out",
			Message: "The tokens could not be deleted: " + f.Message + ".",
			Hint:    f.Hint,
		},
		status: http.StatusServiceUnavailable,
	})
}
