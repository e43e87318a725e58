// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"errors"
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// newName reads and checks the name in a request for something new. It responds
// with an error and reports false if the name is not valid.
func (x *NotesExchange) newName(limit int, taken func(string) bool) (string, bool) {
	name, err := x.face.NewName(x.Body.Data)
	var e *notes.Error
	switch {
	case errors.As(err, &e):
		x.failWith(err)
		return "", false
	case err != nil:
		x.BadJSON()
		return "", false
	}
	if err := notes.CheckName(name, limit, taken(name)); err != nil {
		x.failWith(err)
		return "", false
	}
	return name, true
}

// created responds with something new and its address. at is the path of the
// collection that it was posted to.
func (x *NotesExchange) created(collection, at string, o wire.Object) {
	x.W.Header().Set("Location", o.Text("self"))
	if x.notesTraits.BareCreated {
		collection = at
		for _, parent := range []string{"parentNotebook", "parentSectionGroup", "parentSection"} {
			o = without(o, parent)
		}
	}
	x.entity(http.StatusCreated, collection, o)
}
