// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// lockName is the storage lock of an account's record.
func (a *Account) lockName() string { return "onenote_account_" + a.config.Name }

// heldLock makes its holder the only one, in this process and in all that share the
// storage, who changes the record. A process that is stopped for longer than a lock
// lives without a sign of its holder has lost it without notice: see outlived.
type heldLock struct {
	account *Account
	stored  bool      // the storage has the lock; else only this process has
	since   time.Time // by the wall clock, which goes on while the process is stopped
	owner   string    // what a lock file says of its owner; empty where unknown
	cancel  context.CancelFunc
}

// lock takes the lock. The error is an *oauth.Failure.
func (a *Account) lock(ctx context.Context) (*heldLock, error) {
	return a.takeLock(ctx, false)
}

// lockIfPossible is lock for work that must be done in any case: where the storage
// cannot be locked it goes on without.
func (a *Account) lockIfPossible(ctx context.Context) (*heldLock, error) {
	return a.takeLock(ctx, true)
}

// takeLock takes the lock. Where the storage refuses it and optional is set, the
// caller goes on without.
func (a *Account) takeLock(ctx context.Context, optional bool) (*heldLock, error) {
	select {
	case a.state.writer <- struct{}{}:
	case <-ctx.Done():
		return nil, a.lockFailure()
	}
	l := &heldLock{account: a, since: a.clock.Now(), cancel: func() {}}
	err := l.take(ctx)
	switch {
	case err == nil:
		a.lockRefused.Store(false)
		return l, nil
	case ctx.Err() == nil && optional:
		// A full or read-only disk has no space for a lock. That must not lose the
		// tokens: what is not stored under the lock is kept in memory.
		a.logLockRefused(err)
		return l, nil
	}
	l.unlock()
	if ctx.Err() == nil {
		a.logLockRefused(err)
	}
	return nil, a.lockFailure()
}

// logLockRefused logs that the storage cannot be locked, once until it can.
func (a *Account) logLockRefused(err error) {
	if !a.lockRefused.Swap(true) {
		a.log.Error("the storage cannot be locked", zap.Error(err))
	}
}

// lockLimit is how long a lock is waited for: longer than any living process may
// need it, which is one request to the identity provider.
const lockLimit = oauth.RequestTimeout + 5*time.Second

// take takes the storage lock, if need be after removing an abandoned one.
func (l *heldLock) take(ctx context.Context) error {
	a := l.account
	a.releaseLeftover(ctx)
	before, began := a.lockFile(ctx), a.clock.Now()
	err := l.takeOnce(ctx)
	if err != nil && ctx.Err() == nil && a.removeAbandonedLock(ctx, before, a.clock.Now().Sub(began)) {
		err = l.takeOnce(ctx)
	}
	if err != nil {
		return err
	}
	l.stored, l.since = true, a.clock.Now()
	l.owner = lockOwner(a.lockFile(ctx))
	return nil
}

// takeOnce locks the storage. The context of the lock goes on until the unlock: some
// storages keep a lock alive for as long as its context lives.
func (l *heldLock) takeOnce(ctx context.Context) error {
	lockCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	left := context.AfterFunc(ctx, cancel)
	limit := time.AfterFunc(lockLimit, cancel)
	err := l.account.storage.Lock(lockCtx, l.account.lockName())
	limit.Stop()
	left()
	if err != nil {
		cancel()
		return err
	}
	l.cancel = cancel
	return nil
}

// unlock releases the lock, unless it belongs to another process by now.
func (l *heldLock) unlock() {
	a := l.account
	// Not with the caller's context: a lock that a cancelled request left behind
	// would stop everybody until it goes stale.
	if ctx := context.Background(); l.stored && !l.lost(ctx) {
		if err := a.storage.Unlock(ctx, a.lockName()); err != nil {
			a.log.Warn("the storage lock could not be released; it is tried again", zap.Error(err))
			a.state.unreleased.Store(&unreleasedLock{owner: l.owner})
		}
	}
	l.cancel()
	<-a.state.writer
}

// unreleasedLock is a lock whose release failed. Storages keep a lock alive for as
// long as its process lives, so the process would wait for itself.
type unreleasedLock struct{ owner string }

