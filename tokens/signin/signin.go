// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"errors"
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// The fields of the sign-in form, besides confirm.
const (
	// attemptField names an attempt, in the query of its page and in its forms.
	attemptField = "attempt"
	// flowField chooses code or device where the account's own flow is not
	// wanted.
	flowField = "flow"
	// anotherField asks the provider to let the user choose who signs in.
	anotherField = "another"
)

// signinPage is the page with the button, or where an attempt stands.
type signinPage struct {
	accountView
	Device *tokens.DeviceCode
	Left   instant
}

// showSignin shows the button, or how the attempt in the query goes.
func (p *Pages) showSignin(e *exchange) {
	if p.moveBrowser(e, "auth/"+e.account.Name()+"/signin", e.account) {
		return
	}
	id := e.r.URL.Query().Get(attemptField)
	if id == "" {
		p.showButton(e)
		return
	}
	t, ok := p.Attempts.byID(p.clock().Now(), e.account.Name(), id)
	if !ok {
		p.refuse(e, errUnknownState)
		return
	}
	p.poll(e.account, t)
	switch t.phase {
	case done:
		e.seeOther(e.root)
	case deciding:
		p.showDecision(e, t)
	case failed:
		p.showFailure(e, t.failure, http.StatusOK)
	default:
		p.showWaiting(e, t)
	}
}

func (p *Pages) showButton(e *exchange) {
	v := p.view(e, e.account)
	v.Paste = v.SignIn != nil && v.SignIn.Redirects
	p.render(e, "signin", page{Title: "Sign in", Body: signinPage{accountView: v}, origins: p.origins(e, e.account)})
}

// showWaiting shows a device code, or says that the provider has not answered.
func (p *Pages) showWaiting(e *exchange, t attempt) {
	v := signinPage{accountView: p.view(e, e.account), Device: t.device}
	if t.device == nil {
		v.Paste = true
		p.render(e, "signin", page{Title: "Sign in", Body: v, origins: p.origins(e, e.account)})
		return
	}
	v.Left = p.instant(&t.device.ExpiresAt)
	p.render(e, "device", page{Title: "Sign in with a code", Body: v, Refresh: refreshSoon})
}

// postSignin begins a sign-in, or ends one that waits for a decision.
func (p *Pages) postSignin(e *exchange) {
	if !e.visitor.MaySignIn {
		p.refuse(e, notAllowed)
		return
	}
	form, err := readForm(e.w, e.r)
	if err != nil {
		p.refuse(e, unreadable)
		return
	}
	if form.Has(confirmField) && p.decide(e, form) {
		return
	}
	flow := tokens.Flow(form.Get(flowField))
	if flow != tokens.FlowDevice && p.movePost(e) {
		return
	}
	cookie := randomText()
	t, err := p.begin(e.r.Context(), e.account, start{
		flow:        flow,
		redirectURI: p.redirectURI(e.account, e.base),
		prompt:      promptOf(e.account.Config(), form.Has(anotherField)),
		cookie:      cookie,
	})
	if err != nil {
		p.notBegun(e, err)
		return
	}
	if t.device != nil {
		e.showAttempt(t)
		return
	}
	setCookie(e.w, e.base, t.state, cookie)
	e.seeOther(t.url)
}

// notBegun says why no sign-in began: the provider's word, or ours.
func (p *Pages) notBegun(e *exchange, err error) {
	var f *tokens.Failure
	if !errors.As(err, &f) {
		p.refuse(e, err)
		return
	}
	status := http.StatusInternalServerError
	if tokens.Class(f.Class()) == tokens.Passing {
		status = http.StatusServiceUnavailable
	}
	p.showFailure(e, statusError(f), status)
}

// promptOf returns the prompt parameter (OpenID Connect Core §3.1.2.1) that
// lets the user choose another account; live does not know it.
func promptOf(c tokens.Config, another bool) string {
	if !another || c.Provider == tokens.MicrosoftAccount {
		return ""
	}
	return "select_account"
}

// failurePage says why a sign-in failed and what to do.
type failurePage struct {
	accountView
	Failure *tokens.StatusError
}

func (p *Pages) showFailure(e *exchange, f *tokens.StatusError, status int) {
	p.render(e, "failure", page{
		Title:   "Sign-in failed",
		Body:    failurePage{p.view(e, e.account), f},
		status:  status,
		origins: p.origins(e, e.account),
	})
}
