// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
)

// Limits of a multipart request (errors 20014 and 20015).
const (
	maxPart  = 25 << 20
	maxParts = 500
)

// Part is a named part of a multipart request.
type Part struct {
	name string
	MIME string
	Data []byte
}

// ReadParts reads a multipart body. It accepts bare line feeds, and a last boundary
// without a line end, as some clients send them.
func ReadParts(data []byte, boundary string) ([]Part, error) {
	if boundary == "" {
		return nil, BadRequest("20011", "The request contains a malformed multipart payload: it has no boundary.")
	}
	reader := multipart.NewReader(bytes.NewReader(data), boundary)
	var parts []Part
	for {
		next, err := reader.NextRawPart()
		if err == io.EOF {
			return parts, nil
		}
		if err != nil {
			return nil, BadRequest("20011", "The request contains a malformed multipart payload.")
		}
		content, err := io.ReadAll(next)
		switch {
		case err != nil:
			return nil, BadRequest("20011", "The request contains a malformed multipart payload.")
		case len(content) > maxPart:
			return nil, NewError(http.StatusRequestEntityTooLarge, "20014", "The length of a part in the multipart message exceeds the maximum size of 25 MB.")
		case len(parts) == maxParts:
			return nil, BadRequest("20015", "The count of parts in the multipart message exceeds the limit of 500.")
		}
		parts = append(parts, Part{name: next.FormName(), MIME: next.Header.Get("Content-Type"), Data: content})
	}
}

// TakePart returns the part with a name, which is compared without case. It is an
// error if there is not exactly one.
func TakePart(parts []Part, name string) (Part, error) {
	var found []Part
	seen := make(map[string]bool)
	for _, p := range parts {
		if strings.EqualFold(p.name, name) {
			found = append(found, p)
			continue
		}
		if seen[p.name] && p.name != "" {
			return Part{}, BadRequest("20009", "The request contains parts with duplicate names. Part names must be unique.")
		}
		seen[p.name] = true
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case name == "commands":
		return Part{}, BadRequest("20124", "The multipart PATCH request doesn't include a 'commands' part with the PATCH action JSON structure.")
	case len(found) == 0:
		return Part{}, BadRequest("20001", "The request is missing the required 'Presentation' part. Exactly one is required.")
	}
	return Part{}, BadRequest("20002", fmt.Sprintf("The request contains %d 'Presentation' parts. Exactly one is required.", len(found)))
}

// PartsByName indexes parts by their names.
func PartsByName(parts []Part) map[string]Part {
	named := make(map[string]Part, len(parts))
	for _, p := range parts {
		named[p.name] = p
	}
	return named
}
