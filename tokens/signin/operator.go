// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"fmt"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// ErrNoAttempt means that no sign-in with that id is under way.
var ErrNoAttempt = errors.New("no such sign-in is under way; begin a new one")

// Begin begins a sign-in for the operator, who owns it by its id instead of a
// browser by its cookie: the address may be opened in any browser. flow is
// code, device, or empty for the account's own; redirectURI is empty for the
// account's own. Errors are *tokens.Failure, or say what cannot be done.
func (p *Pages) Begin(ctx context.Context, account string, flow tokens.Flow, redirectURI string) (*Attempt, error) {
	a := p.account(account, Visitor{})
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

// Attempt returns how a sign-in of the account goes.
func (p *Pages) Attempt(account, id string) (*Attempt, bool) {
	t, ok := p.Attempts.byID(p.clock().Now(), account, id)
	if !ok {
		return nil, false
	}
	if a := p.account(account, Visitor{}); a != nil {
		p.poll(a, t)
	}
	return t.public(), true
}

// Paste ends a sign-in of the account with the address that the browser ended
// on. A sign-in that fails is no error but an Attempt that failed; the error
// says that the address is not accepted, and the sign-in goes on waiting.
func (p *Pages) Paste(ctx context.Context, account, id, address string) (*Attempt, error) {
	t, ok := p.Attempts.byID(p.clock().Now(), account, id)
	a := p.account(account, Visitor{})
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
	t, err = p.takePasted(a, pasted, named, named)
	if err != nil {
		return nil, operatorError(account, err)
	}
	t = p.finish(ctx, a, t, pasted.answer)
	if t.phase == deciding {
		// Whoever pastes into a terminal sees no page that could ask.
		p.failed(a, t, t.other)
		t = p.current(t)
	}
	return t.public(), nil
}

// operatorError says in one sentence what a page says in three.
func operatorError(account string, err error) error {
	var f *refusal
	if errors.As(err, &f) {
		return fmt.Errorf("account %s: %s %s", account, f.Message, f.Hint)
	}
	if known, ok := answerRefusals[err]; ok {
		return fmt.Errorf("account %s: %s %s", account, known.Message, known.Hint)
	}
	return err
}
