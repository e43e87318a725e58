// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"time"
)

// State is what an account is in, in one word.
type State string

// The states of an account.
const (
	// SignedOut: nobody signed in yet, or somebody signed out.
	SignedOut State = "signed_out"
	// SigningIn: a sign-in is under way and nothing else is usable.
	SigningIn State = "signing_in"
	// Ready: requests are served. An imported token that was not used yet counts.
	Ready State = "ready"
	// Degraded: renewal fails for a passing reason while the old token is good.
	Degraded State = "degraded"
	// NeedsSignin: only a new sign-in helps.
	NeedsSignin State = "signin_required"
	// NeedsOperator: only a change of the configuration helps.
	NeedsOperator State = "misconfigured"
	// Unavailable: renewal fails for a passing reason and nothing is usable.
	Unavailable State = "unavailable"
)

// Usable reports whether requests are served in this state.
func (s State) Usable() bool { return s == Ready || s == Degraded }

// Status is what may be told about an account: to its owner on the status
// page, to scripts as JSON, to operators over the admin API. It holds no
// secret. Absent values are null.
type Status struct {
	Name     string   `json:"name"`
	Provider Provider `json:"provider"`
	Flow     Flow     `json:"flow"`
	State    State    `json:"state"`

	// User is who signed in, as the provider names them: a UPN or e-mail
	// address, else an opaque id.
	User *string `json:"user"`

	// Scopes are the scopes that were granted, else those asked for.
	Scopes []string `json:"scopes"`

	AccessTokenExpiresAt   *time.Time `json:"access_token_expires_at"`
	RefreshedAt            *time.Time `json:"refreshed_at"`
	RefreshTokenObtainedAt *time.Time `json:"refresh_token_obtained_at"`

	Error *StatusError `json:"error"`

	// SigninURL is where to sign in; whoever shows the status knows the base
	// and fills it in.
	SigninURL *string `json:"signin_url"`
}

// StatusError is the last failure of an account that still matters.
type StatusError struct {
	Class   Class  `json:"class"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// Status returns what may be told about the account. The storage is looked at
// only where memory knows nothing yet.
func (a *Account) Status(ctx context.Context) Status {
	if r, _ := a.held.known(); r == nil || !a.imported.Load() {
		if err := a.prepare(ctx); err != nil {
			return a.statusOf(asFailure(err))
		}
	}
	return a.status()
}

func (a *Account) status() Status { return a.statusOf(nil) }

// statusOf returns the status, given a failure to learn it.
func (a *Account) statusOf(unknown *Failure) Status {
	r, reason := a.held.known()
	s := Status{
		Name:     a.config.Name,
		Provider: a.config.Provider,
		Flow:     a.config.Flow,
		Scopes:   append([]string{}, a.config.Scopes...),
	}
	f := a.currentFailure(r, reason, unknown)
	s.State = a.state(r, f)
	if f != nil && s.State != SignedOut && s.State != SigningIn {
		s.Error = f.status()
	}
	if r == nil {
		return s
	}
	if len(r.Scopes) > 0 {
		s.Scopes = append([]string{}, r.Scopes...)
	}
	if name := r.User.String(); name != "" {
		s.User = &name
	}
	s.AccessTokenExpiresAt = instant(r.Expiry)
	s.RefreshedAt = instant(r.ObtainedAt)
	if r.RefreshToken != "" {
		s.RefreshTokenObtainedAt = instant(r.RefreshTokenAt)
	}
	return s
}

// currentFailure is the failure that still matters, worst first.
func (a *Account) currentFailure(r *record, reason error, unknown *Failure) *Failure {
	if w := a.wrong.Load(); w != nil {
		return w.failure
	}
	switch {
	case unknown != nil:
		return unknown
	case a.hindrance(reason) != nil:
		return a.unusable(reason)
	case a.trouble(r) != nil:
		return r.Trouble.failure(a)
	case a.held.isOverdue():
		return a.overdue()
	case a.config.Flow == FlowClientCredentials:
		return nil
	case r == nil:
		return a.noRefresh(r)
	case a.known(r.User) != nil:
		return a.known(r.User)
	case r.RefreshToken == "" && !r.usable(a.clock.Now()):
		return a.noRefresh(r)
	}
	switch err := a.saveOwed(); {
	case errors.Is(err, errEmptied):
		return a.failure(Passing, "not_saved", "the sign-in is in memory only: "+err.Error(),
			"Look at the storage: is its volume mounted? Saving is tried again by itself.")
	case err != nil:
		return a.failure(Passing, "not_saved", "the sign-in is in memory only: the storage could not be written",
			"Look at the storage: is it full, read-only, or another user's? Saving is tried again by itself.")
	}
	return nil
}

func (a *Account) saveOwed() error {
	a.held.mu.Lock()
	defer a.held.mu.Unlock()
	return a.held.owed
}

// state puts it in one word.
func (a *Account) state(r *record, f *Failure) State {
	now := a.clock.Now()
	usable := r != nil && r.usable(now) && a.unexpected(r.User) == nil
	a.held.mu.Lock()
	signingIn := now.Before(a.held.signingIn)
	usable = usable && r.Generation != a.held.rejected
	a.held.mu.Unlock()
	switch {
	case f == nil:
		return Ready
	case f.class == Misconfigured:
		return NeedsOperator
	case f.class == Passing && (usable || f.Code == "not_saved"):
		return Degraded
	case signingIn && !usable:
		return SigningIn
	case f.class == Passing:
		return Unavailable
	case f.Code == "signed_out":
		return SignedOut
	}
	return NeedsSignin
}

// instant is a time as it is told: absent, or UTC to the second.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
