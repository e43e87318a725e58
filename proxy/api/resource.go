// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/internal/ascii"
	"github.com/caddy-onenote/caddy-onenote/internal/percent"
)

// A resourceURL is the URL of a picture's bytes, in pieces:
//
//	https://www.onenote.com/api/v1.0/me/notes/resources/{id}/$value?query#fragment
//	                       ^path                             ^form
//
// Any root may stand before resources: me/notes, none at all (the oldest form),
// users/{id}, users('…'), groups, myOrganization/…, siteCollections/…, and on
// Microsoft Graph all of them with onenote for notes.
type resourceURL struct {
	url   []byte
	path  int // where the path begins
	form  int // where the path's last segment begins: content or $value
	query int // where the query begins, with its "?", if there is one
	hash  int // where the fragment begins, with its "#", if there is one
}

// resource takes a URL apart. It reports false unless it is the API's and of a
// resource.
func (h *Hosts) resource(u []byte) (r resourceURL, ok bool) {
	r.url = u
	if r.path, ok = h.path(u); !ok {
		return r, false
	}
	r.hash = len(u)
	if i := bytes.IndexByte(u, '#'); i >= 0 {
		r.hash = i
	}
	r.query = r.hash
	if i := bytes.IndexByte(u[:r.hash], '?'); i >= 0 {
		r.query = i
	}
	path := u[r.path:r.query]
	i := bytes.LastIndexByte(path, '/') + 1
	r.form = r.path + i
	return r, i > 0 && isForm(path[i:]) && isItem(path[:i-1])
}

// isForm reports whether a last segment names a resource's bytes.
func isForm(segment []byte) bool {
	switch len(segment) {
	case len("$value"):
		return ascii.EqualFold(segment, "$value")
	case len("content"):
		return ascii.EqualFold(segment, "content")
	case len("%24value"):
		return ascii.EqualFold(segment, "%24value")
	}
	return false
}

// isItem reports whether a path ends with an item of a resources collection.
// Outside of /api/ that must be OneNote's: other parts of Microsoft Graph have
// resources of their own.
func isItem(path []byte) bool {
	i := bytes.LastIndexByte(path, '/')
	if i < 0 || i+1 == len(path) {
		return false
	}
	collection := "/resources"
	if !bytes.HasPrefix(path, []byte("/api/")) {
		collection = "/onenote/resources"
	}
	n := i - len(collection)
	return n >= 0 && ascii.EqualFold(path[n:i], collection)
}

// isPlain reports whether a browser requests a path as it stands: without white
// space or control characters, without backslashes, which it takes for slashes,
// and without dot segments.
func isPlain(path []byte) bool {
	for i, c := range path {
		switch {
		case c <= ' ' || c == 0x7f || c == '\\':
			return false
		case c == '/' && isDotSegment(path[i+1:]):
			return false
		}
	}
	return true
}

// isDotSegment reports whether rest begins with "." or ".." as a whole segment,
// or with an encoded dot, which no resource's path has.
func isDotSegment(rest []byte) bool {
	if len(rest) == 0 || rest[0] != '.' {
		return len(rest) > 2 && rest[0] == '%' && rest[1] == '2' && rest[2]|0x20 == 'e'
	}
	rest = bytes.TrimPrefix(rest[1:], []byte("."))
	return len(rest) == 0 || rest[0] == '/'
}

// isPublic reports whether the URL loads without a token, if it still does.
func (r *resourceURL) isPublic() bool {
	return ascii.EqualFold(r.url[r.form:r.query], "content") && bytes.EqualFold(r.option("publicauth"), []byte("true"))
}

// option returns the value of the query's first parameter with that name in any
// case of letters. name is in lower case.
func (r *resourceURL) option(name string) []byte {
	for param := range bytes.SplitSeq(r.options(), []byte("&")) {
		if value, ok := cutOption(param, name); ok {
			return value
		}
	}
	return nil
}

// options returns the query without its "?".
func (r *resourceURL) options() []byte {
	return bytes.TrimPrefix(r.url[r.query:r.hash], []byte("?"))
}

// cutOption returns the value of a parameter if it has that name, in any case of
// letters. name is in lower case.
func cutOption(param []byte, name string) (value []byte, ok bool) {
	if len(param) < len(name) || !ascii.EqualFold(param[:len(name)], name) {
		return nil, false
	}
	rest := param[len(name):]
	if len(rest) == 0 {
		return rest, true
	}
	return rest[1:], rest[0] == '='
}

// appendPublic appends the end of the URL from which the picture loads without a
// token: content?publicAuth=true, its media type, and all other parameters as
// they were.
func (r *resourceURL) appendPublic(dst, mimeType []byte) []byte {
	dst = append(dst, "content?publicAuth=true"...)
	if isMediaType(mimeType) {
		dst = append(dst, "&mimeType="...)
		dst = percent.AppendValue(dst, mimeType)
	} else if own := r.option("mimetype"); len(own) > 0 {
		dst = append(dst, "&mimeType="...)
		dst = append(dst, own...)
	}
	if len(r.options()) > 0 {
		for param := range bytes.SplitSeq(r.options(), []byte("&")) {
			if !isPublicOption(param) {
				dst = append(dst, '&')
				dst = append(dst, param...)
			}
		}
	}
	return append(dst, r.url[r.hash:]...)
}

func isPublicOption(param []byte) bool {
	_, auth := cutOption(param, "publicauth")
	_, mime := cutOption(param, "mimetype")
	return auth || mime
}

// mediaType returns the type that the page names for the picture, else the one
// in the URL, else nil.
func (r *resourceURL) mediaType(named []byte) []byte {
	if isMediaType(named) {
		return named
	}
	own := r.option("mimetype")
	if len(own) == 0 {
		return nil
	}
	if bytes.IndexByte(own, '%') >= 0 {
		s, err := url.PathUnescape(string(own))
		if err != nil {
			return nil
		}
		own = []byte(s)
	}
	if !isMediaType(own) {
		return nil
	}
	return own
}

// localPath returns the path as a browser will request it: what a browser encodes
// by itself is encoded, so that the signature fits the request.
func (r *resourceURL) localPath() []byte {
	path := r.url[r.path:r.query]
	if !bytes.ContainsFunc(path, isEncoded) {
		return path
	}
	encoded := make([]byte, 0, 2*len(path))
	for _, c := range path {
		if isEncoded(rune(c)) || c >= 0x80 {
			encoded = percent.Append(encoded, c)
			continue
		}
		encoded = append(encoded, c)
	}
	return encoded
}

// isEncoded reports whether a browser encodes the character in a path (URL
// Standard, path percent-encode set).
func isEncoded(c rune) bool {
	switch c {
	case '"', '<', '>', '^', '`', '{', '}':
		return true
	}
	return c >= 0x7f
}

// isMediaType reports whether t is type "/" subtype with names as RFC 6838
// (section 4.2) allows.
func isMediaType(t []byte) bool {
	switch string(t) {
	case "image/png", "image/jpeg", "image/gif": // nearly all of them
		return true
	}
	main, sub, ok := bytes.Cut(t, []byte("/"))
	return ok && isTypeName(main) && isTypeName(sub)
}

func isTypeName(name []byte) bool {
	if len(name) == 0 || len(name) > 127 || !ascii.IsAlphanumeric(name[0]) {
		return false
	}
	for _, c := range name {
		if !ascii.IsAlphanumeric(c) && bytes.IndexByte([]byte("!#$&-^_.+"), c) < 0 {
			return false
		}
	}
	return true
}
