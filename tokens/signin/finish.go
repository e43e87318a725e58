// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"go.uber.org/zap"
)

// finishLimit bounds what is done with an answer once its state is used up. A
// browser that goes away does not stop it: the code would be lost.
const finishLimit = time.Minute

// finish does what an answer says, for an attempt that was taken, and returns
// the attempt as it then stands.
func (p *Pages) finish(ctx context.Context, a *tokens.Account, t attempt, answer url.Values) attempt {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	g, err := p.grant(ctx, a, t, answer)
	return p.adopt(ctx, a, t, g, err)
}

// grant turns an answer into tokens.
func (p *Pages) grant(ctx context.Context, a *tokens.Account, t attempt, answer url.Values) (*tokens.Grant, error) {
	switch {
	case answer.Has("error"):
		return nil, tokens.AuthorizeFailure(a.Name(), answer)
	case t.flow == tokens.FlowCode && answer.Has("code"):
		return a.ExchangeCode(ctx, tokens.Secret(answer.Get("code")), t.verifier, t.redirectURI)
	case t.flow == tokens.FlowToken && answer.Has("access_token"):
		return a.FragmentGrant(answer, t.redirectURI)
	}
	// Nothing that was asked for. A token where a code was asked for would
	// come from whoever made up the address (RFC 9700 §4.6).
	return nil, errWrongAnswer
}

// errWrongAnswer means that an answer with the right state holds no code, or
// for the token flow no token.
var errWrongAnswer = errors.New("the answer holds nothing that was asked for")

// adopt gives the tokens to the account and notes how the attempt ended.
func (p *Pages) adopt(ctx context.Context, a *tokens.Account, t attempt, g *tokens.Grant, err error) attempt {
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
		defer cancel()
		err = give(ctx, a, t, g, false)
	}
	now := p.clock().Now()
	var other *tokens.OtherUserError
	switch {
	case err == nil:
		p.Attempts.succeed(now, t.id, g.User())
	case errors.As(err, &other) && !p.unattended(t):
		p.Attempts.hold(now, t.id, g, other)
	default:
		p.failed(a, t, err)
	}
	return p.current(t)
}

// give lets the account adopt the tokens, unless it was signed out since the
// sign-in began.
func give(ctx context.Context, a *tokens.Account, t attempt, g *tokens.Grant, confirmed bool) error {
	if errors.Is(context.Cause(t.ctx), errForgotten) {
		return errForgotten
	}
	return a.Adopt(ctx, g, confirmed)
}

// unattended reports whether nobody looks at a page who could be asked: an
// operator's device sign-in is watched by a command.
func (p *Pages) unattended(t attempt) bool { return t.operator && t.device != nil }

// failed notes why an attempt failed.
func (p *Pages) failed(a *tokens.Account, t attempt, err error) {
	var f *tokens.Failure
	var other *tokens.OtherUserError // names people, so it is not for the log
	if !errors.As(err, &f) && !errors.As(err, &other) {
		p.log().Warn("a sign-in failed", zap.String("account", a.Name()), zap.Error(err))
	}
	p.Attempts.fail(p.clock().Now(), t.id, statusError(err))
	a.SigninFailed(f)
}

// statusError puts a failure into the words of the status page.
func statusError(err error) *tokens.StatusError {
	var f *tokens.Failure
	var other *tokens.OtherUserError
	switch {
	case errors.As(err, &f):
		return &tokens.StatusError{Class: tokens.Class(f.Class()), Code: f.Code, Message: f.Message, Hint: f.Hint()}
	case errors.As(err, &other):
		return &tokens.StatusError{
			Class:   tokens.SigninRequired,
			Code:    "other_user",
			Message: other.New + " signed in, but the account is " + other.Signed + "'s",
			Hint:    "Sign out first if the account is to change hands, then sign in again.",
		}
	case errors.Is(err, errOtherConfig):
		return &tokens.StatusError{
			Class:   tokens.SigninRequired,
			Code:    "configuration_changed",
			Message: "the account's configuration was changed during the sign-in",
			Hint:    "Start the sign-in again.",
		}
	case errors.Is(err, errWrongAnswer):
		return &tokens.StatusError{
			Class:   tokens.Misconfigured,
			Code:    "wrong_answer",
			Message: "the identity provider answered with something else than what was asked for",
			Hint:    "Compare flow and response_mode with what the app registration allows, then sign in again.",
		}
	}
	return &tokens.StatusError{
		Class:   tokens.Passing,
		Code:    "interrupted",
		Message: "the sign-in could not be finished",
		Hint:    "Start the sign-in again. The server's log says more.",
	}
}

// current returns the attempt as it stands; one that gave way to newer ones in
// the meantime stands where it stood.
func (p *Pages) current(t attempt) attempt {
	if now, ok := p.Attempts.byID(p.clock().Now(), t.account, t.id); ok {
		return now
	}
	return t
}
