// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// backgroundEvery is how often the background work looks for something to do. The
// timers of a machine that sleeps stop; so a token that expired meanwhile is
// noticed soon after waking.
const backgroundEvery = 30 * time.Second

// idleRefreshEvery is how often an idle account is refreshed, so that no refresh
// token expires of age: Microsoft's live 90 days, others less.
const idleRefreshEvery = 24 * time.Hour

// Run does the background work until its context ends: it loads what other processes
// stored; saves what could not be saved; refreshes ahead of expiry and, for idle
// accounts, daily; and repeats what failed.
func (a *Account) Run(ctx context.Context) {
	prepared := a.begin(ctx)
	last := a.clock.Now()
	for oauth.Sleep(ctx, a.clock, loadEvery) == nil {
		a.followStorage(ctx)
		if a.lacksFirstToken() {
			a.refreshAhead()
		}
		if now := a.clock.Now(); now.Sub(last).Abs() >= backgroundEvery {
			last = now
			if !prepared {
				prepared = a.begin(ctx)
			}
			a.refreshInBackground(ctx)
		}
	}
	a.saveLast(ctx)
}

// begin loads the stored record. It reports false where the storage cannot be
// read, so that Run repeats it: an account that gets no requests would otherwise
// never be refreshed.
func (a *Account) begin(ctx context.Context) bool {
	err := a.prepare(ctx)
	a.resealOld(ctx)
	if ctx.Err() != nil {
		return err == nil
	}
	if err == nil && a.cache.wasReported(NeedsOperator) && a.mayTry() {
		// Only a refresh tells whether the new configuration is right. It would be
		// reported as ready until then.
		a.refreshAhead()
		return true
	}
	a.reportStatus()
	return err == nil
}

// mayTry reports whether a refresh could tell something.
func (a *Account) mayTry() bool {
	r, unusable := a.state.known()
	return r != nil && unusable == nil && a.blocked(demand{}) == nil
}

// lacksFirstToken reports whether an app has no token yet. Nobody has to sign in, so
// it is requested without a request that needs it: whether the credentials are
// right is known then. It is not requested before the first round of the
// background work, because the provider may be this very server, which is not
// listening before.
func (a *Account) lacksFirstToken() bool {
	r, unusable := a.state.known()
	return a.config.Flow == oauth.FlowClientCredentials && r == nil && a.matters(unusable) == nil
}

// refreshInBackground does one round of the background work.
func (a *Account) refreshInBackground(ctx context.Context) {
	a.followStorage(ctx)
	if a.refreshDue() {
		a.refreshAhead()
	}
}

// followStorage loads what other processes stored, and saves what is in memory only.
func (a *Account) followStorage(ctx context.Context) {
	a.releaseLeftoverSoon(ctx)
	before := a.state.basis().version
	if a.load(ctx) != nil {
		return
	}
	if a.state.unsavedError() != nil || a.importsUnsaved.Load() {
		a.saveAgain(ctx)
	}
	if a.state.hasLeftover() {
		a.deleteLeftover(ctx)
	}
	if a.state.basis().version != before {
		a.reportStatus()
	}
	a.reportChange()
}

// refreshDue reports whether the token is to be refreshed without a request.
func (a *Account) refreshDue() bool {
	if a.importDue() {
		return true
	}
	r, unusable := a.state.known()
	if r == nil || unusable != nil || r.RefreshToken == "" && a.config.Flow != oauth.FlowClientCredentials {
		return false
	}
	if a.misconfigured.Load() != nil {
		return true // another process may have refreshed since; only an own refresh tells that it is over
	}
	now := a.clock.Now()
	if a.state.sent.Load() || a.impeded(r) != nil {
		return a.lastFailure(r) != nil || a.impeded(r) != nil || now.After(r.RefreshOn)
	}
	last := r.ObtainedAt
	if last.Before(r.RefreshTokenAt) {
		last = r.RefreshTokenAt
	}
	return a.config.Refreshes() && now.Sub(last) >= idleRefreshEvery
}

// saveLimit bounds the last try to save what is in memory only.
const saveLimit = 5 * time.Second

// saveLast tries once more when the configuration ends: the process may end with
// it, and its memory with the process.
func (a *Account) saveLast(ctx context.Context) {
	if a.state.unsavedError() == nil && !a.importsUnsaved.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveLimit)
	defer cancel()
	a.saveAgain(ctx)
}

// saveAgain tries to save what is in memory only.
func (a *Account) saveAgain(ctx context.Context) {
	lock, err := a.lock(ctx)
	if err != nil {
		return
	}
	defer lock.unlock()
	if a.read(ctx) != nil {
		return
	}
	if a.importsUnsaved.Load() {
		a.saveImportsAgain(ctx)
	}
	if b := a.state.basis(); b.record != nil && a.state.unsavedError() != nil {
		a.save(ctx, lock, b, b.record)
		if a.state.unsavedError() == nil {
			a.log.Info("the sign-in is saved now")
		}
	}
}

// deleteLeftover deletes a record that a sign-out has ended: its deletion failed, or a
// process that was stopped during its save has written the record afterwards.
func (a *Account) deleteLeftover(ctx context.Context) {
	lock, err := a.lock(ctx)
	if err != nil {
		return
	}
	defer lock.unlock()
	m, err := a.loadMarker(ctx)
	if err != nil || lock.outlived(ctx) {
		return
	}
	// The storage may not have this sign-out, if it was away at that time.
	if err := a.storeMarker(ctx, m); err != nil {
		a.log.Debug("the time of the sign-out could not be stored", zap.Error(err))
	}
	if err := a.deleteRecord(ctx, m); err == nil {
		a.state.endLeftover()
	}
}

// resealOld seals a record again that was sealed with an older key, so that the
// older key can be removed from the configuration.
func (a *Account) resealOld(ctx context.Context) {
	if !a.sealedWithOldKey(a.state.basis()) {
		return
	}
	lock, err := a.lock(ctx)
	if err != nil {
		return
	}
	defer lock.unlock()
	if a.read(ctx) != nil {
		return
	}
	if b := a.state.basis(); a.sealedWithOldKey(b) && a.save(ctx, lock, b, b.record) {
		a.log.Info("sealed the sign-in with the first encryption key")
	}
}

// sealedWithOldKey reports whether there is a stored record to seal again.
func (a *Account) sealedWithOldKey(b basis) bool {
	return b.record != nil && b.stored.value != nil && a.isOldKey(b.stored.keyID)
}

// isOldKey reports whether a key is another than the first.
func (a *Account) isOldKey(id string) bool {
	keys, err := a.keys.Keys(false)
	return err == nil && len(keys) > 0 && hexID(keyID(keys[0])) != id
}
