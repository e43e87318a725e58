// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// A machine that sleeps stops its timers; waking at least this often, Run
// notices soon that a token ended meanwhile.
const tendEvery = 30 * time.Second

// keepAlive is how often an idle account is renewed, so that no refresh token
// dies of age: Microsoft's live 90 days, others less.
const keepAlive = 24 * time.Hour

// Run does what nobody waits for, until its context ends: it renews ahead of
// expiry and, for idle accounts, daily; tries again what failed; saves what
// could not be saved; and, where the storage is shared, learns what other
// nodes did.
func (a *Account) Run(ctx context.Context) {
	learnt := a.learn(ctx)
	every := tendEvery
	if a.shared {
		every = lookEvery
	}
	for a.sleep(ctx, every) == nil {
		if !learnt {
			learnt = a.learn(ctx)
		}
		a.tend(ctx)
	}
	a.saveLast(ctx)
}

// saveLimit bounds the last try to save what is in memory only.
const saveLimit = 5 * time.Second

// saveLast tries once more when the configuration ends: the process may end
// with it, and with the process what it remembers.
func (a *Account) saveLast(ctx context.Context) {
	if a.saveOwed() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveLimit)
	defer cancel()
	a.saveAgain(ctx)
}

// learn finds out what is stored. It reports false where the storage is away;
// an account that nobody asks for would never be renewed if that were the end.
func (a *Account) learn(ctx context.Context) bool {
	err := a.prepare(ctx)
	if err != nil && ctx.Err() == nil {
		a.log.Warn("the account is not ready", zap.Error(err))
	}
	a.resealOld(ctx)
	a.tell()
	return err == nil
}

func (a *Account) tend(ctx context.Context) {
	if err := a.saveOwed(); err != nil {
		a.saveAgain(ctx)
	}
	if a.shared {
		before, _ := a.held.known()
		if a.look(ctx) != nil {
			return
		}
		if now, _ := a.held.known(); now != before {
			a.tell()
		}
	}
	if a.due() {
		a.renewAhead(a.clock.Now())
	}
}

// due reports whether the token is to be renewed without anybody asking.
func (a *Account) due() bool {
	r, _ := a.held.known()
	if r == nil || r.RefreshToken == "" && a.config.Flow != FlowClientCredentials {
		return false
	}
	now := a.clock.Now()
	if a.held.used.Load() {
		return a.trouble(r) != nil || now.After(r.RenewOn)
	}
	last := r.ObtainedAt
	if last.Before(r.RefreshTokenAt) {
		last = r.RefreshTokenAt
	}
	return a.config.refreshes() && now.Sub(last) >= keepAlive
}

// saveAgain tries to save what is in memory only.
func (a *Account) saveAgain(ctx context.Context) {
	unlock, err := a.lock(ctx)
	if err != nil {
		return
	}
	defer unlock()
	if a.look(ctx) != nil {
		return
	}
	if r, _ := a.held.known(); r != nil && a.saveOwed() != nil {
		a.save(ctx, r)
		if a.saveOwed() == nil {
			a.log.Info("the sign-in is saved now")
		}
	}
}

// resealOld seals a record anew that was sealed with an older key, so that the
// older key can be taken out of the configuration.
func (a *Account) resealOld(ctx context.Context) {
	if !a.sealedWithOldKey() {
		return
	}
	unlock, err := a.lock(ctx)
	if err != nil {
		return
	}
	defer unlock()
	if a.look(ctx) != nil || !a.sealedWithOldKey() {
		return
	}
	r, _ := a.held.known()
	a.save(ctx, r)
	a.log.Info("sealed the sign-in with the first encryption key")
}

func (a *Account) sealedWithOldKey() bool {
	a.held.mu.Lock()
	r, id := a.held.record, a.held.keyID
	a.held.mu.Unlock()
	return r != nil && id != "" && a.isOldKey(id)
}

// isOldKey reports whether a key is another than the first.
func (a *Account) isOldKey(id string) bool {
	keys, err := a.keys.Keys(false)
	return err == nil && len(keys) > 0 && hexID(keyID(keys[0])) != id
}
