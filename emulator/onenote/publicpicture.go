// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package onenote

import (
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/backend"
	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
)

// expiresFormat is the format of X-ResourceExpires.
const expiresFormat = "1/2/2006 3:04:05 PM"

// publicPicture returns the picture of a request that needs no token, or nil.
func (a *API) publicPicture(x *odata.Exchange) *notes.Resource {
	if !x.IsRead() || !x.Query.Is("publicauth") || len(x.Segments) < 3 {
		return nil
	}
	tail := x.Segments[len(x.Segments)-3:]
	if !strings.EqualFold(tail[0], "resources") || !strings.EqualFold(tail[2], "content") {
		return nil
	}
	return a.backend.Store.PublicPicture(tail[1])
}

// servePublic responds with a public picture. The mimeType in its address is
// ignored.
func servePublic(x *odata.Exchange, res *notes.Resource) {
	x.W.Header().Set("X-ResourceExpires", res.PublicUntil.Format(expiresFormat))
	backend.WriteResource(x.W, x.R, res)
}
