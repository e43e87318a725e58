// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"testing"
	"time"
)

// The rule that every load and every save follows.
func TestStoredRecordIsComparedWithRecordInMemory(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 11, 21, 9, minute, 0, 0, time.UTC) }
	rec := func(minute int, generation uint64) *record {
		return &record{Generation: generation, SignedInAt: at(minute), RefreshToken: "r"}
	}
	marked := marker{present: true}
	signedOut := func(minute int) marker { return marker{present: true, SignedOutAt: at(minute)} }
	known := func(r *record) basis {
		return basis{record: r, hadMarker: true, stored: lastStored{value: []byte("known"), generation: r.Generation, signIn: r.signIn()}}
	}
	none := basis{hadMarker: true}
	value := []byte("other")
	r := rec(10, 5)
	for name, test := range map[string]struct {
		basis  basis
		record *record
		found  found
		want   verdict
	}{
		"the known value":                         {known(r), r, found{value: []byte("known")}, unchanged},
		"an unsaved refresh of the known value":   {known(r), rec(10, 6), found{value: []byte("known")}, unchanged},
		"the record itself, sealed again":         {known(r), r, found{value: value, record: rec(10, 5), marker: marked}, same},
		"a refresh by another process":            {known(r), r, found{value: value, record: rec(10, 6), marker: marked}, take},
		"a refresh, and an unsaved one here":      {known(r), rec(10, 9), found{value: value, record: rec(10, 6), marker: marked}, take},
		"an earlier generation":                   {known(r), r, found{value: value, record: rec(10, 4), marker: marked}, keep},
		"a later sign-in":                         {known(r), rec(10, 9), found{value: value, record: rec(11, 6), marker: marked}, take},
		"an earlier sign-in, higher generation":   {known(r), r, found{value: value, record: rec(9, 9), marker: marked}, keep},
		"deleted":                                 {known(r), r, found{marker: marked}, gone},
		"deleted, and an unsaved refresh":         {known(r), rec(10, 6), found{marker: marked}, gone},
		"deleted, and an unsaved later sign-in":   {known(r), rec(12, 6), found{marker: signedOut(11)}, keep},
		"signed out after an unsaved sign-in":     {known(r), rec(12, 6), found{marker: signedOut(13)}, gone},
		"never stored, signed out before":         {none, rec(12, 6), found{marker: signedOut(11)}, keep},
		"never stored, signed out after":          {none, rec(12, 6), found{marker: signedOut(13)}, gone},
		"written after its sign-out":              {known(r), r, found{value: value, record: rec(10, 6), marker: signedOut(11)}, gone},
		"emptied":                                 {known(r), r, found{}, keep},
		"deleted, no marker was ever there":       {basis{record: r, stored: known(r).stored}, r, found{}, gone},
		"of another client":                       {known(r), r, found{value: value, unusable: errOtherClient}, foreign},
		"sealed with an unknown key":              {known(r), r, found{value: value, unusable: errUnknownKey}, foreign},
		"damaged":                                 {known(r), r, found{value: value, unusable: errDamaged}, keep},
		"of another client, which does not count": {known(r), r, found{value: value, unusable: errOtherClient, ignored: true}, keep},
		"nothing in memory, nothing stored":       {none, nil, found{}, gone},
		"nothing in memory":                       {none, nil, found{value: value, record: r, marker: signedOut(9)}, take},
		"nothing in memory, signed out":           {none, nil, found{value: value, record: r, marker: signedOut(10)}, gone},
		"nothing in memory, damaged":              {none, nil, found{value: value, unusable: errDamaged}, foreign},
	} {
		if got := test.basis.compare(test.record, test.found); got != test.want {
			t.Errorf("%s: got verdict %d, want %d", name, got, test.want)
		}
	}
}
