// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package odata reads the query options of OData (URL Conventions, version 4.01):
// it splits a query into options, and reads the lists and expressions in them with
// a tokenizer, so that names can be changed and quoted text stays as it is. It
// knows nothing of the OneNote API or of Microsoft Graph.
package odata

import "strconv"

// An Error is why a value cannot be read.
type Error struct {
	// Pos is where in the value, as the index of a byte.
	Pos int

	// Message says what is wrong there.
	Message string
}

// Error returns the message and the place, counted from 1 as people count.
func (e *Error) Error() string {
	return e.Message + " at character " + strconv.Itoa(e.Pos+1)
}

// At returns the error as it is where the value begins at offset.
func (e *Error) At(offset int) *Error {
	return &Error{Pos: e.Pos + offset, Message: e.Message}
}

func unexpected(t token, wanted string) *Error {
	if t.kind == endToken {
		return &Error{Pos: t.pos, Message: "expected " + wanted + " at the end,"}
	}
	return &Error{Pos: t.pos, Message: "expected " + wanted + " in place of " + strconv.Quote(t.text)}
}
