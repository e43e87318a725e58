// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// pageRequest is one request for a page, with its response.
type pageRequest struct {
	w       http.ResponseWriter
	r       *http.Request
	access  Access
	base    *url.URL        // the base URL at which the client reaches us
	root    string          // the relative path to it
	account *tokens.Account // nil on pages about all accounts

	// stranger: the client may be anybody, since the guard has refused it.
	stranger bool

	// app is the app that waits for the sign-in; empty for none.
	app string

	// appSource is where that app is sent in the end: the form of the sign-in leads
	// there at once where the provider knows the user already.
	appSource string
}

// seeOther sends the browser to a relative address. http.Redirect would make
// it absolute from the path as we see it, which is not the browser's where we
// live below a path of another server.
func (q *pageRequest) seeOther(address string) {
	q.w.Header().Set("Location", address)
	q.w.WriteHeader(http.StatusSeeOther)
}

// showAttempt sends the browser to the state of the attempt: to what comes after it when
// it is done, else to the attempt's own page. Neither address has a code or a state of the
// provider in it, so neither stays in the browser's history.
func (p *Pages) showAttempt(q *pageRequest, t attempt) {
	p.waitsFor(q, t.app)
	if t.phase == done {
		q.seeOther(p.afterSignin(q, t))
		return
	}
	q.seeOther(q.root + "auth/" + t.account + "/signin?" + url.Values{attemptField: {t.id}}.Encode())
}
