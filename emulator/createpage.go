// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

// Limits of a multipart request (errors 20014 and 20015).
const (
	maxPart  = 25 << 20
	maxParts = 500
)

// apiError is an error on the way to an answer.
type apiError struct {
	status  int
	code    string
	message string
}

func (err *apiError) Error() string { return err.code + ": " + err.message }

func badRequest(code, message string) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, message: message}
}

func (c *call) failWith(err error) {
	var a *apiError
	if !errors.As(err, &a) {
		a = badRequest("20132", "The request contains invalid content: "+err.Error()+".")
	}
	c.fail(a.status, a.code, a.message)
}

// createPage makes a page of the request's HTML.
func (c *call) createPage(s *section) {
	source, parts, err := c.presentation()
	if err != nil {
		c.failWith(err)
		return
	}
	im := c.importer(parts)
	d, err := im.parse(source)
	if err != nil {
		c.failWith(err)
		return
	}
	p := c.library.addPage(s, d, c.e.clock())
	c.created("pages", c.pageObject(p))
}

func (c *call) importer(parts map[string]part) *importer {
	return &importer{library: c.library, parts: parts, now: c.e.clock(), own: c.ownResource}
}

// ownResource finds the resource that an address on this host names: one of
// the library's, or a public one.
func (c *call) ownResource(address string) *resource {
	u, err := url.Parse(address)
	if err != nil || !strings.EqualFold(u.Host, c.r.Host) {
		return nil
	}
	segments := splitKeys(splitPath(u.EscapedPath()))
	for i := 0; i+1 < len(segments); i++ {
		if !strings.EqualFold(segments[i], "resources") {
			continue
		}
		if res := c.library.resources[segments[i+1]]; res != nil {
			return res
		}
		return c.e.state.public[segments[i+1]]
	}
	return nil
}

// presentation returns the HTML of a request that makes a page, and the parts
// that it refers to.
func (c *call) presentation() (string, map[string]part, error) {
	mediaType, parameters, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	switch {
	case err == nil && isPresentation(mediaType):
		if len(bytes.TrimSpace(c.body.data)) == 0 {
			return "", nil, badRequest("20132", "The request contains invalid content. Common causes for this are a missing Content-Type request header and/or no content in the body of the request.")
		}
		return string(c.body.data), nil, nil
	case err == nil && strings.HasPrefix(mediaType, "multipart/"):
	default:
		return "", nil, &apiError{http.StatusUnsupportedMediaType, "20110", "Page create requests require the content to be multipart, with a presentation part."}
	}
	parts, err := readParts(c.body.data, parameters["boundary"])
	if err != nil {
		return "", nil, err
	}
	found, err := takePart(parts, "presentation")
	if err != nil {
		return "", nil, err
	}
	if mediaType, _, err := mime.ParseMediaType(found.mime); err != nil || !isPresentation(mediaType) {
		return "", nil, badRequest("20003", "The content type of the 'Presentation' part can be only text/html or application/xhtml+xml.")
	}
	return string(found.data), byName(parts), nil
}

func isPresentation(mediaType string) bool {
	return mediaType == "text/html" || mediaType == "application/xhtml+xml"
}

// readParts reads a multipart body. Hand-made ones with bare line feeds, or
// without a line end behind the last boundary, are read as well.
func readParts(data []byte, boundary string) ([]part, error) {
	if boundary == "" {
		return nil, badRequest("20011", "The request contains a malformed multipart payload: it has no boundary.")
	}
	reader := multipart.NewReader(bytes.NewReader(data), boundary)
	var parts []part
	for {
		next, err := reader.NextRawPart()
		if err == io.EOF {
			return parts, nil
		}
		if err != nil {
			return nil, badRequest("20011", "The request contains a malformed multipart payload.")
		}
		content, err := io.ReadAll(next)
		switch {
		case err != nil:
			return nil, badRequest("20011", "The request contains a malformed multipart payload.")
		case len(content) > maxPart:
			return nil, &apiError{http.StatusRequestEntityTooLarge, "20014", "The length of a part in the multipart message exceeds the maximum size of 25 MB."}
		case len(parts) == maxParts:
			return nil, badRequest("20015", "The count of parts in the multipart message exceeds the limit of 500.")
		}
		parts = append(parts, part{name: next.FormName(), mime: next.Header.Get("Content-Type"), data: content})
	}
}

// takePart finds the one part of a name, which is compared without case.
func takePart(parts []part, name string) (part, error) {
	var found []part
	seen := make(map[string]bool)
	for _, p := range parts {
		if strings.EqualFold(p.name, name) {
			found = append(found, p)
			continue
		}
		if seen[p.name] && p.name != "" {
			return part{}, badRequest("20009", "The request contains parts with duplicate names. Part names must be unique.")
		}
		seen[p.name] = true
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case name == "commands":
		return part{}, badRequest("20124", "The multipart PATCH request doesn't include a 'commands' part with the PATCH action JSON structure.")
	case len(found) == 0:
		return part{}, badRequest("20001", "The request is missing the required 'Presentation' part. Exactly one is required.")
	}
	return part{}, badRequest("20002", fmt.Sprintf("The request contains %d 'Presentation' parts. Exactly one is required.", len(found)))
}

func byName(parts []part) map[string]part {
	named := make(map[string]part, len(parts))
	for _, p := range parts {
		named[p.name] = p
	}
	return named
}
