// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// confirmField is yes where the user agrees that another one takes the
// account over, and no where that was a mistake.
const confirmField = "confirm"

// decisionPage asks whether the account is to change hands.
type decisionPage struct {
	accountView
	Attempt     string
	Signed, New string
}

func (p *Pages) showDecision(e *exchange, t attempt) {
	p.render(e, "confirm", page{
		Title: "Another user",
		Body:  decisionPage{p.view(e, e.account), t.id, t.other.Signed, t.other.New},
	})
}

// decide does what the user said about a sign-in that waits for it. It reports
// false where none does: then the form asks for a new one.
func (p *Pages) decide(e *exchange, form url.Values) bool {
	mine := begunHere(e.r)
	if id := form.Get(attemptField); id != "" {
		mine = func(t *attempt) error {
			if t.id != id {
				return errUnknownState
			}
			return nil
		}
	}
	t, err := p.Attempts.takeNewest(p.clock().Now(), e.account.Name(), deciding, mine)
	switch {
	case err != nil && form.Has(attemptField):
		p.refuse(e, err)
		return true
	case err != nil:
		return false
	case t.fingerprint != e.account.Config().Fingerprint():
		p.failed(e.account, t, errOtherConfig)
		e.showAttempt(p.current(t))
		return true
	}
	if form.Get(confirmField) != "yes" {
		p.failed(e.account, t, t.other)
		e.seeOther(e.root)
		return true
	}
	e.showAttempt(p.confirm(e.r.Context(), e.account, t))
	return true
}

// confirm gives the account to the user who signed in last.
func (p *Pages) confirm(ctx context.Context, a *tokens.Account, t attempt) attempt {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	if err := give(ctx, a, t, t.grant, true); err != nil {
		p.failed(a, t, err)
		return p.current(t)
	}
	p.Attempts.succeed(p.clock().Now(), t.id, t.grant.User())
	return p.current(t)
}
