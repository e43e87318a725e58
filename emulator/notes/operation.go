// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
)

// Operation is a copy that a client requested. It is carried out at once.
type Operation struct {
	ID         string
	Started    time.Time
	Collection string // of the source and of the copy
	SourceID   string
	MadeID     string
	Root       string // of the copy, or empty if it has the same as the source
	InPlace    bool   // the copy is where its source is
	Polls      int    // how often a client asked for it
}

// AddOperation records that a copy was made.
func (l *Library) AddOperation(collection, sourceID, madeID string, now time.Time) *Operation {
	op := &Operation{ID: "copy-" + mint.GUID("operation", madeID), Started: now, Collection: collection, SourceID: sourceID, MadeID: madeID}
	l.Operations[op.ID] = op
	return op
}
