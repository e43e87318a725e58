// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import "fmt"

// A PictureMode says what becomes of the pictures in page content.
type PictureMode int

const (
	// Direct makes the API's own pictures public for an hour and points the
	// page at them (article "One time Authentication for Public Resource").
	Direct PictureMode = iota

	// Local points the page at us, with URLs that are signed and expire.
	Local

	// Links makes the URLs of pictures lead to us like any other link, otherwise as
	// the API writes them. It is for apps that read a resource's id out of its URL,
	// or fetch pictures themselves.
	Links

	// Off leaves pictures as the API writes them; they need a token.
	Off
)

// pictureModes are the words of the configuration, in the order of the modes.
var pictureModes = [...]string{"direct", "local", "links", "off"}

// ParsePictureMode returns the mode with that word.
func ParsePictureMode(word string) (PictureMode, error) {
	for i, w := range pictureModes {
		if w == word {
			return PictureMode(i), nil
		}
	}
	return Off, fmt.Errorf("unknown picture mode %q: want direct, local, links or off", word)
}

// String returns the word of the mode.
func (m PictureMode) String() string {
	if m < 0 || int(m) >= len(pictureModes) {
		return fmt.Sprintf("PictureMode(%d)", int(m))
	}
	return pictureModes[m]
}
