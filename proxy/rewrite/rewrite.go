// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package rewrite changes URLs in HTML and JSON while they stream by.
//
// A [Reader] takes the place of a body. It finds the URLs that stand where a
// client would follow them, asks a function what to write instead, and returns
// every other byte as it came: white space,
// attribute order, escapes, numbers, even mistakes. Nothing is parsed into a
// tree, nothing is serialised again, and nothing waits for the end of the
// body.
//
// What a URL means and what becomes of it is not known here: that is decided by
// [PictureFunc] and [LinkFunc]. This package knows where URLs stand ([HTML]: attributes
// of img and object, as the HTML standard tokenizes them; [JSON]: string values
// that begin with a URL) and how their text is written there (character
// references, quotes, escapes).
//
// The output depends on the input alone, not on how it is cut into reads.
// Memory is bounded whatever the input holds, time is linear in its length,
// and in steady state nothing is allocated but the Reader itself.
package rewrite

import "slices"

// A PictureFunc decides about the URL of a picture: an img element's src or
// data-fullres-src. It gets the URL and the media type that the element names
// for it (empty if it names none), both with character references resolved,
// appends what to write instead of url[keep:] and reports true; or returns dst and
// false to leave the attribute as it is. Of a picture's URL only the end changes,
// and the beginning need not be written again.
//
// The slices are valid during the call only. The replacement is plain text;
// it is escaped where it is written.
type PictureFunc func(dst, url, mimeType []byte) (text []byte, keep int, ok bool)

// Replace appends the complete URL to write instead of another.
func (p PictureFunc) Replace(dst, url, mimeType []byte) ([]byte, bool) {
	begin := len(dst)
	text, keep, ok := p(dst, url, mimeType)
	if !ok {
		return dst, false
	}
	return slices.Insert(text, begin, url[:keep]...), true
}

// A LinkFunc decides about any other URL, under the same rules as [PictureFunc],
// except that it appends what to write instead of url[:rest]: scheme and host are
// at the URL's beginning.
type LinkFunc func(dst, url []byte) (text []byte, rest int, ok bool)

// Replace appends the complete URL to write instead of another.
func (l LinkFunc) Replace(dst, url []byte) ([]byte, bool) {
	text, rest, ok := l(dst, url)
	if !ok {
		return dst, false
	}
	return append(text, url[rest:]...), true
}
