// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// How a copy is announced, and how its status is spelled.
const (
	byOperation    = "operation"
	byLocation     = "location"
	completed      = "Completed"
	lowerCompleted = "completed"
)

// CanCopy implements [backend.NotesFace]. On a personal OneDrive only beta copies.
func (face) CanCopy(x *backend.NotesExchange, id string) bool {
	if strings.HasPrefix(id, "0-") && !strings.EqualFold(x.Version, "beta") {
		x.Fail(http.StatusNotImplemented, "20111", "OData Feature not implemented. {0}.")
		return false
	}
	return true
}

// RootOf implements [backend.NotesFace].
func (face) RootOf(l *notes.Library) string {
	kind, id, _ := strings.Cut(l.Owner.Shared, "/")
	if kind == "sites" {
		id = l.Host + "," + id
	}
	return kind + "/" + odata.EscapeID(id) + "/onenote"
}

// Accepted implements [backend.NotesFace].
func (f face) Accepted(x *backend.NotesExchange, op *notes.Operation) {
	how := f.habits.Copies
	if how == "" && !x.Library.Owner.InSharePoint() {
		how = byLocation
	}
	h := x.W.Header()
	if how != byLocation {
		h.Set("Operation-Location", x.URL("operations", op.ID))
		x.Write(http.StatusAccepted, append(wire.Object{{"@odata.context", x.Base() + "$metadata#microsoft.graph.onenoteOperation"}}, f.started(x, op, "NotStarted")...))
		return
	}
	h.Set("Location", x.OperationURL(op))
	if op.InPlace {
		h.Set("Location", x.URL(op.Collection, op.SourceID))
	}
	x.Write(http.StatusAccepted, wire.Object{{"id", strings.TrimPrefix(op.ID, "copy-")}, {"status", "not started"}})
}

// Operation implements [backend.NotesFace].
func (f face) Operation(x *backend.NotesExchange, op *notes.Operation) wire.Object {
	if op.Polls <= f.habits.Polls {
		return f.started(x, op, "Running")
	}
	o := f.started(x, op, completed)
	return append(o, wire.Object{
		{"percentComplete", "100"},
		{"resourceLocation", x.OperationURL(op)},
		{"resourceId", op.MadeID},
	}...)
}

// started makes the members that an operation has from its beginning.
func (f face) started(x *backend.NotesExchange, op *notes.Operation, status string) wire.Object {
	if f.habits.Status == lowerCompleted {
		status = strings.ToLower(strings.Replace(status, "NotStarted", "not started", 1))
	}
	return wire.Object{
		{"id", op.ID},
		{"status", status},
		{"createdDateTime", backend.FormatTime(op.Started)},
		{"lastActionDateTime", backend.FormatTime(x.Now())},
	}
}
