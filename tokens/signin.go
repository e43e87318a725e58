// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// OtherUserError means that another user is signed in already: adopting the grant
// needs a confirmation.
type OtherUserError struct {
	Account     string
	Signed, New string
}

func (e *OtherUserError) Error() string {
	return fmt.Sprintf("account %s: %s is signed in, and %s would replace them", e.Account, e.Signed, e.New)
}

// Adopt makes a sign-in the account's own: checked, saved, then used. Nothing of it
// is kept if it is refused. confirmed says that the user has agreed to replace
// another user. A sign-in whose context has ended when its turn comes, or that is
// older than the last sign-out, is refused: a caller that drops sign-ins in progress
// ends their contexts, then signs out.
func (a *Account) Adopt(ctx context.Context, g *oauth.Grant, confirmed bool) error {
	if f := a.refusedGrant(g); f != nil {
		return f
	}
	lock, err := a.lockIfPossible(ctx)
	if err != nil {
		return err
	}
	defer lock.unlock()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := a.load(ctx); err != nil {
		// The code is used up: without this the sign-in would be lost. In memory
		// it serves until the storage is back.
		a.log.Warn("the sign-in goes on although the stored record cannot be read", zap.Error(err))
	}
	m, _ := a.loadMarker(ctx) // none, if the storage cannot be read
	begun := g.RequestedAt
	if begun.IsZero() {
		begun = g.ObtainedAt
	}
	if m.SignedOutAt.After(begun) && !m.SignedOutAt.After(a.clock.Now()) {
		return a.signedOutMeanwhile()
	}
	old, _ := a.state.known()
	if old != nil && !confirmed && a.replacesUser(old.User, g.User) {
		return &OtherUserError{Account: a.config.Name, Signed: a.nameOf(old.User), New: g.User.String()}
	}
	r := (&record{Generation: a.nextGeneration()}).refreshed(g, a.refreshOn(g))
	r.RedirectURI, r.SignedInAt, r.SignInID = g.RedirectURI, signInTime(a.clock.Now(), old, m), rand.Text()
	r.keepRefreshToken(old, a.state.failureOf(old))
	a.misconfigured.Store(nil)
	a.loggedFailure.Store(nil)
	a.state.setSigningIn(time.Time{})
	if a.importsUnsaved.Load() {
		a.saveImportsAgain(ctx) // the record that says so is about to be replaced
	}
	if !a.saveSignin(ctx, r) {
		return a.signedOutMeanwhile()
	}
	a.log.Info("signed in", zap.Bool("refresh_token", r.RefreshToken != ""), zap.Strings("scopes", r.Scopes))
	a.warnIfNoRefreshToken()
	if missing := oauth.MissingScopes(a.config.Scopes, r.Scopes); len(missing) > 0 {
		a.log.Warn("fewer permissions were granted than requested", zap.Strings("missing", missing))
	}
	a.emit(Event{Name: EventSignedIn})
	return nil
}

func (a *Account) signedOutMeanwhile() *oauth.Failure {
	return a.failure(oauth.SigninRequired, codeSignedOut, "the account was signed out during the sign-in", "Sign in again.")
}

// refusedGrant returns why a sign-in is not adopted.
func (a *Account) refusedGrant(g *oauth.Grant) *oauth.Failure {
	if f := a.client.CheckBearer(g); f != nil {
		return f
	}
	f := a.unexpected(g.User)
	if f != nil && f.Status.Code == codeUnexpectedUser {
		f.Status.Message = "another user signed in than expected_user allows, and nothing was stored"
		f.Status.Hint = "Sign in as the expected user; the provider's own sign-out helps if it does not let you choose."
	}
	return f
}

// nextGeneration returns one that no process of this account has seen, also after
// a sign-out that deleted the record.
func (a *Account) nextGeneration() uint64 {
	now := uint64(a.clock.Now().UnixMilli())
	if r, _ := a.state.known(); r != nil {
		return max(r.Generation, now) + 1
	}
	return now + 1
}

// signInTime returns the time of a sign-in that happens at a time: it is after the
// sign-in that it replaces and after the last sign-out, whatever the clocks say.
func signInTime(at time.Time, replaced *record, m marker) time.Time {
	for _, earlier := range []time.Time{replaced.signIn().at, m.SignedOutAt} {
		if !at.After(earlier) {
			at = earlier.Add(1)
		}
	}
	return at
}

// signOutLimit bounds a sign-out: a refresh in flight may take its time, and another
// process may have the lock.
const signOutLimit = refreshLimit + lockLimit

