// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"io/fs"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// prepare loads the stored record and imports the configured refresh token, if it
// was not imported yet.
func (a *Account) prepare(ctx context.Context) error {
	err := a.loadAndImport(ctx)
	if ctx.Err() == nil { // a caller that left says nothing of the storage
		a.unprepared.Store(oauth.AsFailure(err))
	}
	return err
}

func (a *Account) loadAndImport(ctx context.Context) error {
	if err := a.load(ctx); err != nil {
		return err
	}
	if a.imported.Load() {
		return nil
	}
	return a.importToken(ctx)
}

// load reads the stored record. If the storage cannot be read or has been emptied,
// the record in memory stays in use.
func (a *Account) load(ctx context.Context) error {
	err := a.read(ctx)
	if err == nil {
		return nil
	}
	if r, _ := a.state.known(); r != nil {
		return nil
	}
	return a.storageFailure(err)
}

// readTries bounds how often a read is repeated because the state changed during it.
const readTries = 5

// read is load with the error of the storage. What was read is dropped if the state
// changed in the meantime, and read again: it may be older than the change.
func (a *Account) read(ctx context.Context) error {
	for range readTries {
		b := a.state.basis()
		f, err := a.find(ctx, b)
		if err != nil {
			return err
		}
		a.unreadable.Store(false)
		if a.follow(b, f) {
			a.loadFailure(ctx)
			return nil
		}
	}
	return nil // whoever changes the state all the time has read the storage
}

// find reads what the storage has. The marker is read where it decides: where the
// record is gone, or is another than the one in memory.
func (a *Account) find(ctx context.Context, b basis) (found, error) {
	value, err := a.storage.Load(ctx, a.key)
	if errors.Is(err, fs.ErrNotExist) && b.record == nil {
		return found{}, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		m, unread := a.loadMarker(ctx)
		if unread != nil || !m.present {
			return found{marker: m}, unread
		}
		// The storage may have come back between the two reads, as a volume that is
		// mounted again. Only a record that is still missing was deleted.
		value, err = a.storage.Load(ctx, a.key)
		if errors.Is(err, fs.ErrNotExist) {
			return found{marker: m}, nil
		}
	}
	switch {
	case err != nil:
		return found{}, err
	case b.record != nil && b.stored.is(value):
		return found{value: value}, nil
	}
	f := a.open(value)
	if f.unusable != nil {
		return f, nil
	}
	f.marker, err = a.loadMarker(ctx)
	if err == nil && (f.marker.present || b.record == nil) {
		a.state.hasMarker.Store(f.marker.present)
	}
	return f, err
}

// open reads a stored value.
func (a *Account) open(value []byte) found {
	f := found{value: value}
	if f.value == nil {
		f.value = []byte{} // an empty record is no missing one
	}
	r := new(record)
	if _, f.unusable = openRecord(a.keys, a.key, a.fingerprint, value, r); f.unusable != nil {
		f.ignored = a.matters(f.unusable) == nil
		return f
	}
	f.record = r
	return f
}

// follow applies what was found, unless the state has changed since.
func (a *Account) follow(b basis, f found) bool {
	s := a.state
	s.mu.Lock()
	if s.version != b.version {
		s.mu.Unlock()
		return false
	}
	s.loadedAt = a.clock.Now()
	lost := s.apply(b.compare(s.record, f), f)
	reason := s.unsaved
	s.mu.Unlock()
	if lost {
		a.log.Error("the sign-in is not in the storage any more; it is kept in memory and saved again", zap.Error(reason))
		a.reportStatus()
	}
	return true
}

// storageFailure returns the failure of a storage that cannot be read. It is logged
// once until the storage can be read.
func (a *Account) storageFailure(err error) *oauth.Failure {
	if !a.unreadable.Swap(true) {
		a.log.Error("the storage cannot be read", zap.Error(err))
	}
	return a.failure(oauth.Transient, "storage", "the storage of the sign-ins cannot be read", "Look at the storage; it is tried again by itself.")
}

// save stores a record that was made from b, then puts it into use. It is dropped,
// and save reports false, if the storage has something newer by now: a process that
// was stopped for a while, or whose provider was slow, comes too late. A record that
// cannot be stored is used all the same: otherwise the sign-in would be lost.
func (a *Account) save(ctx context.Context, lock *heldLock, b basis, r *record) bool {
	sealed, err := sealRecord(a.keys, a.key, a.fingerprint, r)
	if err == nil {
		err = lock.regain(ctx)
	}
	var f found
	if err == nil {
		f, err = a.find(ctx, b)
	}
	if err == nil {
		// The comparison is the last thing before the write.
		switch v := b.compare(r, f); v {
		case take, gone, foreign:
			a.dropSave(v, f)
			if v == take {
				a.passOn(ctx, lock, b.record, r)
			}
			return false
		}
		err = a.storage.Store(ctx, a.key, sealed)
	}
	return a.putSaved(ctx, b, r, sealed, err)
}

// passOn gives a newer sign-in the refresh token that a dropped record has, where it
// kept the one that this record's refresh has used.
func (a *Account) passOn(ctx context.Context, lock *heldLock, used, dropped *record) {
	b := a.state.basis()
	if next := b.record.withSuccessor(used, dropped); next != nil {
		a.save(ctx, lock, b, next)
	}
}

// saveSignin stores the record of a sign-in, whatever the storage has, then puts it
// into use. It reports false if somebody has signed out in this moment.
func (a *Account) saveSignin(ctx context.Context, r *record) bool {
	sealed, err := sealRecord(a.keys, a.key, a.fingerprint, r)
	if err == nil {
		err = a.storage.Store(ctx, a.key, sealed)
	}
	return a.putSaved(ctx, basis{}, r, sealed, err)
}

// putSaved puts a record into use after it was stored, or after that failed. It
// reports false if a sign-out has ended it in the meantime. The marker is read after
// the record was written, and a sign-out writes the marker before it deletes the
// record: one of the two processes sees the other, whatever the order.
func (a *Account) putSaved(ctx context.Context, b basis, r *record, sealed []byte, err error) bool {
	ended := false
	if err == nil {
		// Not before: a marker without a record means a sign-out.
		ended = a.ensureMarker(ctx).ends(r)
	}
	s := a.state
	s.mu.Lock()
	if ended || b.record != nil && s.record == nil {
		s.apply(gone, found{})
		s.mu.Unlock()
		a.log.Warn("somebody signed out in the meantime; the sign-in that was just saved is not used")
		a.reportStatus()
		return false
	}
	if err != nil && b.overtaken(r, s.record) {
		s.mu.Unlock()
		a.log.Warn("another process signed in or refreshed in the meantime; what could not be saved is dropped")
		return false
	}
	first := s.unsaved == nil
	s.unsaved = err
	if err == nil {
		s.stored = lastStored{value: sealed, keyID: sealedBy(sealed), generation: r.Generation, signIn: r.signIn()}
	}
	s.loadedAt = a.clock.Now()
	s.put(r)
	s.mu.Unlock()
	if err != nil && first {
		a.log.Error("the sign-in could not be saved; it is kept in memory and saving is tried again", zap.Error(err))
	}
	a.reportStatus()
	return true
}

// dropSave makes the state follow the storage instead of a save that came too late.
func (a *Account) dropSave(v verdict, f found) {
	a.state.mu.Lock()
	a.state.loadedAt = a.clock.Now()
	a.state.apply(v, f)
	a.state.mu.Unlock()
	a.log.Warn("another process signed in, signed out or refreshed in the meantime; the record of this process is dropped")
	a.reportStatus()
}
