// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// serveOperation serves operations/{id}: how far a copy action is.
func (x *NotesExchange) serveOperation() {
	op := x.Library.Operations[x.ID(1)]
	if len(x.Segments) != 2 {
		x.NoRoute(min(len(x.Segments)-1, 2))
		return
	}
	if op == nil {
		x.NotFound()
		return
	}
	if !x.Allow(http.MethodGet) {
		return
	}
	op.Polls++
	x.entity(http.StatusOK, "operations", x.face.Operation(x, op))
}

// Operation implements [NotesFace]: every operation is completed.
func (Entities) Operation(x *NotesExchange, op *notes.Operation) wire.Object {
	return wire.Object{
		{"id", op.ID},
		{"status", "completed"},
		{"percentComplete", "100"},
		{"createdDateTime", FormatTime(op.Started)},
		{"lastActionDateTime", FormatTime(op.Started)},
		{"resourceLocation", x.OperationURL(op)},
		{"resourceId", op.MadeID},
		{"error", nil},
	}
}
