// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// ErrNoAttempt means that no sign-in with that id is in progress.
var ErrNoAttempt = errors.New("no such sign-in is in progress; begin a new one")

// Begin begins a sign-in for the operator, who owns it by its id instead of a
// browser by its cookie: the address may be opened in any browser. flow is
// code, device, or empty for the account's own; redirectURI is empty for the
// account's own. Errors are *oauth.Failure, or say what cannot be done.
func (p *Pages) Begin(ctx context.Context, account string, flow oauth.Flow, redirectURI string) (*Attempt, error) {
	a := p.account(account, Access{All: true})
	if a == nil {
		return nil, fmt.Errorf("there is no account %q", account)
	}
	if redirectURI == "" {
		redirectURI = p.redirectURI(a, nil)
	}
	t, err := p.begin(ctx, a, start{flow: flow, redirectURI: redirectURI, operator: true})
	if err != nil {
		return nil, operatorError(account, err)
	}
	return t.public(), nil
}

// Attempt returns the state of a sign-in of the account.
func (p *Pages) Attempt(account, id string) (*Attempt, bool) {
	t, ok := p.Attempts.byID(p.clock().Now(), account, id)
	if !ok {
		return nil, false
	}
	if a := p.account(account, Access{All: true}); a != nil {
		p.poll(a, t)
	}
	return t.public(), true
}

// AwaitAttempt returns the state of a sign-in of the account when it has ended, or as
// it is when ctx ends.
func (p *Pages) AwaitAttempt(ctx context.Context, account, id string) (*Attempt, bool) {
	t, ok := p.Attempts.byID(p.clock().Now(), account, id)
	if !ok {
		return nil, false
	}
	if a := p.account(account, Access{All: true}); a != nil {
		p.poll(a, t)
	}
	if !t.settled() {
		select {
		case <-t.ctx.Done():
		case <-ctx.Done():
		}
	}
	return p.Attempt(account, id)
}

// Paste ends a sign-in of the account with the address that the browser ended
// on. A sign-in that fails is no error but an Attempt that failed; the error
// says that the address is not accepted, and the sign-in goes on waiting.
func (p *Pages) Paste(ctx context.Context, account, id, address string) (*Attempt, error) {
	t, ok := p.Attempts.byID(p.clock().Now(), account, id)
	a := p.account(account, Access{All: true})
	if !ok || a == nil {
		return nil, ErrNoAttempt
	}
	pasted, err := parseAddress(address)
	if err != nil {
		return nil, operatorError(account, err)
	}
	named := func(other *attempt) error {
		if other.id != t.id {
			return errUnknownState
		}
		return nil
	}
	t, err = p.redeemPasted(a, pasted, named, named)
	if errors.Is(err, errUsedState) {
		// The browser has brought the response here by itself.
		if used, ok := p.Attempts.withState(p.clock().Now(), account, pasted.response.Get("state")); ok && used.id == id {
			return used.public(), nil
		}
	}
	if err != nil {
		return nil, operatorError(account, err)
	}
	t = p.finish(ctx, a, t, pasted.response)
	if t.phase == deciding {
		// A user of a terminal sees no page that could ask.
		p.failed(a, t, t.other)
		t = p.current(t)
	}
	return t.public(), nil
}

// operatorError returns as one sentence what a page shows in three parts.
func operatorError(account string, err error) error {
	var f *refusal
	if errors.As(err, &f) {
		return fmt.Errorf("account %s: %s %s", account, f.Message, f.Hint)
	}
	if known, ok := responseRefusals[err]; ok {
		return fmt.Errorf("account %s: %s %s", account, known.Message, known.Hint)
	}
	return err
}
