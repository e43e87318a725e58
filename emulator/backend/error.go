// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"errors"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
)

// Fail responds with an error of package notes. Any other error is about the
// content of the request.
func Fail(x *odata.Exchange, err error) {
	var e *notes.Error
	if !errors.As(err, &e) {
		e = notes.BadRequest("20132", "The request contains invalid content: "+err.Error()+".")
	}
	x.Fail(e.Status, e.Code, e.Message)
}

func (x *NotesExchange) failWith(err error) { Fail(x.Exchange, err) }
