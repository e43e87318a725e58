// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import "net/http"

// Error is an error about notes, with the status and the code that every face
// responds with.
type Error struct {
	Status  int
	Code    string
	Message string
}

func (err *Error) Error() string { return err.Code + ": " + err.Message }

// NewError makes an error.
func NewError(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

// BadRequest makes an error whose status is 400.
func BadRequest(code, message string) *Error {
	return NewError(http.StatusBadRequest, code, message)
}