// SignOut deletes the account's tokens: in memory, in the storage, and so, at their
// next load, on other nodes. It keeps the list of imports. If the storage cannot
// delete, nothing is changed, and the error says so: tokens that come back after a
// restart would be worse than a failure. Once begun it is carried out, also if its
// context ends.
func (a *Account) SignOut(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- a.signOut() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return a.failure(oauth.Transient, "storage_lock", "the sign-out waits for the storage of the sign-ins and goes on",
			"Look at the status in a minute.")
	}
}

func (a *Account) signOut() error {
	ctx, done := a.cache.work(signOutLimit)
	defer done()
	lock, err := a.lockIfPossible(ctx)
	if err != nil {
		return err
	}
	defer lock.unlock()
	_ = a.load(ctx) // for the time of the sign-in
	before, now, noted := a.markSignedOut(ctx)
	if err := a.deleteRecord(ctx, now); err != nil {
		a.log.Error("the stored sign-in could not be deleted", zap.Error(err))
		if noted && a.storeMarker(ctx, before) != nil {
			// The sign-out counts already: the deletion is tried again.
			a.forget(now)
		}
		if !lock.stored {
			return a.lockFailure()
		}
		return a.failure(oauth.Transient, "storage", "the stored sign-in could not be deleted", "Look at the storage and sign out again.")
	}
	if err := a.storage.Delete(ctx, failureKey(a.config.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.log.Debug("the stored failure could not be deleted", zap.Error(err))
	}
	a.dropCandidate(ctx)
	a.forget(now)
	return nil
}

// forget ends the sign-in in memory, under all configurations of the account.
func (a *Account) forget(m marker) {
	a.cache.signedOutAt.Store(&m.SignedOutAt)
	a.cache.forget(a.clock.Now())
	a.state.setSigningIn(time.Time{})
	a.misconfigured.Store(nil)
	a.log.Info("signed out")
	a.emit(Event{Name: EventSignedOut})
	a.reportStatus()
}

// markSignedOut notes the sign-out in the marker, for processes that have something
// of this sign-in in memory only, or store it too late; without a marker the storage
// would look emptied to them. It returns the marker that was there, the one that is
// to be there now, and whether that is stored. A storage that takes no marker is no
// reason to keep the tokens.
func (a *Account) markSignedOut(ctx context.Context) (before, now marker, noted bool) {
	r, _ := a.state.known()
	before, err := a.loadMarker(ctx)
	now.SignedOutAt = a.clock.Now()
	for _, later := range []time.Time{r.signIn().at, before.SignedOutAt} {
		if later.After(now.SignedOutAt) {
			now.SignedOutAt = later // by a clock that is ahead
		}
	}
	if err == nil {
		err = a.storeMarker(ctx, now)
		a.state.hasMarker.Store(err == nil || before.present)
	}
	if err != nil {
		a.log.Warn("the time of the sign-out could not be stored", zap.Error(err))
	}
	return before, now, err == nil
}

// deleteRecord deletes the stored record, unless it is of a sign-in that came after
// the sign-out.
func (a *Account) deleteRecord(ctx context.Context, m marker) error {
	value, err := a.storage.Load(ctx, a.key)
	if err == nil {
		if r := a.open(value).record; r != nil && !r.SignedInAt.IsZero() && !m.ends(r) {
			return nil
		}
	}
	err = a.storage.Delete(ctx, a.key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// SigninBegan notes that somebody is signing in, until then at the latest.
func (a *Account) SigninBegan(until time.Time) {
	a.state.setSigningIn(until)
	a.reportStatus()
}

// SigninFailed notes that a sign-in ended without tokens. The account is as it was.
// f is the reason where it may be logged, else nil.
func (a *Account) SigninFailed(f *oauth.Failure) {
	a.state.setSigningIn(time.Time{})
	if f != nil {
		a.log.Warn("sign-in failed", zap.Object("error", f.Status))
	}
	a.reportStatus()
}

// RedirectURI returns the redirect URI that the tokens in use were obtained with.
// It is empty where there was none, as with a device code, or it is not known.
func (a *Account) RedirectURI() string {
	if r, _ := a.state.known(); r != nil {
		return r.RedirectURI
	}
	return ""
}

// PendingClaims returns the claims challenge that the next sign-in has to carry.
func (a *Account) PendingClaims() string {
	r, _ := a.state.known()
	if l := a.state.failureOf(r); l != nil {
		return l.Claims
	}
	return ""
}
