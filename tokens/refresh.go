// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// refreshLimit bounds one refresh, waiting for the storage lock included.
const refreshLimit = lockLimit + oauth.RequestTimeout + 15*time.Second

// refreshTries bounds how often a refresh begins again because the process was
// stopped while it had the lock.
const refreshTries = 3

// refresh is the one refresh that many wait for.
func (a *Account) refresh(d demand) (*bearer, error) {
	ctx, done := a.cache.work(refreshLimit)
	defer done()
	a.state.beginRefresh()
	defer a.endRefresh()
	for range refreshTries {
		b, err := a.tryRefresh(ctx, d)
		if !errors.Is(err, errOutlived) {
			return b, err
		}
	}
	return nil, a.cannotRefresh(d, a.lockFailure())
}

// tryRefresh reads the storage before and after it takes the lock: another process
// may have refreshed. Until the request is sent, it ends with the process.
func (a *Account) tryRefresh(ctx context.Context, d demand) (*bearer, error) {
	waiting, stop := a.cache.untilClose(ctx)
	defer stop()
	if err := a.prepare(waiting); err != nil {
		return nil, err
	}
	if a.isDecided(d) {
		return a.decided(d)
	}
	lock, err := a.lockOrDone(waiting, d)
	if b := a.inUse(d); err != nil && b != nil {
		return b, nil
	}
	if err != nil && waiting.Err() == nil {
		return nil, a.cannotRefresh(d, oauth.AsFailure(err))
	}
	if err != nil {
		return nil, err
	}
	if lock == nil {
		return a.decided(d)
	}
	defer lock.unlock()
	err = a.read(waiting)
	if err != nil && !a.mayRefreshUnlocked() {
		return nil, a.cannotRefresh(d, a.storageFailure(err))
	}
	a.cannot.Store(nil)
	if a.isDecided(d) {
		return a.decided(d)
	}
	if waiting.Err() != nil {
		return nil, a.lockFailure()
	}
	return a.refreshLocked(ctx, lock, d)
}

// isDecided reports whether no request to the provider is needed, or allowed.
func (a *Account) isDecided(d demand) bool {
	if d.importing && a.importDue() {
		return false
	}
	return a.inUse(d) != nil || a.blocked(d) != nil
}

// decided returns what the demand gets without a request to the provider: nothing
// where isDecided reports false.
//
//nolint:nilnil // nothing and no error: see isDecided
func (a *Account) decided(d demand) (*bearer, error) {
	if b := a.inUse(d); b != nil {
		return b, nil
	}
	if f := a.blocked(d); f != nil {
		return nil, f
	}
	return nil, nil
}

// impediment is why no refresh could be tried: the storage could not be locked or
// read. It ends with the generation that it was for.
type impediment struct {
	failure    *oauth.Failure
	generation uint64
}

// cannotRefresh notes why a refresh could not be tried, so that the state says what
// requests get.
//
// Where only an import was to be tried again, the last failure says more: what is
// signed in was refused, whatever becomes of the storage.
func (a *Account) cannotRefresh(d demand, f *oauth.Failure) *oauth.Failure {
	r, _ := a.state.known()
	if l := a.lastFailure(r); l != nil && !d.force && l.forbidsRefresh(a.clock.Now()) && !a.importUntried() {
		return l.failure(a)
	}
	a.cannot.Store(&impediment{failure: f, generation: r.generation()})
	a.reportStatus()
	return f
}

// impeded returns why no refresh could be tried, if that still matters.
func (a *Account) impeded(r *record) *oauth.Failure {
	i := a.cannot.Load()
	if i == nil || i.generation != r.generation() {
		return nil
	}
	if r == nil && a.config.Flow != oauth.FlowClientCredentials && !a.importDue() {
		return nil // there is nothing to refresh
	}
	return i.failure
}

// refreshLocked requests tokens from the identity provider. The caller has the lock,
// and has read the storage under it.
func (a *Account) refreshLocked(ctx context.Context, lock *heldLock, d demand) (*bearer, error) {
	if b, err := a.tryImport(ctx, lock, d); b != nil || err != nil {
		return b, err
	}
	if a.isDecided(d) {
		return a.decided(d)
	}
	basis := a.state.basis()
	r := basis.record
	if r == nil {
		r = &record{} // client credentials need none
	}
	if lock.outlived(ctx) {
		return nil, errOutlived
	}
	started := a.clock.Now()
	g, err := a.client.Refresh(ctx, oauth.RefreshRequest{
		RefreshToken: oauth.Secret(r.RefreshToken), RedirectURI: r.RedirectURI, Claims: d.claims,
	})
	took := a.clock.Now().Sub(started)
	if err != nil {
		f := oauth.AsFailure(err)
		a.reportRefresh(string(f.Status.Class), took)
		return a.refreshFailed(ctx, d, r, f)
	}
	next := r.refreshed(g, a.refreshOn(g))
	if f := a.unfit(g, next.User); f != nil {
		a.reportRefresh(string(f.Status.Class), took)
		return a.refreshUnfit(ctx, lock, basis, next, f)
	}
	a.reportRefresh(resultOK, took)
	a.misconfigured.Store(nil)
	a.loggedFailure.Store(nil)
	if a.save(ctx, lock, basis, next) {
		a.log.Debug("refreshed the access token", zap.Time("expires_at", next.Expiry))
	}
	return a.refreshedTo(next.Generation)
}

