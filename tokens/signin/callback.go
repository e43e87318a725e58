// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// sameOriginField marks a form that one of our own pages posts to the
// callback. The browser then had its chance to bring the cookie.
const sameOriginField = "from_page"

// getCallback takes the answer from the query. Without one it is the browser
// coming back from the provider's sign-out, or one whose answer is in the
// fragment, which no server sees: the page for both reads the fragment and
// posts it here.
func (p *Pages) getCallback(e *exchange) {
	values, err := url.ParseQuery(e.r.URL.RawQuery)
	if err != nil {
		p.refuseAnswer(e, errUnknownState)
		return
	}
	answer, err := readAnswer(values)
	if err != nil {
		p.refuseAnswer(e, err)
		return
	}
	if !isAnswer(answer) {
		p.showReturn(e)
		return
	}
	if e.r.Method == http.MethodHead {
		return // whoever only looks must not use the answer up
	}
	if answer.Has("access_token") || answer.Has("id_token") {
		// A token in a query was seen by every log on the way.
		p.refuseAnswer(e, errTokenInQuery)
		return
	}
	p.answerCallback(e, answer)
}

// postCallback takes the answer from a form: the provider's own
// (response_mode form_post), or one that our page made of a fragment.
func (p *Pages) postCallback(e *exchange) {
	values, err := readForm(e.w, e.r)
	if err != nil {
		p.refuse(e, unreadable)
		return
	}
	answer, err := readAnswer(values)
	if err != nil {
		p.refuseAnswer(e, err)
		return
	}
	if !values.Has(sameOriginField) && p.lacksCookie(e, answer.Get("state")) {
		p.showRepost(e, answer)
		return
	}
	p.answerCallback(e, answer)
}

// lacksCookie reports whether the attempt waits for an answer from the browser
// that began it and no cookie came. The provider's form is posted from another
// site, so that the browser keeps a Lax cookie back.
func (p *Pages) lacksCookie(e *exchange, state string) bool {
	t, err := p.Attempts.peek(p.clock().Now(), e.account.Name(), state)
	return err == nil && !t.operator && !boundTo(&t, e.r)
}

// answerCallback ends the attempt that the answer belongs to.
func (p *Pages) answerCallback(e *exchange, answer url.Values) {
	t, err := p.take(e.account, answer, sameBrowser(e.r))
	if err != nil {
		p.refuseAnswer(e, err)
		return
	}
	if !t.operator {
		clearCookie(e.w, e.base, t.state)
	}
	e.showAttempt(p.finish(e.r.Context(), e.account, t, answer))
}

// take uses up the attempt that an answer belongs to, if everything fits: the
// state first, then the browser, the issuer and the configuration.
func (p *Pages) take(a *tokens.Account, answer url.Values, accept func(*attempt) error) (attempt, error) {
	c := a.Config()
	return p.Attempts.take(p.clock().Now(), a.Name(), answer.Get("state"), func(t *attempt) error {
		if err := accept(t); err != nil {
			return err
		}
		if err := checkIssuer(c.Provider, t.endpoint, answer.Get("iss")); err != nil {
			return err
		}
		if t.fingerprint != c.Fingerprint() {
			return errOtherConfig
		}
		return nil
	})
}

// HasState reports whether a request brings an answer to a sign-in that is
// under way: one that may come from anywhere, since the provider sends it. The
// state stays live and the body readable.
func (p *Pages) HasState(r *http.Request) bool {
	name, action := splitPath(r.URL.Path)
	if action != "callback" {
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

// returned is the page that ends a sign-out, or reads a fragment.
type returned struct {
	Account  string
	Callback string
	Field    string

	// Usable: the account is signed in here, whatever the provider did.
	Usable bool
}

// showReturn answers a callback without parameters.
func (p *Pages) showReturn(e *exchange) {
	state := e.account.Status(e.r.Context()).State
	p.render(e, "return", page{
		Title:  "Signed out",
		Body:   returned{e.account.Name(), e.callback(), sameOriginField, state.Usable()},
		script: fragmentScript,
		// The form ends at home, or on the way to the page of the attempt.
	})
}

// reposted is the page that posts an answer once more, from our own origin.
type reposted struct {
	Account  string
	Callback string
	Field    string
	Answer   []tokens.Param
}

// showRepost answers with a page that posts the same fields again: then the
// browser brings the cookie.
func (p *Pages) showRepost(e *exchange, answer url.Values) {
	body := reposted{Account: e.account.Name(), Callback: e.callback(), Field: sameOriginField}
	for _, name := range answerFields {
		if answer.Has(name) {
			body.Answer = append(body.Answer, tokens.Param{Name: name, Value: answer.Get(name)})
		}
	}
	p.render(e, "repost", page{Title: "Finishing the sign-in", Body: body, script: repostScript})
}

// callback is the relative address of the account's callback.
func (e *exchange) callback() string {
	return e.root + strings.TrimPrefix(callbackPath(e.account.Name()), "/")
}
