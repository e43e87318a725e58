// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"go.uber.org/zap"
)

// OtherUserError means that somebody else is signed in already: adopting the
// grant takes a confirmation.
type OtherUserError struct {
	Account     string
	Signed, New string
}

func (e *OtherUserError) Error() string {
	return fmt.Sprintf("account %s: %s is signed in, and %s would take their place", e.Account, e.Signed, e.New)
}

// Adopt makes a sign-in the account's own: checked, saved, then used. Nothing
// of it is kept if it is refused. confirmed says that the user has agreed to
// replace another user.
func (a *Account) Adopt(ctx context.Context, g *Grant, confirmed bool) error {
	if f := a.refusedGrant(g); f != nil {
		return f
	}
	unlock, err := a.lockAnyway(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := a.look(ctx); err != nil {
		// The code is used up: given up now, the sign-in would be lost, while
		// in memory it serves until the storage is back.
		a.log.Warn("the sign-in goes on without knowing what is stored", zap.Error(err))
	}
	if old, _ := a.held.known(); old != nil && !confirmed && a.replaces(old.User, g.user) {
		return &OtherUserError{Account: a.config.Name, Signed: old.User.String(), New: g.user.String()}
	}
	r := (&record{Generation: a.nextGeneration()}).renewed(g, a.renewOn(g))
	r.RedirectURI, r.SignedInAt = g.redirectURI, g.obtained
	a.wrong.Store(nil)
	a.signinEnds()
	a.save(ctx, r)
	a.log.Info("signed in", zap.Bool("refresh_token", r.RefreshToken != ""), zap.Strings("scopes", r.Scopes))
	if a.config.refreshes() && r.RefreshToken == "" {
		a.log.Warn("the provider gave no refresh token, so somebody has to sign in again whenever the access token ends; " +
			"add wl.offline_access (microsoft_account) or offline_access (entra) to scopes")
	}
	if missing := missingScopes(a.config.Scopes, r.Scopes); len(missing) > 0 {
		a.log.Warn("fewer permissions were granted than asked for", zap.Strings("missing", missing))
	}
	a.emit("onenote.signed_in", "", "")
	return nil
}

// replaces reports whether one known user would take the place of another, who
// is one to be asked about.
func (a *Account) replaces(old, new user) bool {
	return old != (user{}) && new != (user{}) && !old.is(new) && a.unexpected(old) == nil
}

// refusedGrant says why a sign-in is not taken.
func (a *Account) refusedGrant(g *Grant) *Failure {
	if f := a.foreignType(g); f != nil {
		return f
	}
	f := a.unexpected(g.user)
	if f != nil && f.Code == unexpectedUser {
		f.Message = "somebody else signed in than expected_user allows, and nothing was stored"
		f.hint = "Sign in as the expected user; the provider's own sign-out helps if it does not ask."
	}
	return f
}

// Codes of failures that are about who signed in.
const (
	unknownUser    = "unknown_user"
	unexpectedUser = "unexpected_user"
)

func isAboutUser(code string) bool { return code == unknownUser || code == unexpectedUser }

// unexpected holds the user against expected_user.
func (a *Account) unexpected(u user) *Failure {
	want := a.config.ExpectedUser
	switch {
	case want == "", u.ID == want, u.Name != "" && strings.EqualFold(u.Name, want):
		return nil
	case u == (user{}):
		return a.failure(SigninRequired, unknownUser, "the provider did not say who signed in, so expected_user cannot be checked",
			"Add openid and profile to scopes and sign in again, or remove expected_user.")
	case u.Name == "" && strings.Contains(want, "@"):
		return a.failure(SigninRequired, unexpectedUser, "the provider told an id and no name, so the tokens cannot be held against expected_user, and are not used",
			"Add openid and profile to scopes (entra), or set expected_user to the user's oid or user_id.")
	}
	return a.failure(SigninRequired, unexpectedUser, "the tokens are of somebody else than expected_user, and are not used",
		"Sign in as the expected user, or correct expected_user.")
}

// known is unexpected for a user who may not be known yet: a renewal tells.
func (a *Account) known(u user) *Failure {
	if u == (user{}) {
		return nil
	}
	return a.unexpected(u)
}

// missingScopes compares names as leniently as live writes them: its answers
// say wl.offline-access for wl.offline_access. Scopes that no answer lists
// are not missed.
func missingScopes(asked, granted []string) []string {
	if len(granted) == 0 {
		return nil
	}
	plain := strings.NewReplacer("-", "", "_", "")
	have := make(map[string]bool, len(granted))
	for _, s := range granted {
		have[plain.Replace(strings.ToLower(shortScope(s)))] = true
	}
	var missing []string
	for _, s := range asked {
		short := plain.Replace(strings.ToLower(shortScope(s)))
		if !have[short] && !strings.HasSuffix(short, "offlineaccess") && short != "openid" && short != "profile" && short != ".default" {
			missing = append(missing, s)
		}
	}
	return missing
}

// shortScope drops the resource from a v2.0 scope.
func shortScope(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// nextGeneration is one that no process of this account has seen, also after
// a sign-out that took the record away.
func (a *Account) nextGeneration() uint64 {
	now := uint64(a.clock.Now().UnixMilli())
	if r, _ := a.held.known(); r != nil {
		return max(r.Generation, now) + 1
	}
	return now + 1
}

// SignOut deletes the account's tokens: in memory, in the storage, and so, at
// their next look, on other nodes. It keeps the list of imports. If the
// storage cannot delete, nothing is changed, and the error says so: tokens
// that come back after a restart would be worse than an honest failure.
func (a *Account) SignOut(ctx context.Context) error {
	unlock, err := a.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	a.mark(ctx) // or other nodes would take it for a storage that was emptied
	if err := a.storage.Delete(ctx, a.key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.log.Error("the stored sign-in could not be deleted", zap.Error(err))
		return a.failure(Passing, "storage", "the stored sign-in could not be deleted", "Look at the storage and sign out again.")
	}
	a.held.forget(a.clock.Now())
	a.signinEnds()
	a.wrong.Store(nil)
	a.log.Info("signed out")
	a.emit("onenote.signed_out", "", "")
	a.tell()
	return nil
}

func (h *holding) forget(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.owed = nil
	h.lookedAt = now
	h.put(nil)
}

// SigninBegan notes that somebody is signing in, until then at the latest.
func (a *Account) SigninBegan(until time.Time) {
	a.held.mu.Lock()
	a.held.signingIn = until
	a.held.mu.Unlock()
	a.tell()
}

// SigninFailed notes that a sign-in ended without one. Why is told to whoever
// signed in; the account is as it was.
func (a *Account) SigninFailed(f *Failure) {
	a.signinEnds()
	if f != nil {
		a.log.Warn("a sign-in failed", zap.String("class", f.Class()), zap.String("code", f.Code), zap.String("reason", f.Message),
			zap.String("hint", f.hint), zap.String("trace_id", f.TraceID), zap.String("correlation_id", f.CorrelationID))
	}
	a.tell()
}

func (a *Account) signinEnds() {
	a.held.mu.Lock()
	a.held.signingIn = time.Time{}
	a.held.mu.Unlock()
}

// PendingClaims returns the claims challenge that the next sign-in carries.
func (a *Account) PendingClaims() string {
	if r, _ := a.held.known(); r != nil && r.Trouble != nil {
		return r.Trouble.Claims
	}
	return ""
}
