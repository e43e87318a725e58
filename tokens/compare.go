// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"errors"
)

// basis is what a change of the record begins from: the record in memory, and what
// the storage had for it at that time.
type basis struct {
	record    *record
	stored    lastStored
	version   uint64
	hadMarker bool // the storage was known to have the account's marker
}

// lastStored is a stored value that the record in memory comes from.
type lastStored struct {
	value      []byte // nil for none
	keyID      string // the key that sealed it
	generation uint64
	signIn     signIn
}

func (l lastStored) is(value []byte) bool {
	return l.value != nil && value != nil && bytes.Equal(l.value, value)
}

// found is what a read of the storage found.
type found struct {
	value    []byte  // nil where there is no record
	record   *record // nil where there is none, or none that can be used
	unusable error   // why the stored record cannot be used
	ignored  bool    // it cannot be used, and that does not matter
	marker   marker
}

func (f found) lastStored() lastStored {
	return lastStored{value: f.value, keyID: sealedBy(f.value), generation: f.record.generation(), signIn: f.record.signIn()}
}

// Reasons why a record that was stored has to be stored again.
var (
	errEmptied  = errors.New("the storage is empty, though it was not")
	errReplaced = errors.New("the storage has an older record again")
)

// reasonToSave returns why the record in memory is not what the storage has.
func (f found) reasonToSave() error {
	switch {
	case f.value == nil:
		return errEmptied
	case f.unusable != nil:
		return f.unusable
	}
	return errReplaced
}

// verdict says what the stored value means for a record in memory.
type verdict int

const (
	// unchanged: the storage has the value that the record comes from.
	unchanged verdict = iota
	// same: the storage has the record itself.
	same
	// keep: the storage has something older, or lost the record: it may be stored.
	keep
	// take: the storage has something newer, which replaces the record.
	take
	// gone: somebody signed out, or nobody is signed in.
	gone
	// foreign: the storage has a record that this configuration cannot use. It is
	// not overwritten without a sign-in.
	foreign
)

// compare is the one rule that decides between a record in memory and what the
// storage has: a sign-out wins over the sign-ins before it, a later sign-in over an
// earlier one, and within a sign-in whatever was stored since the change began from
// b. r is the record in memory, or the one that is about to be stored; nil for none.
func (b basis) compare(r *record, f found) verdict {
	switch {
	case r == nil:
		return f.withoutMemory()
	case b.stored.is(f.value):
		return unchanged
	case f.value == nil, f.signedOut():
		return b.compareMissing(r, f)
	case f.ignored, errors.Is(f.unusable, errDamaged):
		return keep
	case f.unusable != nil:
		return foreign
	}
	stored := f.record
	switch order := stored.signIn().compare(r.signIn()); {
	case order > 0:
		return take
	case order < 0:
		return keep
	case stored.Generation == r.Generation:
		return same
	case stored.Generation > b.stored.generation:
		return take
	}
	return keep
}

// overtaken reports whether the state has followed the storage to something newer
// than r while r was made from b: compare where r was compared with no stored value.
func (b basis) overtaken(r, inUse *record) bool {
	if b.record == nil || inUse == nil {
		return false
	}
	order := inUse.signIn().compare(r.signIn())
	return order > 0 || order == 0 && inUse.Generation > b.record.Generation
}

// withoutMemory is compare where nothing is in memory.
func (f found) withoutMemory() verdict {
	switch {
	case f.value == nil, f.ignored, f.signedOut():
		return gone
	case f.unusable != nil:
		return foreign
	}
	return take
}

// signedOut reports whether the stored record is of a sign-in that a sign-out ended:
// a process that was stopped during its save may have written it afterwards.
func (f found) signedOut() bool { return f.record != nil && f.marker.ends(f.record) }

// compareMissing is compare where the storage has no record, or none that counts.
func (b basis) compareMissing(r *record, f found) verdict {
	switch {
	case !f.marker.present && b.hadMarker:
		return keep // the storage was emptied
	case f.marker.ends(r):
		return gone
	case b.stored.value != nil && b.stored.signIn.compare(r.signIn()) == 0:
		return gone // this sign-in was stored, and was deleted
	}
	return keep // it was never stored
}
