// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package odata

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// Fail responds with an error in the shape of the API.
func (x *Exchange) Fail(status int, code, message string) {
	x.WriteError(status, wire.Object{{"error", x.face.Error(x, code, message)}})
}

// WriteError responds with an error in any shape.
func (x *Exchange) WriteError(status int, o wire.Object) {
	contentType := x.Traits.ErrorType
	if contentType == "" {
		contentType = x.Traits.ContentType
	}
	x.write(status, contentType, o)
}

// TooLarge responds to a body that is larger than the API accepts.
func (x *Exchange) TooLarge() { x.face.TooLarge(x) }

// TooLong responds to a body that is larger than OneNote accepts.
func (x *Exchange) TooLong() {
	x.Fail(http.StatusRequestEntityTooLarge, "20016", "The length of the multipart message exceeds the limit of 75 MB.")
}

// NotFound responds that there is no such thing.
func (x *Exchange) NotFound() {
	x.Fail(http.StatusNotFound, "20102", "The specified resource ID does not exist.")
}

// NotImplemented responds that the service lacks a feature.
func (x *Exchange) NotImplemented(what string) {
	x.Fail(http.StatusNotImplemented, "20111", "OData Feature not implemented. "+what+".")
}

// Write responds with JSON.
func (x *Exchange) Write(status int, o wire.Object) { x.write(status, x.Traits.ContentType, o) }

func (x *Exchange) write(status int, contentType string, o wire.Object) {
	h := x.W.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-cache")
	x.W.WriteHeader(status)
	_, _ = x.W.Write(o.Encode()) // a buffer never fails
}
