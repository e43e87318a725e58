// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// pageRules are the rules for the HTML of a page, alone or together with its ink.
func (t *translation) pageRules(res *http.Response) api.BodyRules {
	rules, ok := rewrite.NewRules(res.Header.Get("Content-Type"))
	if !ok || rules.Type == rewrite.JSONType || res.StatusCode != http.StatusOK {
		return nil
	}
	written := *t
	written.mapper.Sites = nil // nothing is learned from what people have written
	rules.HTML = rewrite.HTMLRules{
		Picture:      t.picture(),
		Link:         wholeLink(written.appendLink),
		LinkPictures: t.dialect.Native.Pictures == api.Links,
	}
	if rules.HTML.Picture != nil {
		// The URLs of the pictures expire, so a page that a client has cached must
		// not be validated as unchanged.
		delete(res.Header, "Last-Modified")
	}
	return &rules
}

// wholeLink is the [rewrite.LinkFunc] that replaces URLs as a whole.
func wholeLink(replace func(dst, url []byte) ([]byte, bool)) rewrite.LinkFunc {
	return func(dst, url []byte) (text []byte, rest int, ok bool) {
		text, ok = replace(dst, url)
		return text, len(url), ok
	}
}

// picture returns what becomes of the pictures in a page, or nil. Graph has no public
// pictures, so those that load without a token are this proxy's. Their paths are those
// of the OneNote API: apps look for them in pages.
func (t *translation) picture() rewrite.PictureFunc {
	if t.dialect.Native.Pictures != api.Local {
		return nil
	}
	sign := t.request.PictureSigner(api.PictureExpiry(t.dialect.now(), t.dialect.Native.ImageLifetime))
	if sign == nil {
		return nil
	}
	local := t.dialect.OneNote.LocalPicture(sign)
	return func(dst, url, mimeType []byte) (text []byte, keep int, ok bool) {
		legacy, ok := t.legacyPicture(url)
		if !ok {
			return dst, 0, false
		}
		return local(dst, legacy, mimeType)
	}
}

// legacyPicture returns the URL of a picture at the OneNote API for one at Graph, or
// at the OneNote API, which old pages name.
func (t *translation) legacyPicture(url []byte) ([]byte, bool) {
	rest, ok := t.cutHost(url)
	if !ok {
		return nil, false
	}
	path, query := cutPath(rest)
	path, ok = t.mapper.PictureToLegacy(path)
	return []byte(api.Presets[0].Upstream + path + query), ok
}

// appendPicture appends the URL of a picture in JSON, which is the preview of a page.
func (t *translation) appendPicture(dst, url []byte) ([]byte, bool) {
	if picture := t.picture(); picture != nil {
		if text, ok := picture.Replace(dst, url, nil); ok {
			return text, true
		}
	}
	return t.appendLink(dst, url)
}
