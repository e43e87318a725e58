// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"io/fs"
)

// markerKey returns where the storage has a marker for each account of which it
// ever held a record, which nobody deletes. A record that is gone was deleted by
// a sign-out elsewhere, if the marker is there; if that is gone as well, it was
// the storage that went: its volume is not mounted, or somebody has cleared it.
// That is no sign-out, and must cost none. One marker for all accounts would not
// do: the first that is saved back would make the others look signed out.
func markerKey(account string) string { return "onenote/markers/" + account + ".json" }

var errEmptied = errors.New("the storage is empty, though it was not")

// mark puts the marker into the storage, and with it what was lost as it was. A
// storage that cannot take it is none the worse: then a record that is gone
// counts as signed out.
func (a *Account) mark(ctx context.Context) {
	key := markerKey(a.config.Name)
	_, err := a.storage.Load(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		err = a.storage.Store(ctx, key, []byte(`{"v":1}`))
		a.restoreImports(ctx)
	}
	a.held.marked.Store(err == nil)
}

// noteMarker learns whether the storage has the marker.
func (a *Account) noteMarker(ctx context.Context) {
	_, err := a.storage.Load(ctx, markerKey(a.config.Name))
	a.held.marked.Store(err == nil)
}

// lost reports whether a record that the storage does not have went with the
// marker that was known to be there, and notes then that the storage is owed it.
// Where nobody can tell, it counts as lost: the storage is looked at again.
func (a *Account) lost(ctx context.Context, r *record) bool {
	if !a.held.marked.Load() {
		return false
	}
	_, err := a.storage.Load(ctx, markerKey(a.config.Name))
	if errors.Is(err, fs.ErrNotExist) {
		a.owe(r)
	}
	return err != nil
}

// owe keeps what is in memory where the storage lost it, until it is saved again.
func (a *Account) owe(r *record) {
	a.held.mu.Lock()
	news := a.held.record == r && a.held.owed == nil
	if news {
		a.held.owed = errEmptied
	}
	a.held.lookedAt = a.clock.Now()
	a.held.mu.Unlock()
	if news {
		a.log.Error("the sign-in is gone from the storage, and its marker with it; it is kept in memory and saved again")
		a.tell()
	}
}
