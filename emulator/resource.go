// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"image"
	"net/http"
	"strings"
	"time"

	// Decoders for the size of pictures that clients send.
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
)

// resource is a picture or an attachment.
type resource struct {
	id       string
	mime     string
	data     []byte
	modified time.Time
	// publicUntil is until when the picture can be fetched without a token:
	// an hour after the latest pre-authenticated request for a page with it.
	publicUntil time.Time
}

// publicLife is how long a pre-authenticated picture can be fetched.
const publicLife = time.Hour

// expiresFormat is how X-ResourceExpires is written: no zone, no leading
// zeros.
const expiresFormat = "1/2/2006 3:04:05 PM"

func (l *library) addResource(mime string, data []byte, now time.Time) *resource {
	res := &resource{id: l.newResourceID(), mime: mime, data: data, modified: now}
	l.resources[res.id] = res
	return res
}

// size returns a picture's width and height, or zeros.
func (res *resource) size() (width, height int) {
	config, _, err := image.DecodeConfig(bytes.NewReader(res.data))
	if err != nil {
		return 0, 0
	}
	return config.Width, config.Height
}

// publish makes a picture public for an hour from now.
func (e *Emulator) publish(res *resource) {
	res.publicUntil = e.clock().Add(publicLife)
	e.state.public[res.id] = res
}

// publicResource returns the picture that a request may have without a token,
// or nil.
func (c *call) publicResource() *resource {
	if c.api != legacy || !c.options.is("publicauth") || len(c.segments) < 3 {
		return nil
	}
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return nil
	}
	tail := c.segments[len(c.segments)-3:]
	if !strings.EqualFold(tail[0], "resources") || !strings.EqualFold(tail[2], "content") {
		return nil
	}
	res := c.e.state.public[tail[1]]
	if res == nil || !c.e.clock().Before(res.publicUntil) {
		return nil
	}
	return res
}

// servePublic answers with a public picture. The mimeType in the address
// decides nothing; the picture's own type does.
func (c *call) servePublic(res *resource) {
	c.w.Header().Set("X-ResourceExpires", res.publicUntil.Format(expiresFormat))
	c.serveBytes(res)
}

func (c *call) serveResource() {
	res := c.library.resources[c.id(1)]
	if res == nil || len(c.segments) != 3 || (c.segment(2) != "content" && c.segment(2) != "$value") {
		c.notFound()
		return
	}
	if c.allow(http.MethodGet) {
		c.serveBytes(res)
	}
}

func (c *call) serveBytes(res *resource) {
	c.w.Header().Set("Content-Type", res.mime)
	http.ServeContent(c.w, c.r, "", res.modified, bytes.NewReader(res.data))
}
