// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"errors"
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// The fields of the sign-in form, besides confirm.
const (
	// attemptField names an attempt, in the query of its page and in its forms.
	attemptField = "attempt"
	// flowField chooses code or device in place of the account's own flow.
	flowField = "flow"
	// anotherField asks the provider to let the user choose who signs in.
	anotherField = "another"
)

// signinPage is the page with the button, or the state of an attempt.
type signinPage struct {
	accountView
	Device *oauth.DeviceCode
	Left   instant

	// Elsewhere is the address to open on another machine.
	Elsewhere string
}

// showSignin shows the button, or the state of the attempt in the query.
func (p *Pages) showSignin(q *pageRequest) {
	if p.moveToCanonicalHost(q, "auth/"+q.account.Name()+"/signin", q.account) {
		return
	}
	p.waitsFor(q, q.r.URL.Query().Get(appField))
	id := q.r.URL.Query().Get(attemptField)
	if id == "" {
		p.showButton(q)
		return
	}
	t, ok := p.Attempts.byID(p.clock().Now(), q.account.Name(), id)
	if !ok {
		p.refuse(q, errUnknownState)
		return
	}
	p.waitsFor(q, t.app)
	p.poll(q.account, t)
	switch t.phase {
	case done:
		q.seeOther(p.afterSignin(q, t))
	case deciding:
		p.showDecision(q, t)
	case failed:
		p.showFailure(q, t.failure, http.StatusOK)
	case redeeming:
		p.render(q, "finishing", page{Title: "Finishing the sign-in", Refresh: refreshSoon, Insist: true, script: pageScript})
	default:
		p.showWaiting(q, t)
	}
}

func (p *Pages) showButton(q *pageRequest) {
	v := p.view(q, q.account)
	if v.SignIn != nil {
		v.Paste = v.SignIn.Redirects
		// Who comes here wants to sign in.
		v.SignIn.Primary = v.State != tokens.NeedsOperator && !v.SignIn.byCode()
	}
	p.render(q, "signin", page{Title: "Sign in", Body: signinPage{accountView: v}, script: pageScript, origins: p.origins(q, q.account)})
}

// showWaiting shows a device code, or that the provider has not responded yet.
func (p *Pages) showWaiting(q *pageRequest, t attempt) {
	v := signinPage{accountView: p.view(q, q.account), Device: t.device}
	if t.device == nil {
		v.Paste = true
		if !t.operator {
			v.Elsewhere = t.url
		}
		p.render(q, "signin", page{Title: "Sign in", Body: v, script: pageScript, origins: p.origins(q, q.account)})
		return
	}
	v.Left = p.instant(&t.device.ExpiresAt)
	p.render(q, "device", page{Title: "Sign in with a code", Body: v, Refresh: refreshSoon, Insist: true, script: pageScript})
}

// postSignin begins a sign-in, or ends one that waits for a decision.
func (p *Pages) postSignin(q *pageRequest) {
	form, ok := p.allowedForm(q)
	if !ok {
		return
	}
	if form.Has(confirmField) && p.decide(q, form) {
		return
	}
	p.waitsFor(q, form.Get(appField))
	flow := oauth.Flow(form.Get(flowField))
	if flow != oauth.FlowDevice && p.movePostToCanonicalHost(q) {
		return
	}
	cookie := randomText()
	t, err := p.begin(q.r.Context(), q.account, start{
		flow:        flow,
		redirectURI: p.redirectURI(q.account, q.base),
		prompt:      promptOf(q.account.Config(), form.Has(anotherField)),
		cookie:      cookie,
		app:         q.app,
	})
	if err != nil {
		p.notBegun(q, err)
		return
	}
	if t.device != nil {
		p.showAttempt(q, t)
		return
	}
	setCookie(q.w, q.base, t.state, cookie)
	if len(p.intercepted(q.account.Config())) > 0 {
		p.showAttempt(q, t) // a redirect would lead back to us
		return
	}
	q.seeOther(t.url)
}

// notBegun shows why no sign-in began: the provider's reason, or ours.
func (p *Pages) notBegun(q *pageRequest, err error) {
	var f *oauth.Failure
	if !errors.As(err, &f) {
		p.refuse(q, err)
		return
	}
	status := http.StatusInternalServerError
	if f.Status.Class == oauth.Transient {
		status = http.StatusServiceUnavailable
	}
	p.showFailure(q, statusError(f), status)
}

// promptOf returns the prompt parameter (OpenID Connect Core §3.1.2.1) that
// lets the user choose another account; live does not know it.
func promptOf(c oauth.Config, another bool) string {
	if !another || c.Provider == oauth.MicrosoftAccount {
		return ""
	}
	return "select_account"
}

// failurePage says why a sign-in failed and what to do.
type failurePage struct {
	accountView
	Failure *oauth.FailureStatus
}

func (p *Pages) showFailure(q *pageRequest, f *oauth.FailureStatus, status int) {
	v := p.view(q, q.account)
	if v.SignIn != nil {
		v.SignIn.Primary = f.Class != oauth.Misconfigured && !v.SignIn.byCode()
	}
	p.render(q, "failure", page{
		Title:   "Sign-in failed",
		Body:    failurePage{v, f},
		status:  status,
		origins: p.origins(q, q.account),
	})
}
