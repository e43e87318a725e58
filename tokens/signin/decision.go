// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// confirmField is yes where the user agrees that another user gets the account, and
// no where that was a mistake.
const confirmField = "confirm"

// decisionPage asks whether another user is to get the account.
type decisionPage struct {
	accountView
	Attempt     string
	Signed, New personView

	// Alike says that the two are called the same, so that no name tells them apart.
	Alike bool
}

func (p *Pages) showDecision(q *pageRequest, t attempt) {
	body := decisionPage{accountView: p.view(q, q.account), Attempt: t.id}
	body.Signed = body.Person
	body.New = personOf(q.account.Config(), t.grant.User, "", "")
	body.Alike = body.Signed.Address == body.New.Address
	p.render(q, "confirm", page{Title: "Another user", Body: body})
}

// decide applies the decision of the user to the sign-in that waits for it. It
// reports false where none waits: then the form begins a new one.
func (p *Pages) decide(q *pageRequest, form url.Values) bool {
	mine := sameBrowserOnly(q.r)
	if id := form.Get(attemptField); id != "" {
		mine = func(t *attempt) error {
			if t.id != id {
				return errUnknownState
			}
			return nil
		}
	}
	t, err := p.Attempts.redeemNewest(p.clock().Now(), q.account.Name(), deciding, mine)
	switch {
	case err != nil && form.Has(attemptField):
		p.refuse(q, err)
		return true
	case err != nil:
		return false
	}
	if !t.operator {
		clearCookie(q.w, q.base, t.state)
	}
	if t.fingerprint != q.account.Config().Fingerprint() {
		p.failed(q.account, t, errOtherConfig)
		p.showAttempt(q, p.current(t))
		return true
	}
	if form.Get(confirmField) != "yes" {
		p.failed(q.account, t, t.other)
		q.seeOther(q.root)
		return true
	}
	p.showAttempt(q, p.confirm(q.r.Context(), q.account, t))
	return true
}

// confirm gives the account to the user who signed in last.
func (p *Pages) confirm(ctx context.Context, a *tokens.Account, t attempt) attempt {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	if err := adoptUnlessForgotten(ctx, a, t, t.grant, true); err != nil {
		p.failed(a, t, err)
		return p.current(t)
	}
	p.succeeded(ctx, a, t, t.grant)
	return p.current(t)
}
