// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"bytes"
	"image"
	"time"

	// decoders for the sizes of pictures
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
)

// Resource is a picture or an attachment.
type Resource struct {
	ID       string
	MIME     string
	Data     []byte
	Modified time.Time
	// PublicUntil is the time until which the picture needs no token: an hour
	// after the latest pre-authenticated request for a page that shows it.
	PublicUntil time.Time
}

// publicLife is how long a pre-authenticated picture needs no token.
const publicLife = time.Hour

func (l *Library) addResource(mime string, data []byte, now time.Time) *Resource {
	res := &Resource{ID: l.newResourceID(), MIME: mime, Data: data, Modified: now}
	l.Resources[res.ID] = res
	return res
}

// size returns the width and height of a picture, or zeros.
func (res *Resource) size() (width, height int) {
	config, _, err := image.DecodeConfig(bytes.NewReader(res.Data))
	if err != nil {
		return 0, 0
	}
	return config.Width, config.Height
}
