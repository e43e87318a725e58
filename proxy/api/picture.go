// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"

	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// PublicPicture is the [rewrite.PictureFunc] of pages whose pictures load from the
// API (article "One time Authentication for Public Resource"). It gives the URL of
// a resource its public form; scheme, host, path and other parameters stay. It
// leaves other URLs alone, and those that are public already.
//
// The media type goes into the URL if it is valid: type "/" subtype, without
// parameters. Else the URL keeps the media type that it had, if any.
func (h *Hosts) PublicPicture(dst, url, mimeType []byte) (text []byte, keep int, ok bool) {
	r, ok := h.resource(url)
	if !ok || r.isPublic() {
		return dst, 0, false
	}
	return r.appendPublic(dst, mimeType), r.form, true
}

// hasPublicPicture reports whether a URL is that of a picture that the API serves
// without a token.
func (h *Hosts) hasPublicPicture(url []byte) bool {
	if bytes.IndexByte(url, '?') < 0 {
		return false
	}
	r, ok := h.resource(url)
	return ok && r.isPublic()
}

// LocalPicture returns the [rewrite.PictureFunc] of pages whose pictures load from
// the proxy. For each resource, whether its URL is public or not, sign appends the
// complete new URL. It gets the path, percent-encoded as a browser will send it,
// and the media type that the page or the URL names, empty if there is none. A
// path that a browser would resolve to another (dot segments, backslashes, white
// space), or that the API could read as another than a resource's, is not signed:
// everybody who has the URL would get what is there. What Graph names under
// siteCollections is named as Graph serves it.
func (h *Hosts) LocalPicture(sign func(dst []byte, path, mimeType []byte) []byte) rewrite.PictureFunc {
	return func(dst, url, mimeType []byte) (text []byte, keep int, ok bool) {
		r, ok := h.resource(url)
		if !ok || !isPlain(url[r.path:r.query]) {
			return dst, 0, false
		}
		path := r.localPath()
		if !IsResource(string(path)) {
			return dst, 0, false
		}
		return sign(dst, withSites(path), r.mediaType(mimeType)), 0, true
	}
}
