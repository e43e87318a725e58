// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/internal/sentence"
)

// refusal says why a request is refused, for the user.
type refusal struct {
	Status  int
	Title   string
	Message string
	Hint    string

	// Cause and Explanation are those of the server around the pages; they may be empty.
	Cause, Explanation string
}

func (f *refusal) Error() string { return f.Message }

var (
	notFound = &refusal{Status: http.StatusNotFound, Title: "Not found",
		Message: "There is no such page, or no account of that name.",
		Hint:    "The status page lists the accounts."}

	badMethod = &refusal{Status: http.StatusMethodNotAllowed, Title: "Not possible",
		Message: "This page does not take that kind of request.",
		Hint:    "Use the buttons on the status page."}

	notAllowed = &refusal{Status: http.StatusForbidden, Title: "Not allowed here",
		Message: "Signing in and out is not allowed from where you are.",
		Hint:    "Do it on the machine that this server runs on, or let the operator set allow_remote_signin."}

	notPrefetched = &refusal{Status: http.StatusServiceUnavailable, Title: "Not in advance",
		Message: "This page finishes a sign-in, so it is not loaded in advance.",
		Hint:    "Open the address again."}

	noUser = &refusal{Status: http.StatusBadRequest, Title: "Nobody to sign in",
		Message: "This account uses the app's own credentials; no user signs in.",
		Hint:    "If it has no token, the status page says why."}

	noFlow = &refusal{Status: http.StatusBadRequest, Title: "Not possible",
		Message: "This account cannot sign in that way.",
		Hint:    "Use the buttons on the status page."}

	noRedirect = &refusal{Status: http.StatusBadRequest, Title: "Not possible",
		Message: "It is not known where the provider should send the browser back to.",
		Hint:    "Set redirect_uri for the account, or public_url for the site."}

	unreadable = &refusal{Status: http.StatusBadRequest, Title: "Not understood",
		Message: "The form that was sent cannot be read.",
		Hint:    "Use the form on the page, or send application/x-www-form-urlencoded."}

	foreignAddress = &refusal{Status: http.StatusBadRequest, Title: "Not the right address",
		Message: "This is not the address that the sign-in ends on.",
		Hint:    "Copy the whole address from the browser's address bar after the provider is done, from its beginning to its end."}

	noResponse = &refusal{Status: http.StatusBadRequest, Title: "Nothing in the address",
		Message: "The address has no response of the provider.",
		Hint:    "Copy the whole address, including everything after the ? or #."}
)

// responseRefusals say why a provider's response is not accepted.
var responseRefusals = map[error]refusal{
	errNoState: {Title: "Not accepted",
		Message: "The response has no state, so it belongs to no sign-in that was begun here.",
		Hint:    "Start the sign-in again from the status page."},
	errUnknownState: {Title: "Too late, or not from here",
		Message: "The sign-in that this response belongs to is not known here, or took longer than ten minutes.",
		Hint:    "Start the sign-in again from the status page."},
	errUsedState: {Title: "Already used",
		Message: "This response was used before, and is valid only once.",
		Hint:    "The status page shows whether the sign-in worked. If not, start it again."},
	errOtherAccount: {Title: "Not accepted",
		Message: "The response belongs to the sign-in of another account.",
		Hint:    "Start the sign-in again from the status page."},
	errOtherBrowser: {Title: "Another browser",
		Message: "This sign-in was begun in another browser, or this browser keeps no cookies.",
		Hint:    "Start the sign-in again in the browser you want to finish it in."},
	errOtherIssuer: {Title: "Not accepted",
		Message: "The response comes from another identity provider than the request was sent to.",
		Hint:    "Start the sign-in again. If this comes back, compare authorize_url and issuer with the provider's documentation (custom: issuer names it exactly)."},
	errOtherConfig: {Title: "Configuration changed",
		Message: "The account's configuration was changed during the sign-in.",
		Hint:    "Start the sign-in again from the status page."},
	errTokenInQuery: {Title: "Not accepted",
		Message: "The response has a token in the query of the address, where others may have seen it.",
		Hint:    "Let the provider respond in the fragment or by form_post, and start the sign-in again."},
	errTwice: {Title: "Not understood",
		Message: "The response has a parameter twice.",
		Hint:    "Start the sign-in again from the status page."},
}

// A Refusal is an error response of the server around the pages, for people.
type Refusal struct {
	Status  int
	Message string // what is wrong, and what to do

	// Cause is the word that programs get; Explanation is where it is explained.
	Cause, Explanation string
}

// titles are the headings of refusals by their status.
var titles = map[int]string{
	http.StatusBadRequest:       "Not understood",
	http.StatusUnauthorized:     "A key is needed",
	http.StatusForbidden:        "Not allowed here",
	http.StatusNotFound:         "Not found",
	http.StatusMethodNotAllowed: "Not possible",
	http.StatusTooManyRequests:  "Too many attempts",
	http.StatusLoopDetected:     "Request loop",
}

// ServeRefusal responds with a page to a request that the server around the pages
// refuses. The client may be anybody, and the page tells nothing but the refusal.
func (p *Pages) ServeRefusal(w http.ResponseWriter, r *http.Request, f Refusal) {
	setHeaders(w.Header())
	q := &pageRequest{w: w, r: r, root: rootFrom(r), stranger: true}
	title := cmp.Or(titles[f.Status], "Not possible now")
	p.render(q, "refusal", page{Title: title, status: f.Status, Body: refusal{
		Title:       title,
		Message:     sentence.Begin(f.Message),
		Cause:       f.Cause,
		Explanation: f.Explanation,
	}})
}

// WantsPage reports whether a browser opens an address, for a person to read what
// comes: programs send no such field, or ask for anything.
func WantsPage(r *http.Request) bool {
	return navigates(r) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// rootFrom returns the relative path from that of a request to our base. It counts the
// slashes as the browser does, which sees them as they were sent.
func rootFrom(r *http.Request) string {
	return "./" + strings.Repeat("../", max(0, strings.Count(r.URL.EscapedPath(), "/")-1))
}

// refuse shows that a request is refused, and why.
func (p *Pages) refuse(q *pageRequest, err error) {
	var f *refusal
	if !errors.As(err, &f) {
		known, ok := responseRefusals[err]
		if !ok {
			known = refusal{Title: "Not done", Message: "The request could not be served.", Hint: "Try again in a moment."}
		}
		known.Status = http.StatusBadRequest
		if errors.Is(err, errClosed) {
			known.Status = http.StatusServiceUnavailable
		}
		f = &known
	}
	p.render(q, "refusal", page{Title: f.Title, Body: f, status: f.Status})
}

// refuseResponse is refuse for a response of the provider, or a forged one, which is
// logged. A client that does not see all accounts is not told that a state belongs
// to one of the others.
func (p *Pages) refuseResponse(q *pageRequest, err error) {
	p.log().Warn("the response to a sign-in is not accepted",
		zap.String("account", q.account.Name()), zap.NamedError("reason", err))
	if errors.Is(err, errOtherAccount) && !q.access.All {
		err = errUnknownState
	}
	p.refuse(q, err)
}
