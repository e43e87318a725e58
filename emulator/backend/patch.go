// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"mime"
	"net/http"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
)

// patchPage applies the commands of a request to a page.
func (x *NotesExchange) patchPage(p *notes.Page) {
	commands, parts, err := x.commands()
	if err != nil {
		x.failWith(err)
		return
	}
	if err := p.Patch(commands, x.importer(parts)); err != nil {
		x.failWith(err)
		return
	}
	x.W.WriteHeader(http.StatusNoContent)
}

// commands returns the commands of a request, and the parts that they refer to.
func (x *NotesExchange) commands() ([]notes.Command, map[string]notes.Part, error) {
	data := x.Body.Data
	var named map[string]notes.Part
	mediaType, parameters, err := mime.ParseMediaType(x.R.Header.Get("Content-Type"))
	switch {
	case err == nil && strings.HasPrefix(mediaType, "multipart/"):
		parts, err := notes.ReadParts(data, parameters["boundary"])
		if err != nil {
			return nil, nil, err
		}
		found, err := notes.TakePart(parts, "commands")
		if err != nil {
			return nil, nil, err
		}
		data, named = found.Data, notes.PartsByName(parts)
	case err == nil && mediaType == "application/json":
	default:
		return nil, nil, notes.NewError(http.StatusUnsupportedMediaType, "20131", "The request contains an invalid value for Content-Type. Use application/json or multipart/form-data.")
	}
	commands, err := notes.ParseCommands(data)
	return commands, named, err
}
