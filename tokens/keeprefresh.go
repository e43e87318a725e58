// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// keepRefreshToken puts the refresh token of the sign-in before into a new record
// that has none: some providers give one with the first consent only. It is kept only
// for the same user, as far as both are known, and only if the provider did not refuse
// it: a token that is dead would hide for an hour that there is none. l is why the
// last refresh of the old record failed, or nil.
func (r *record) keepRefreshToken(old *record, l *lastFailure) {
	if r.RefreshToken != "" || old == nil || old.RefreshToken == "" || !sameKnownUser(old.User, r.User) {
		return
	}
	if l != nil && l.Class == oauth.SigninRequired && !isAboutUser(l.Code) {
		return
	}
	r.RefreshToken, r.RefreshTokenAt = old.RefreshToken, old.RefreshTokenAt
	r.RedirectURI = old.RedirectURI // a refresh has to repeat the one it was issued for
}

// withSuccessor returns the record of a sign-in with the refresh token of next, if it
// kept the one that next has replaced: a provider that rotates strictly accepts that
// one no more. It is nil where there is nothing to correct.
func (r *record) withSuccessor(used, next *record) *record {
	if r == nil || used == nil || r.RefreshToken != used.RefreshToken || next.RefreshToken == used.RefreshToken {
		return nil
	}
	corrected := *r
	corrected.Generation = max(r.Generation, next.Generation) + 1
	corrected.RefreshToken, corrected.RefreshTokenAt = next.RefreshToken, next.RefreshTokenAt
	return &corrected
}

// sameKnownUser reports whether both are known and the same.
func sameKnownUser(a, b oauth.User) bool {
	if a.ID != "" && b.ID != "" {
		return a.ID == b.ID
	}
	return a.Name != "" && a.Is(b)
}

// MissingRefreshToken returns that there is no refresh token, and how to get one,
// where the account's flow ends with one; nil where all is well.
func (a *Account) MissingRefreshToken() *oauth.FailureStatus {
	r, _ := a.state.known()
	if !a.lacksRefreshToken(r) {
		return nil
	}
	return &a.noRefreshToken(r).Status
}

// lacksRefreshToken reports whether a record has no refresh token although its flow
// ends with one.
func (a *Account) lacksRefreshToken(r *record) bool {
	return r != nil && r.RefreshToken == "" && a.config.Refreshes()
}

// warnIfNoRefreshToken logs it at the sign-in.
func (a *Account) warnIfNoRefreshToken() {
	if s := a.MissingRefreshToken(); s != nil {
		a.log.Warn("the sign-in has no refresh token", zap.Object("error", *s))
	}
}
