// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// revocationsRecord is the name of the record.
	revocationsRecord = "revoked"

	// revokedFor is how long a revocation is kept: as long as anything that its grant
	// gave could be used.
	revokedFor = refreshLife

	// maxRevocations bounds them; the oldest are dropped.
	maxRevocations = 4096

	// revocationsEvery is how often those of other nodes are read.
	revocationsEvery = 2 * time.Second

	// revocationsStale is how old what is known may be: a node that had nothing to do
	// reads first what others have revoked meanwhile, and waits revocationsWait for it.
	revocationsStale = 10 * time.Second
	revocationsWait  = 2 * time.Second

	// recordLimit bounds the work with the storage.
	recordLimit = 10 * time.Second
)

// Revocations has the grants that were revoked. They are kept sealed, so that a restart
// brings nothing back, and other nodes find them.
type Revocations struct {
	Records Records
	Now     func() time.Time
	Logger  *zap.Logger

	mu      sync.Mutex
	until   map[string]int64 // by grant
	known   bool             // the record was read
	triedAt time.Time        // when it was read last, or could not be
	reading bool
	running sync.WaitGroup
}

// Close waits for what runs in the background.
func (v *Revocations) Close() { v.running.Wait() }

// has reports whether a grant was revoked. The first call reads the record; later ones
// read what other nodes have written, in the background unless too much time has passed.
func (v *Revocations) has(ctx context.Context, grant string) (bool, error) {
	v.mu.Lock()
	known, age := v.known, v.Now().Sub(v.triedAt).Abs()
	if known && !v.reading && age >= revocationsEvery && age < revocationsStale {
		v.reading = true
		v.running.Go(func() { _ = v.read(context.Background(), recordLimit) })
	}
	v.mu.Unlock()
	switch {
	case !known:
		if err := v.read(ctx, recordLimit); err != nil {
			return false, err
		}
	case age >= revocationsStale:
		if err := v.read(ctx, revocationsWait); err != nil && v.Logger != nil {
			v.Logger.Warn("what other nodes have revoked cannot be read; what was known before is used", zap.Error(err))
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	_, revoked := v.until[grant]
	return revoked, nil
}

// read adds what the record has. What was revoked here stays, also if it is not stored.
func (v *Revocations) read(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var stored map[string]int64
	err := v.Records.Load(ctx, revocationsRecord, &stored)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.reading = false
	v.triedAt = v.Now()
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return err
	}
	v.known = true
	v.add(stored)
	return nil
}

// add adds revocations and drops old ones. The lock is held.
func (v *Revocations) add(more map[string]int64) {
	if v.until == nil {
		v.until = make(map[string]int64)
	}
	maps.Copy(v.until, more)
	trim(v.until, v.Now())
}

// revoke ends all that a grant gave.
func (v *Revocations) revoke(ctx context.Context, grant string) {
	one := map[string]int64{grant: v.Now().Add(revokedFor).Unix()}
	v.mu.Lock()
	v.add(one)
	v.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	stored := make(map[string]int64)
	err := v.Records.Update(ctx, revocationsRecord, &stored, func() bool {
		if stored == nil {
			stored = make(map[string]int64)
		}
		if _, ok := stored[grant]; ok {
			return false
		}
		maps.Copy(stored, one)
		trim(stored, v.Now())
		return true
	})
	if err != nil && v.Logger != nil {
		v.Logger.Error("the revocation of an app's keys could not be stored; it holds until this process ends", zap.Error(err))
	}
}

// trim drops revocations that have ended, and the oldest where there are too many.
func trim(until map[string]int64, now time.Time) {
	maps.DeleteFunc(until, func(_ string, t int64) bool { return t <= now.Unix() })
	if len(until) <= maxRevocations {
		return
	}
	oldest := slices.SortedFunc(maps.Keys(until), func(a, b string) int { return int(until[a] - until[b]) })
	for _, grant := range oldest[:len(until)-maxRevocations] {
		delete(until, grant)
	}
}
