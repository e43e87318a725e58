// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"errors"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// adminConsentField marks what comes back from Microsoft's page for administrators,
// where somebody grants the app's permissions for a whole directory. It comes to the
// redirect URI, but is no response to a sign-in: it has no code, and its state is not
// one of ours.
const adminConsentField = "admin_consent"

// adminRefused is the error of that page.
const adminRefused = "permission_denied"

// adminConsentPage says what the administrator did.
type adminConsentPage struct {
	accountView

	// Failure is why the permissions were not granted; nil where they were.
	Failure *oauth.FailureStatus
}

// showAdminConsent serves what comes back from the page for administrators, and
// reports whether it was that. No sign-in begins, ends or changes by it.
func (p *Pages) showAdminConsent(q *pageRequest, values, response url.Values) bool {
	if response.Has("code") || response.Has("access_token") {
		return false // the prompt admin_consent of v1 is part of a sign-in
	}
	if !values.Has(adminConsentField) && !p.isStrayRefusal(q, response) {
		return false
	}
	body := adminConsentPage{accountView: p.view(q, q.account)}
	title := "Permissions granted"
	if response.Has("error") {
		title = "Permissions not granted"
		body.Failure = statusError(oauth.AuthorizeFailure(q.account.Name(), response))
	}
	p.render(q, "adminconsent", page{Title: title, Body: body})
	return true
}

// isStrayRefusal reports whether an administrator cancelled, outside of any sign-in
// that was begun here.
func (p *Pages) isStrayRefusal(q *pageRequest, response url.Values) bool {
	if response.Get("error") != adminRefused {
		return false
	}
	_, err := p.Attempts.peek(p.clock().Now(), q.account.Name(), response.Get("state"))
	return errors.Is(err, errNoState) || errors.Is(err, errUnknownState)
}