// releaseLeftoverSoon is releaseLeftover for the background: others may wait for the
// lock, and this process may not need it for an hour.
func (a *Account) releaseLeftoverSoon(ctx context.Context) {
	if a.state.unreleased.Load() == nil {
		return
	}
	select {
	case a.state.writer <- struct{}{}:
		a.releaseLeftover(ctx)
		<-a.state.writer
	default: // whoever has writer has released it
	}
}

// releaseLeftover releases a lock that this process has left behind. The caller has
// writer.
func (a *Account) releaseLeftover(ctx context.Context) {
	u := a.state.unreleased.Load()
	if u == nil || u.owner != "" && lockOwner(a.lockFile(ctx)) != u.owner {
		a.state.unreleased.Store(nil)
		return
	}
	if err := a.storage.Unlock(ctx, a.lockName()); err == nil || errors.Is(err, fs.ErrNotExist) {
		a.state.unreleased.Store(nil)
	}
}

// Storages give the lock of a holder that shows no sign of life to the next.
const (
	// lockTrust is after how long a file storage does that.
	lockTrust = 10 * time.Second

	// lockSure is how long a lock is ours without a sign of life on any storage: locks
	// of Redis live five seconds.
	lockSure = 4 * time.Second
)

// outlived reports whether the lock may belong to another process by now. What is
// known under it must then be read again.
func (l *heldLock) outlived(ctx context.Context) bool {
	return l.stored && (l.age() > lockSure || l.lost(ctx))
}

func (l *heldLock) age() time.Duration { return l.account.clock.Now().Sub(l.since).Abs() }

// lost reports whether another process has the lock, as far as the storage tells.
func (l *heldLock) lost(ctx context.Context) bool {
	if l.owner == "" {
		return false
	}
	content, err := l.account.readLockFile(ctx)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	owner := lockOwner(content)
	if owner == "" { // somebody is rewriting it
		return l.age() > lockTrust
	}
	return owner != l.owner
}

// regain takes the lock again if another process has got it: nothing is compared
// and written without it.
func (l *heldLock) regain(ctx context.Context) error {
	if !l.stored {
		return errUnlocked
	}
	if !l.lost(ctx) {
		return nil
	}
	l.stored = false
	l.cancel()
	return l.take(ctx)
}

// Why a lock does not serve.
var (
	errUnlocked = errors.New("the storage cannot be locked")
	errOutlived = errors.New("the process was stopped for too long while it had the lock")
)

func (a *Account) lockFailure() *oauth.Failure {
	return a.failure(oauth.Transient, "storage_lock", "the storage of the sign-ins could not be locked in time",
		"Look at the storage and at other processes that use it; it is tried again by itself.")
}

// lockedLoadEvery is how often the storage is read while another process has its
// lock: that process may store the very token that is needed. Storages poll their
// own locks only once a second.
const lockedLoadEvery = 100 * time.Millisecond

// lockOrDone takes the lock for a refresh, or returns nil as soon as another process
// has decided the demand: by a new token, or by a failure. The caller checks both
// again.
func (a *Account) lockOrDone(ctx context.Context, d demand) (*heldLock, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type lockResult struct {
		lock *heldLock
		err  error
	}
	taken := make(chan lockResult, 1)
	go func() {
		lock, err := a.takeLock(ctx, a.mayRefreshUnlocked())
		taken <- lockResult{lock, err}
	}()
	for {
		c, stop := a.clock.After(lockedLoadEvery)
		select {
		case t := <-taken:
			stop()
			return t.lock, t.err
		case <-c:
		}
		if a.load(ctx) != nil || !a.isDecided(d) {
			continue
		}
		cancel()
		if t := <-taken; t.err == nil {
			t.lock.unlock()
		}
		return nil, nil //nolint:nilnil // no lock is needed: see the comment
	}
}

// mayRefreshUnlocked reports whether a refresh harms nobody where the storage cannot
// be locked or read.
func (a *Account) mayRefreshUnlocked() bool {
	return a.config.Provider.KeepsRefreshTokens() || a.config.Flow == oauth.FlowClientCredentials
}
