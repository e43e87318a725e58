// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

// lockName is the storage lock of an account's record.
func (a *Account) lockName() string { return "onenote_account_" + a.config.Name }

// lock makes the caller the only one, in this process and in all that share
// the storage, who changes the record. The error is a *Failure.
func (a *Account) lock(ctx context.Context) (unlock func(), err error) {
	return a.lockUnless(ctx, !a.shared)
}

// lockAnyway is lock for what would be lost if it were not done: where the
// storage cannot be locked it goes on all the same.
func (a *Account) lockAnyway(ctx context.Context) (unlock func(), err error) {
	return a.lockUnless(ctx, true)
}

// lockUnless takes the lock; needless says that one that cannot be had is done
// without.
func (a *Account) lockUnless(ctx context.Context, needless bool) (unlock func(), err error) {
	select {
	case a.held.writer <- struct{}{}:
	case <-ctx.Done():
		return nil, a.lockFailure(ctx.Err())
	}
	release := func() { <-a.held.writer }
	// The lock's context outlives the taking of it: some storages keep a lock
	// alive for as long as its context lives.
	lockCtx, giveUp := context.WithCancel(ctx)
	patience := time.AfterFunc(lockPatience, giveUp)
	err = a.storage.Lock(lockCtx, a.lockName())
	stuck := !patience.Stop()
	switch {
	case err == nil:
		return func() {
			// Not with the caller's context: a lock kept by a cancelled
			// request would stop everybody until it goes stale.
			if err := a.storage.Unlock(context.WithoutCancel(ctx), a.lockName()); err != nil {
				a.log.Warn("the storage lock could not be released", zap.Error(err))
			}
			giveUp()
			release()
		}, nil
	case ctx.Err() == nil && (stuck || needless):
		// A full or read-only disk has no room for a lock, and a process that
		// was killed can leave one that others keep alive. Neither may cost the
		// tokens: what was stored is read again before it is used, and what is
		// stored is numbered.
		a.log.Warn("the storage cannot be locked; going on without", zap.Error(err))
		giveUp()
		return release, nil
	}
	giveUp()
	release()
	return nil, a.lockFailure(err)
}

// lockPatience is how long a lock is waited for: longer than any holder that
// lives may need, which is one request to the identity provider.
const lockPatience = identityTimeout + 5*time.Second

func (a *Account) lockFailure(err error) *Failure {
	if !errors.Is(err, context.Canceled) { // by who waited
		a.log.Error("the storage could not be locked", zap.Error(err))
	}
	return a.failure(Passing, "storage_lock", "the storage of the sign-ins could not be locked in time",
		"Look at the storage and at other processes that use it; it is tried again by itself.")
}

// newsEvery is how often the storage is looked at while its lock is held by
// another, whose renewal may be all that is waited for. Storages poll their
// own locks only once a second.
const newsEvery = 100 * time.Millisecond

// lockOrNews takes the lock, or returns as soon as there is no need of it: the
// caller looks again at what it demanded. With the lock, the storage was read.
func (a *Account) lockOrNews(ctx context.Context, d demand) (unlock func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	type taken struct {
		unlock func()
		err    error
	}
	lock := make(chan taken, 1)
	go func() {
		unlock, err := a.lock(ctx)
		lock <- taken{unlock, err}
	}()
	for {
		c, stop := a.clock.After(newsEvery)
		select {
		case l := <-lock:
			stop()
			if l.err != nil {
				cancel()
				return nil, l.err
			}
			unlock = func() {
				l.unlock()
				cancel() // not before: see lock
			}
			if err := a.look(ctx); err != nil {
				unlock()
				return nil, err
			}
			return unlock, nil
		case <-c:
		}
		if a.look(ctx) != nil || a.met(d) == nil && a.block(d) == nil {
			continue
		}
		cancel()
		if l := <-lock; l.err == nil {
			l.unlock()
		}
		return func() {}, nil
	}
}
