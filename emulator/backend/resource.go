// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"bytes"
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
)

// serveResource serves resources/{id}/content and …/$value.
func (x *NotesExchange) serveResource() {
	tail := x.Segment(2)
	if len(x.Segments) != 3 || (tail != "content" && tail != "$value") {
		x.NoRoute(min(len(x.Segments)-1, 2))
		return
	}
	res := x.Library.Resources[x.ID(1)]
	if res == nil {
		x.NotFound()
		return
	}
	if x.Allow(http.MethodGet) {
		WriteResource(x.W, x.R, res)
	}
}

// WriteResource responds with the bytes of a resource.
func WriteResource(w http.ResponseWriter, r *http.Request, res *notes.Resource) {
	w.Header().Set("Content-Type", res.MIME)
	http.ServeContent(w, r, "", res.Modified, bytes.NewReader(res.Data))
}

// resourceAddress returns the address of a resource. It has the short root if that
// is wanted and the client can use it.
func (x *NotesExchange) resourceAddress(id string, short bool) string {
	path := pathOf([]string{"resources", id})
	switch {
	case short && x.takesShortRoot():
		return x.Base() + path
	case x.root.Pictures != "":
		return x.Base() + x.root.Pictures + "/" + path
	}
	return x.URL("resources", id)
}

// publicAddress returns the address at which a picture needs no token.
func publicAddress(resource, mimeType string) string {
	return resource + "/content?publicAuth=true&mimeType=" + mimeType
}

// takesShortRoot reports whether the client can use addresses without a root.
func (x *NotesExchange) takesShortRoot() bool {
	return x.notesTraits.ShortRoot && x.root.Owner.Account == x.Token.Grant.Account && x.ofMicrosoftAccount()
}
