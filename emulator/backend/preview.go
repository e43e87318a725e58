// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// writePreview responds with the first words of the page. Its picture becomes
// public without preAuthenticated.
func (x *NotesExchange) writePreview(p *notes.Page) {
	text := []rune(p.Text())
	o := wire.Object{
		{"@odata.context", x.Base() + "$metadata#" + x.notesTraits.PreviewType},
		{"previewText", string(text[:min(len(text), 300)])},
		{"links", wire.Object{{"previewImageUrl", wire.Object{{"href", x.previewImage(p)}}}}},
	}
	x.Write(http.StatusOK, o)
}

// previewImage returns the address of the first picture of a page, or nil.
func (x *NotesExchange) previewImage(p *notes.Page) any {
	for _, n := range p.Pictures() {
		res := x.Library.Resources[notes.ResourceID(notes.Attribute(n, "src"))]
		if res == nil {
			continue
		}
		x.store.Publish(res)
		return publicAddress(x.resourceAddress(res.ID, true), res.MIME)
	}
	return nil
}
