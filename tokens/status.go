// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Status is what may be shown of an account: to its owner on the status page, to
// scripts as JSON, to operators over the admin API. It has no secret. Absent values
// are null.
type Status struct {
	Name     string         `json:"name"`
	Provider oauth.Provider `json:"provider"`
	Flow     oauth.Flow     `json:"flow"`
	State    State          `json:"state"`

	// User is who signed in, as the provider names them: a UPN or e-mail
	// address, else the account's label, else an opaque id.
	User *string `json:"user"`

	// Scopes are the granted scopes, else the requested ones.
	Scopes []string `json:"scopes"`

	AccessTokenExpiresAt   *time.Time `json:"access_token_expires_at"`
	RefreshedAt            *time.Time `json:"refreshed_at"`
	RefreshTokenObtainedAt *time.Time `json:"refresh_token_obtained_at"`

	// Error is the last failure that still matters.
	Error *oauth.FailureStatus `json:"error"`

	// SigninURL is where to sign in. This package does not know it: the caller
	// who shows the status fills it in.
	SigninURL *string `json:"signin_url"`
}

// Status returns what may be shown of the account. It reads the storage only where
// nothing is in memory yet.
func (a *Account) Status(ctx context.Context) Status {
	if r, _ := a.state.known(); r == nil || !a.imported.Load() {
		if err := a.prepare(ctx); err != nil {
			return a.statusWith(oauth.AsFailure(err))
		}
	}
	return a.status()
}

// status is Status by what is in memory.
func (a *Account) status() Status {
	if r, _ := a.state.known(); r == nil || !a.imported.Load() {
		return a.statusWith(a.unprepared.Load())
	}
	return a.statusWith(nil)
}

// statusWith returns the status; unprepared is why it may not be known.
func (a *Account) statusWith(unprepared *oauth.Failure) Status {
	r, unusable := a.state.known()
	s := Status{
		Name:     a.config.Name,
		Provider: a.config.Provider,
		Flow:     a.config.Flow,
		Scopes:   append([]string{}, a.config.Scopes...),
	}
	f := a.currentFailure(r, unusable, unprepared)
	s.State = a.conditionOf(r, f).state()
	if s.State == Refused {
		f = a.refusedByUpstream()
	}
	if f != nil && s.State != SignedOut && s.State != SigningIn {
		shown := f.Status
		s.Error = &shown
	}
	if r == nil {
		return s
	}
	if len(r.Scopes) > 0 {
		s.Scopes = append([]string{}, r.Scopes...)
	}
	if name := a.nameOf(r.User); name != "" {
		s.User = &name
	}
	s.AccessTokenExpiresAt = publicTime(r.Expiry)
	s.RefreshedAt = publicTime(r.ObtainedAt)
	if r.RefreshToken != "" {
		s.RefreshTokenObtainedAt = publicTime(r.RefreshTokenAt)
	}
	return s
}

// currentFailure returns the failure that still matters, in the order in which a
// request that needs a refresh would meet them.
func (a *Account) currentFailure(r *record, unusable error, unprepared *oauth.Failure) *oauth.Failure {
	if m := a.misconfigured.Load(); m != nil {
		return m.failure
	}
	l := a.lastFailure(r)
	switch {
	case unprepared != nil:
		return unprepared
	case a.importUntried():
		return a.impeded(r)
	case a.matters(unusable) != nil:
		return a.unusableRecord(unusable)
	case l != nil && l.forbidsRefresh(a.clock.Now()):
		return l.failure(a)
	case a.impeded(r) != nil:
		return a.impeded(r)
	case l != nil:
		return l.failure(a)
	case a.state.isSlow():
		return a.slowFailure()
	case a.lacksFirstToken():
		return a.failure(oauth.Transient, codeNoTokenYet, "no token was requested yet", "The first one is requested in a moment; the log says if that fails.")
	case a.config.Flow == oauth.FlowClientCredentials:
		return nil
	case r == nil:
		return a.noRefreshToken(r)
	case a.unexpectedIfKnown(r.User) != nil:
		return a.unexpectedIfKnown(r.User)
	case r.RefreshToken == "" && (!r.usable(a.clock.Now()) || a.state.wasRefused(r)):
		return a.noRefreshToken(r)
	}
	switch err := a.state.unsavedError(); {
	case errors.Is(err, errEmptied):
		return a.failure(oauth.Transient, codeNotSaved, "the sign-in is in memory only: "+err.Error(),
			"Look at the storage: is its volume mounted? Saving is tried again by itself.")
	case err != nil:
		return a.failure(oauth.Transient, codeNotSaved, "the sign-in is in memory only: the storage could not be written",
			"Look at the storage: is it full, read-only, or another user's? Saving is tried again by itself.")
	case a.lacksRefreshToken(r):
		return a.noRefreshToken(r)
	}
	return nil
}

// conditionOf returns what decides the state now.
func (a *Account) conditionOf(r *record, f *oauth.Failure) condition {
	now := a.clock.Now()
	token := r != nil && r.usable(now) && a.unexpected(r.User) == nil
	upstreams, _ := a.state.refusers()
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	return condition{
		failure:   f,
		token:     token && r.Generation != a.state.refusedGeneration,
		signingIn: now.Before(a.state.signingInUntil),
		refused:   len(upstreams) > 0,
	}
}

// publicTime is a time as the status shows it: absent, or UTC to the second.
func publicTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
