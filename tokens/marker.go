// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"time"
)

// markerKey returns where the storage has the marker of an account. A marker is
// written with the first record and never deleted. It tells a sign-out from a lost
// storage: a record that is gone was deleted by a sign-out in another process if
// the marker is there. If the marker is gone as well, the storage was emptied: its
// volume is not mounted, or somebody has cleared it. That must not lose a sign-in.
// Each account has its own marker: with one for all, the first account that is
// saved again would make the others look signed out.
func markerKey(account string) string { return "onenote/markers/" + account + ".json" }

// marker is the content of a marker.
type marker struct {
	present bool

	Version int `json:"v"`

	// SignedOutAt is when somebody signed out last. It ends all earlier sign-ins,
	// also those that a process has in memory only or stores too late.
	SignedOutAt time.Time `json:"signed_out_at,omitzero"`
}

// ends reports whether the last sign-out ends the sign-in of a record. Records
// without a sign-in, such as those of an app, are ended only by being deleted.
func (m marker) ends(r *record) bool {
	return !m.SignedOutAt.IsZero() && !r.SignedInAt.IsZero() && !r.SignedInAt.After(m.SignedOutAt)
}

// loadMarker reads the marker, to which it adds the last sign-out in this process.
func (a *Account) loadMarker(ctx context.Context) (marker, error) {
	m, err := a.storedMarker(ctx)
	if at := a.cache.signedOutAt.Load(); err == nil && at != nil && at.After(m.SignedOutAt) {
		m.SignedOutAt = *at
	}
	return m, err
}

// storedMarker reads the marker. One that cannot be understood counts as present.
func (a *Account) storedMarker(ctx context.Context) (marker, error) {
	value, err := a.storage.Load(ctx, markerKey(a.config.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return marker{}, nil
	}
	if err != nil {
		return marker{}, err
	}
	m := marker{}
	if json.Unmarshal(value, &m) != nil {
		m = marker{}
	}
	m.present = true
	return m, nil
}

func (a *Account) storeMarker(ctx context.Context, m marker) error {
	m.Version = 1
	value, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return a.storage.Store(ctx, markerKey(a.config.Name), value)
}

// ensureMarker writes the marker where there is none, and what else the storage
// lost with it, and returns what there is. Without a marker, a record that is gone
// counts as signed out, so a storage that cannot store it is no failure.
func (a *Account) ensureMarker(ctx context.Context) marker {
	m, err := a.loadMarker(ctx)
	if err != nil {
		return m
	}
	if !m.present {
		err = a.storeMarker(ctx, m)
		a.restoreImports(ctx)
	}
	a.state.hasMarker.Store(err == nil)
	return m
}