// refreshedTo returns the token of a generation, or what there is instead: the record
// may have vanished in this moment.
func (a *Account) refreshedTo(generation uint64) (*bearer, error) {
	if b := a.state.bearer.Load(); b != nil && b.generation == generation {
		return b, nil
	}
	return a.decided(demand{})
}

// refreshed returns the record after a refresh. What the response leaves out
// stays as it was: refresh token (RFC 6749 §6), scopes, user.
func (r *record) refreshed(g *oauth.Grant, refreshOn time.Time) *record {
	next := *r
	next.Generation = max(r.Generation, uint64(g.ObtainedAt.UnixMilli())) + 1
	next.AccessToken = g.AccessToken.Reveal()
	next.ObtainedAt, next.Expiry, next.RefreshOn = g.ObtainedAt, g.Expiry, refreshOn
	next.LastFailure = nil
	if t := g.RefreshToken.Reveal(); t != "" && t != r.RefreshToken {
		next.RefreshToken, next.RefreshTokenAt = t, g.ObtainedAt
	}
	if len(g.Scopes) > 0 {
		next.Scopes = g.Scopes
	}
	if g.User.ID != "" {
		next.User.ID = g.User.ID
	}
	if g.User.Name != "" {
		next.User.Name, next.User.Tenant = g.User.Name, g.User.Tenant
	}
	if g.User.FullName != "" {
		next.User.FullName = g.User.FullName
	}
	return &next
}

// refreshOn returns when a token is refreshed ahead of its expiry: when the
// provider suggests it, else well before. A random part makes it a little earlier,
// so that many programs that were started together do not refresh together.
func (a *Account) refreshOn(g *oauth.Grant) time.Time {
	life := g.Expiry.Sub(g.ObtainedAt)
	on := g.RefreshOn
	if before := a.config.RefreshBefore; before > 0 {
		on = g.Expiry.Add(-min(before, life/2))
	}
	if on.IsZero() {
		on = g.Expiry.Add(-min(max(5*time.Minute, life/10), life/2))
	}
	return on.Add(-rand.N(max(on.Sub(g.ObtainedAt)/10, 1)))
}

// refreshFailed records a failure for everybody else who would ask. Only the failure
// is written, for the generation that it is of: the record may be another one by now.
func (a *Account) refreshFailed(ctx context.Context, d demand, r *record, f *oauth.Failure) (*bearer, error) {
	class := f.Status.Class
	if class == oauth.SigninRequired && f.Claims == "" {
		f.Claims = d.claims
	}
	if class == oauth.Misconfigured {
		return a.configRefused(f)
	}
	// Another process may have refreshed without the lock, or while this one was
	// stopped; then the storage has a newer record.
	if err := a.load(ctx); err == nil {
		if b := a.inUse(d); b != nil && b.generation != r.Generation {
			return b, nil
		}
		if now, _ := a.state.known(); now.generation() != r.Generation {
			return nil, f // signed in again or signed out in the meantime
		}
	}
	n := &failureNote{Generation: r.Generation, Failure: a.recordFailure(f, a.state.failureOf(r))}
	// Neither the upstream nor the provider accepts it any more. If it were sent
	// until its expiry, each request would make a round trip in vain.
	n.AccessRefused = class == oauth.SigninRequired && d.refused && d.other == r.Generation
	if class == oauth.Transient {
		f.Wait = n.Failure.NotBefore.Sub(a.clock.Now())
	}
	a.logFailure(f)
	a.noteFailure(ctx, n)
	a.reportFailure(f)
	return nil, f
}

// refreshUnfit keeps the refresh token of a response whose access token is not
// used: the one that it replaced may be invalid by now.
func (a *Account) refreshUnfit(ctx context.Context, lock *heldLock, b basis, next *record, f *oauth.Failure) (*bearer, error) {
	next = next.withoutAccess()
	earlier := a.state.failureOf(b.record)
	saved := a.save(ctx, lock, b, next)
	if f.Status.Class == oauth.Misconfigured {
		return a.configRefused(f)
	}
	a.logFailure(f)
	if saved && f.Status.Class == oauth.SigninRequired {
		a.noteFailure(ctx, &failureNote{Generation: next.Generation, Failure: a.recordFailure(f, earlier)})
	}
	a.reportFailure(f)
	return nil, f
}

// misconfiguredPause is how long a refused configuration is not tried again.
const misconfiguredPause = 30 * time.Second

// configRefused remembers a failure that only a change of the configuration fixes.
func (a *Account) configRefused(f *oauth.Failure) (*bearer, error) {
	a.logFailure(f)
	a.misconfigured.Store(&misconfiguration{failure: f, until: a.clock.Now().Add(misconfiguredPause)})
	a.reportFailure(f)
	return nil, f
}

// unfit returns why the tokens of a refresh are not used.
func (a *Account) unfit(g *oauth.Grant, u oauth.User) *oauth.Failure {
	if f := a.client.CheckBearer(g); f != nil {
		return f
	}
	f := a.unexpected(u)
	if f != nil && a.config.Flow == oauth.FlowClientCredentials {
		f.Status.Class = oauth.Misconfigured
		f.Status.Hint = "Remove expected_user, or set it to the object id of the app's service principal."
	}
	return f
}
