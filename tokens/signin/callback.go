// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/internal/authpath"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// sameOriginField marks a form that one of our own pages posts to the callback. The
// browser could then send the cookie.
const sameOriginField = "from_page"

// getCallback reads the response from the query. Without one, the browser returns
// from the provider's sign-out, or its response is in the fragment, which no server
// sees: the page for both reads the fragment and posts it here.
func (p *Pages) getCallback(q *pageRequest) {
	values, err := url.ParseQuery(q.r.URL.RawQuery)
	if err != nil {
		p.refuseResponse(q, errUnknownState)
		return
	}
	response, err := readResponse(values)
	if err != nil {
		p.refuseResponse(q, err)
		return
	}
	if p.showAdminConsent(q, values, response) {
		return
	}
	if !isResponse(response) {
		p.showReturn(q)
		return
	}
	if q.r.Method == http.MethodHead {
		return // a HEAD must not use up the response
	}
	if isPrefetch(q.r) {
		// The browser asks again when the user goes there, unless this succeeds.
		p.refuse(q, notPrefetched)
		return
	}
	if response.Has("access_token") || response.Has("id_token") {
		// A token in a query is in every log on the way.
		p.refuseResponse(q, errTokenInQuery)
		return
	}
	p.finishCallback(q, response)
}

// postCallback reads the response from a form: the provider's (response_mode
// form_post), or the one that our page makes of a fragment.
func (p *Pages) postCallback(q *pageRequest) {
	values, err := readForm(q.w, q.r)
	if err != nil {
		p.refuse(q, unreadable)
		return
	}
	response, err := readResponse(values)
	if err != nil {
		p.refuseResponse(q, err)
		return
	}
	if p.showAdminConsent(q, values, response) {
		return
	}
	if !values.Has(sameOriginField) && p.lacksCookie(q, response.Get("state")) {
		p.showRepost(q, response)
		return
	}
	p.finishCallback(q, response)
}

// lacksCookie reports whether the attempt waits for the browser that began it and
// the request has no cookie. The provider's form is posted from another site, and
// with such a form a browser sends no Lax cookie.
func (p *Pages) lacksCookie(q *pageRequest, state string) bool {
	t, ok := p.Attempts.withState(p.clock().Now(), q.account.Name(), state)
	return ok && !t.settled() && !t.operator && !boundTo(&t, q.r)
}

// finishCallback ends the attempt that the response belongs to.
func (p *Pages) finishCallback(q *pageRequest, response url.Values) {
	t, err := p.redeem(q.account, response, sameBrowser(q.r))
	if err != nil {
		p.refuseUnlessUsed(q, response, err)
		return
	}
	p.showFinished(q, p.finish(q.r.Context(), q.account, t, response))
}

// showFinished leads the browser to what became of its attempt.
func (p *Pages) showFinished(q *pageRequest, t attempt) {
	if !t.operator && t.settled() {
		clearCookie(q.w, q.base, t.state)
	}
	p.showAttempt(q, t)
}

// refuseUnlessUsed refuses a response, except one whose state was used already: a
// reload, a second tab or a provider that redirects twice sends the same response
// again, and the user wants to know how the sign-in ended. Nothing is redeemed. The
// id of an attempt that is not over is for its own browser only: it can confirm.
func (p *Pages) refuseUnlessUsed(q *pageRequest, response url.Values, err error) {
	if errors.Is(err, errUsedState) {
		t, ok := p.Attempts.withState(p.clock().Now(), q.account.Name(), response.Get("state"))
		if ok && (t.settled() || t.operator || boundTo(&t, q.r)) {
			p.showAttempt(q, t)
			return
		}
	}
	p.refuseResponse(q, err)
}

// isPrefetch reports whether a browser loads the page in advance, in case the user
// goes there.
func isPrefetch(r *http.Request) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		purpose := strings.ToLower(r.Header.Get(name))
		if strings.HasPrefix(purpose, "prefetch") || strings.HasPrefix(purpose, "preview") || strings.HasPrefix(purpose, "prerender") {
			return true
		}
	}
	return false
}

// redeem uses up the attempt that a response belongs to, if everything matches: the
// state first, then the browser, the issuer and the configuration.
func (p *Pages) redeem(a *tokens.Account, response url.Values, accept func(*attempt) error) (attempt, error) {
	c := a.Config()
	return p.Attempts.redeem(p.clock().Now(), a.Name(), response.Get("state"), func(t *attempt) error {
		if err := accept(t); err != nil {
			return err
		}
		if err := checkIssuer(c, t.endpoint, response.Get("iss")); err != nil {
			return err
		}
		if t.fingerprint != c.Fingerprint() {
			return errOtherConfig
		}
		return nil
	})
}

// HasState reports whether a request has the response to a sign-in in progress. It
// may come from anywhere, since the provider sends it. The state stays valid and the
// body readable.
func (p *Pages) HasState(r *http.Request) bool {
	name, action := splitPath(r.URL.Path)
	if action != authpath.CallbackAction {
		return false
	}
	var values url.Values
	switch r.Method {
	case http.MethodGet:
		values, _ = url.ParseQuery(r.URL.RawQuery)
	case http.MethodPost:
		values = peekForm(r)
	}
	_, err := p.Attempts.peek(p.clock().Now(), name, values.Get("state"))
	return err == nil
}

// returnPage is the page of a callback without a response, or reads a fragment.
type returnPage struct {
	accountView
	Callback string
	Field    string

	// SignedOut says that nobody is signed in here.
	SignedOut bool
}

// showReturn serves a callback without parameters: the browser comes back from the
// provider's sign-out, or somebody opened the address. It says no more than what is
// known here.
func (p *Pages) showReturn(q *pageRequest) {
	body := returnPage{accountView: p.view(q, q.account), Callback: q.callback(), Field: sameOriginField}
	body.SignedOut = body.State == tokens.SignedOut
	title := "Nothing to finish"
	if body.SignedOut {
		title = "Signed out"
	}
	p.render(q, "return", page{
		Title:  title,
		Body:   body,
		script: fragmentScript,
		// The form ends at the status page, or at the page of the attempt.
	})
}

// repostPage is the page that posts a response again, from our own origin.
type repostPage struct {
	Account  string
	Callback string
	Field    string
	Response []oauth.Param
}

// showRepost shows a page that posts the same fields again: then the browser sends
// the cookie.
func (p *Pages) showRepost(q *pageRequest, response url.Values) {
	body := repostPage{Account: q.account.Name(), Callback: q.callback(), Field: sameOriginField}
	for _, name := range responseFields {
		if response.Has(name) {
			body.Response = append(body.Response, oauth.Param{Name: name, Value: response.Get(name)})
		}
	}
	p.render(q, "repost", page{Title: "Finishing the sign-in", Body: body, script: repostScript})
}

// callback is the relative address of the account's callback.
func (q *pageRequest) callback() string {
	return q.root + strings.TrimPrefix(authpath.Callback(q.account.Name()), "/")
}
