// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// exchange is one request and its answer.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	visitor Visitor
	base    *url.URL        // our base as the visitor reaches us
	root    string          // the relative way there
	account *tokens.Account // nil on pages about all accounts
}

// seeOther sends the browser to a relative address. http.Redirect would make
// it absolute from the path as we see it, which is not the browser's where we
// live below a path of another server.
func (e *exchange) seeOther(address string) {
	e.w.Header().Set("Location", address)
	e.w.WriteHeader(http.StatusSeeOther)
}

// showAttempt sends the browser to where the attempt stands: home when it is
// done, else to a page of its own. Both addresses are clean, so that code and
// state stay in no history.
func (e *exchange) showAttempt(t attempt) {
	if t.phase == done {
		e.seeOther(e.root)
		return
	}
	e.seeOther(e.root + "auth/" + t.account + "/signin?" + url.Values{attemptField: {t.id}}.Encode())
}
