// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"errors"
	"net/http"

	"go.uber.org/zap"
)

// refusal is a request that is not done, in words for whoever made it.
type refusal struct {
	Status  int
	Title   string
	Message string
	Hint    string
}

func (f *refusal) Error() string { return f.Message }

var (
	notFound = &refusal{http.StatusNotFound, "Not found",
		"There is no such page, or no account of that name.",
		"The status page lists the accounts."}

	badMethod = &refusal{http.StatusMethodNotAllowed, "Not possible",
		"This page does not take that kind of request.",
		"Use the buttons on the status page."}

	notAllowed = &refusal{http.StatusForbidden, "Not allowed here",
		"Signing in and out is not allowed from where you are.",
		"Do it on the machine that this server runs on, or let the operator set allow_remote_signin."}

	noUser = &refusal{http.StatusBadRequest, "Nobody to sign in",
		"This account uses the app's own credentials; no user signs in.",
		"If it has no token, the status page says why."}

	noFlow = &refusal{http.StatusBadRequest, "Not possible",
		"This account cannot sign in that way.",
		"Use the buttons on the status page."}

	noRedirect = &refusal{http.StatusBadRequest, "Not possible",
		"It is not known where the provider should send the browser back to.",
		"Set redirect_uri for the account, or public_url for the site."}

	unreadable = &refusal{http.StatusBadRequest, "Not understood",
		"The form that was sent cannot be read.",
		"Use the form on the page, or send application/x-www-form-urlencoded."}

	foreignAddress = &refusal{http.StatusBadRequest, "Not the right address",
		"This is not the address that the sign-in ends on.",
		"Copy the whole address from the browser's address bar after the provider is done, beginning with https:// or http://."}

	noAnswer = &refusal{http.StatusBadRequest, "Nothing in the address",
		"The address holds no answer of the provider.",
		"Copy the whole address, including everything after the ? or #."}
)

// answerRefusals say why a provider's answer is not accepted.
var answerRefusals = map[error]refusal{
	errNoState: {Title: "Not accepted",
		Message: "The answer carries no state, so it belongs to no sign-in that was begun here.",
		Hint:    "Start the sign-in again from the status page."},
	errUnknownState: {Title: "Too late, or not from here",
		Message: "The sign-in that this answer belongs to is not known here, or took longer than ten minutes.",
		Hint:    "Start the sign-in again from the status page."},
	errUsedState: {Title: "Already used",
		Message: "This answer was used before, and counts only once.",
		Hint:    "The status page shows whether the sign-in worked. If not, start it again."},
	errOtherAccount: {Title: "Not accepted",
		Message: "The answer belongs to the sign-in of another account.",
		Hint:    "Start the sign-in again from the status page."},
	errOtherBrowser: {Title: "Another browser",
		Message: "This sign-in was begun in another browser, or this browser keeps no cookies.",
		Hint:    "Start the sign-in again in the browser you want to finish it in."},
	errOtherIssuer: {Title: "Not accepted",
		Message: "The answer comes from another identity provider than the one that was asked.",
		Hint:    "Start the sign-in again. If this comes back, compare authorize_url with the provider's documentation."},
	errOtherConfig: {Title: "Configuration changed",
		Message: "The account's configuration was changed during the sign-in.",
		Hint:    "Start the sign-in again from the status page."},
	errTokenInQuery: {Title: "Not accepted",
		Message: "The answer holds a token in the query of the address, where others may have seen it.",
		Hint:    "Let the provider answer in the fragment or by form_post, and start the sign-in again."},
	errTwice: {Title: "Not understood",
		Message: "The answer holds a parameter twice.",
		Hint:    "Start the sign-in again from the status page."},
}

// refuse answers that a request is not done, and why.
func (p *Pages) refuse(e *exchange, err error) {
	var f *refusal
	if !errors.As(err, &f) {
		known, ok := answerRefusals[err]
		if !ok {
			known = refusal{Title: "Not done", Message: "The request could not be answered.", Hint: "Try again in a moment."}
		}
		known.Status = http.StatusBadRequest
		if errors.Is(err, errClosed) {
			known.Status = http.StatusServiceUnavailable
		}
		f = &known
	}
	p.render(e, "refusal", page{Title: f.Title, Body: f, status: f.Status})
}

// refuseAnswer is refuse for an answer of the provider, or for what passes
// itself off as one: worth a line in the log.
func (p *Pages) refuseAnswer(e *exchange, err error) {
	p.log().Warn("an answer to a sign-in is not accepted",
		zap.String("account", e.account.Name()), zap.NamedError("reason", err))
	p.refuse(e, err)
}
