// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/internal/repeated"
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

	// saveWait is how long a request waits for the storage to have its revocation, and
	// savePause the pause after a failure, which doubles up to savePauseMost.
	saveWait      = 5 * time.Second
	savePause     = time.Second
	savePauseMost = time.Minute
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

	// unsaved has what was revoked here and is not stored. A channel is closed once that
	// was tried, and then nil.
	unsaved map[string]chan struct{}
	saving  bool          // save runs
	more    chan struct{} // ends the pause of save
	closing chan struct{} // closed by Close
	closed  bool
	failure repeated.Failure
}

// Close tries once more to store what is not stored, and waits for what runs in the
// background.
func (v *Revocations) Close() {
	v.mu.Lock()
	v.prepare()
	if !v.closed {
		v.closed = true
		close(v.closing)
	}
	v.mu.Unlock()
	v.running.Wait()
}

// prepare makes the channels. The lock is held.
func (v *Revocations) prepare() {
	if v.closing == nil {
		v.closing, v.more = make(chan struct{}), make(chan struct{}, 1)
		v.unsaved = make(map[string]chan struct{})
	}
}

// has reports whether a grant was revoked. The first call reads the record; later ones
// read what other nodes have written, in the background unless too much time has passed.
func (v *Revocations) has(ctx context.Context, grant string) (bool, error) {
	v.mu.Lock()
	known, age := v.known, v.Now().Sub(v.triedAt).Abs()
	if known && !v.reading && !v.closed && age >= revocationsEvery && age < revocationsStale {
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
		if err := v.read(ctx, revocationsWait); err != nil {
			v.log().Warn("what other nodes have revoked cannot be read; what was known before is used", zap.Error(err))
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

// revoke ends all that a grant gave, and waits until that was stored once, or could not be.
// What is known to be revoked costs nothing more: anybody may replay a code as often as
// they like.
func (v *Revocations) revoke(ctx context.Context, grant string) {
	tried, late := v.note(grant)
	if late {
		v.save()
	}
	if tried == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, saveWait)
	defer cancel()
	select {
	case <-tried:
	case <-ctx.Done(): // save goes on
	}
}

// note notes a revocation and lets save store it. tried is closed once that was tried, and
// nil if it was before. late says that nothing may run in the background any more.
func (v *Revocations) note(grant string) (tried <-chan struct{}, late bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.prepare()
	if _, known := v.until[grant]; known {
		return v.unsaved[grant], false
	}
	v.add(map[string]int64{grant: v.Now().Add(revokedFor).Unix()})
	v.unsaved[grant] = make(chan struct{})
	if v.saving {
		select {
		case v.more <- struct{}{}:
		default:
		}
		return v.unsaved[grant], false
	}
	v.saving = true
	if !v.closed {
		v.running.Go(v.save)
	}
	return v.unsaved[grant], v.closed
}

// save stores all that is unsaved in one go, and again after a pause if that fails. One
// runs at a time, so that requests do not keep the lock of the record from each other.
func (v *Revocations) save() {
	for pause := savePause; ; pause = min(2*pause, savePauseMost) {
		batch, last := v.batch()
		if batch == nil {
			return
		}
		err := v.store(batch, last)
		v.settle(batch, err)
		switch {
		case err == nil:
			continue
		case last:
			v.giveUp(err)
			return
		}
		v.failure.Log(v.log(), v.Now(), "revocations of app keys could not be stored yet, and would be lost at a restart; this is tried again", err)
		v.wait(pause)
	}
}

// batch returns what is unsaved; nil ends save. last says that there is no other try.
func (v *Revocations) batch() (batch map[string]int64, last bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for grant, tried := range v.unsaved {
		until, kept := v.until[grant]
		if !kept { // there were too many
			if tried != nil {
				close(tried)
			}
			delete(v.unsaved, grant)
			continue
		}
		if batch == nil {
			batch = make(map[string]int64)
		}
		batch[grant] = until
	}
	v.saving = batch != nil
	return batch, v.closed
}

// store adds revocations to the record. The last try is short: a server is to end.
func (v *Revocations) store(batch map[string]int64, last bool) error {
	limit := recordLimit
	if last {
		limit = revocationsWait
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	stored := make(map[string]int64)
	return v.Records.Update(ctx, revocationsRecord, &stored, func() bool {
		if stored == nil {
			stored = make(map[string]int64)
		}
		before := len(stored)
		maps.Copy(stored, batch)
		if len(stored) == before {
			return false
		}
		trim(stored, v.Now())
		return true
	})
}

// settle notes that a batch was stored, or could not be, and lets its requests go.
func (v *Revocations) settle(batch map[string]int64, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for grant := range batch {
		if tried := v.unsaved[grant]; tried != nil {
			close(tried)
		}
		v.unsaved[grant] = nil
		if err == nil {
			delete(v.unsaved, grant)
		}
	}
}

// giveUp ends save where Close was called.
func (v *Revocations) giveUp(err error) {
	v.mu.Lock()
	v.saving = false
	v.mu.Unlock()
	v.log().Error("revocations of app keys could not be stored before the end, and are lost", zap.Error(err))
}

func (v *Revocations) log() *zap.Logger { return cmp.Or(v.Logger, zap.NewNop()) }

// wait waits until it is time to store again: after a pause, or because more was revoked,
// for which the storage may work.
func (v *Revocations) wait(pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-v.more:
	case <-v.closing:
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
