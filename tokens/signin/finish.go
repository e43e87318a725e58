// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"net/url"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// finishLimit bounds the processing of a response once its state is used. A browser
// that disconnects does not stop it: the code would be lost.
const finishLimit = time.Minute

// finish processes the response of an attempt that was redeemed, and returns the
// attempt as it is then.
func (p *Pages) finish(ctx context.Context, a *tokens.Account, t attempt, response url.Values) attempt {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	g, err := p.grant(ctx, a, t, response)
	return p.adopt(ctx, a, t, g, err)
}

// grant returns the tokens of a response, or those that its code is redeemed for.
func (p *Pages) grant(ctx context.Context, a *tokens.Account, t attempt, response url.Values) (*oauth.Grant, error) {
	switch {
	case response.Has("error"):
		return nil, oauth.AuthorizeFailure(a.Name(), response)
	case t.flow == oauth.FlowCode && response.Has("code"):
		return a.Client().ExchangeCode(ctx, oauth.Secret(response.Get("code")), t.verifier, t.redirectURI)
	case t.flow == oauth.FlowToken && response.Has("access_token"):
		return a.Client().FragmentGrant(response, t.redirectURI)
	}
	// Not what was requested. A token in place of a code would come from an
	// attacker who made up the address (RFC 9700 §4.6).
	return nil, errWrongResponse
}

// errWrongResponse means that a response with the right state has no code, or for
// the token flow no token.
var errWrongResponse = errors.New("the response has nothing that was requested")

// adopt gives the tokens to the account and records how the attempt ended.
func (p *Pages) adopt(ctx context.Context, a *tokens.Account, t attempt, g *oauth.Grant, err error) attempt {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	if err == nil {
		err = adoptUnlessForgotten(ctx, a, t, g, false)
	}
	var other *tokens.OtherUserError
	switch {
	case err == nil:
		p.succeeded(ctx, a, t, g)
	case errors.As(err, &other) && !p.unattended(t):
		p.Attempts.awaitDecision(p.clock().Now(), t.id, g, other)
	default:
		p.failed(a, t, err)
	}
	return p.current(t)
}

// succeeded tests the tokens of a sign-in and records how it ended.
func (p *Pages) succeeded(ctx context.Context, a *tokens.Account, t attempt, g *oauth.Grant) {
	tests := p.test(ctx, a)
	p.Attempts.succeed(p.clock().Now(), t.id, g.User.String(), tests, a.MissingRefreshToken())
}

// adoptUnlessForgotten lets the account adopt the tokens, unless it was signed out
// since the sign-in began.
func adoptUnlessForgotten(ctx context.Context, a *tokens.Account, t attempt, g *oauth.Grant, confirmed bool) error {
	if errors.Is(context.Cause(t.ctx), errForgotten) {
		return errForgotten
	}
	return a.Adopt(ctx, g, confirmed)
}

// unattended reports whether no user sees a page that could ask: an operator's
// device sign-in is watched by a command.
func (p *Pages) unattended(t attempt) bool { return t.operator && t.device != nil }

// failed records why an attempt failed.
func (p *Pages) failed(a *tokens.Account, t attempt, err error) {
	var f *oauth.Failure
	var other *tokens.OtherUserError // names users, so it is not logged
	if !errors.As(err, &f) && !errors.As(err, &other) {
		p.log().Warn("sign-in failed", zap.String("account", a.Name()), zap.Error(err))
	}
	p.Attempts.fail(p.clock().Now(), t.id, statusError(err))
	a.SigninFailed(f)
}

// statusError returns an error as the pages show it.
func statusError(err error) *oauth.FailureStatus {
	var f *oauth.Failure
	var other *tokens.OtherUserError
	switch {
	case errors.As(err, &f):
		status := f.Status
		return &status
	case errors.As(err, &other):
		return &oauth.FailureStatus{
			Class:   oauth.SigninRequired,
			Code:    "other_user",
			Message: other.New + " signed in, but the account is " + other.Signed + "'s",
			Hint:    "Sign out first if the account is to change hands, then sign in again.",
		}
	case errors.Is(err, errOtherConfig):
		return &oauth.FailureStatus{
			Class:   oauth.SigninRequired,
			Code:    "configuration_changed",
			Message: "the account's configuration was changed during the sign-in",
			Hint:    "Start the sign-in again.",
		}
	case errors.Is(err, errWrongResponse):
		return &oauth.FailureStatus{
			Class:   oauth.Misconfigured,
			Code:    "wrong_answer",
			Message: "the identity provider responded with something else than was requested",
			Hint:    "Compare flow and response_mode with what the app registration allows, then sign in again.",
		}
	}
	return &oauth.FailureStatus{
		Class:   oauth.Transient,
		Code:    "interrupted",
		Message: "the sign-in could not be finished",
		Hint:    "Start the sign-in again. The server's log says more.",
	}
}

// current returns the attempt as it is now, or, where it was dropped for newer ones,
// as it was.
func (p *Pages) current(t attempt) attempt {
	if now, ok := p.Attempts.byID(p.clock().Now(), t.account, t.id); ok {
		return now
	}
	return t
}
