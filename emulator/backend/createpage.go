// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package backend

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/notes"
	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
)

// createPage makes a page from the HTML of the request.
// at is the path of the collection that it was posted to.
func (x *NotesExchange) createPage(s *notes.Section, at string) {
	source, parts, err := x.presentation()
	if err != nil {
		x.failWith(err)
		return
	}
	im := x.importer(parts)
	d, err := im.Parse(source)
	if err != nil {
		x.failWith(err)
		return
	}
	p := x.Library.AddPage(s, d, x.Now())
	p.MadeBy = x.maker()
	x.created("pages", at, x.pageObject(p))
}

func (x *NotesExchange) importer(parts map[string]notes.Part) *notes.Importer {
	return &notes.Importer{Library: x.Library, Parts: parts, Now: x.Now(), Own: x.ownResource}
}

// ownResource returns the resource that an address on this host names, or nil. It
// is one of the library, or one that was public at some time. An API does not know
// the addresses of another one.
func (x *NotesExchange) ownResource(address string) *notes.Resource {
	u, err := url.Parse(address)
	if err != nil || !strings.EqualFold(u.Host, x.R.Host) || strings.HasPrefix(u.Path, "/api/") != (x.Traits.Prefix == "/api") {
		return nil
	}
	segments := odata.SplitKeys(odata.SplitPath(u.EscapedPath()))
	for i := 0; i+1 < len(segments); i++ {
		if !strings.EqualFold(segments[i], "resources") {
			continue
		}
		if res := x.Library.Resources[segments[i+1]]; res != nil {
			return res
		}
		return x.store.Published(segments[i+1])
	}
	return nil
}

// presentation returns the HTML of a request for a new page, and the parts that it
// refers to.
func (x *NotesExchange) presentation() (string, map[string]notes.Part, error) {
	mediaType, parameters, err := mime.ParseMediaType(x.R.Header.Get("Content-Type"))
	switch {
	case err == nil && isPresentation(mediaType):
		if len(bytes.TrimSpace(x.Body.Data)) == 0 {
			return "", nil, notes.BadRequest("20132", "The request contains invalid content. Common causes for this are a missing Content-Type request header and/or no content in the body of the request.")
		}
		return string(x.Body.Data), nil, nil
	case err == nil && strings.HasPrefix(mediaType, "multipart/"):
	default:
		return "", nil, notes.NewError(http.StatusUnsupportedMediaType, "20110", "Page create requests require the content to be multipart, with a presentation part.")
	}
	parts, err := notes.ReadParts(x.Body.Data, parameters["boundary"])
	if err != nil {
		return "", nil, err
	}
	found, err := notes.TakePart(parts, "presentation")
	if err != nil {
		return "", nil, err
	}
	if mediaType, _, err := mime.ParseMediaType(found.MIME); err != nil || !isPresentation(mediaType) {
		return "", nil, notes.BadRequest("20003", "The content type of the 'Presentation' part can be only text/html or application/xhtml+xml.")
	}
	return string(found.Data), notes.PartsByName(parts), nil
}

// maker names the client of the request.
func (x *NotesExchange) maker() string { return "app " + x.Token.Grant.Client }

// mayUse reports whether the token permits the use of a page. It responds with an
// error if not. Some tokens are only for the pages that the client made itself.
func (x *NotesExchange) mayUse(p *notes.Page) bool {
	switch {
	case !x.Token.OwnPagesOnly(), p.MadeBy == x.maker():
		return true
	case p.MadeBy == "":
		x.Fail(http.StatusUnauthorized, "40003", "The user doesn't have permission to read the requested resource.")
	default:
		x.Fail(http.StatusForbidden, "40006", "The app that the access token is for did not create the requested resource.")
	}
	return false
}

func isPresentation(mediaType string) bool {
	return mediaType == "text/html" || mediaType == "application/xhtml+xml"
}
