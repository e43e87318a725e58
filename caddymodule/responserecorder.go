// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// A responseRecorder notes whether a response was begun, because another one would
// only be appended to it, and else why there is none.
type responseRecorder struct {
	*caddyhttp.ResponseWriterWrapper
	begun bool
	err   error
}

// WriteHeader implements http.ResponseWriter. It drops interim responses of the
// API: reverse_proxy would send them as they came, with cookies and with links that
// do not lead to the proxy, and no client of the API needs them. The server itself
// sends 100 to clients that wait for it.
func (w *responseRecorder) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.begun = true
	w.ResponseWriterWrapper.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *responseRecorder) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriterWrapper.Write(p)
}

// ReadFrom implements io.ReaderFrom.
func (w *responseRecorder) ReadFrom(r io.Reader) (int64, error) {
	w.begun = true
	return w.ResponseWriterWrapper.ReadFrom(r)
}

// Interface guards
var (
	_ http.ResponseWriter = (*responseRecorder)(nil)
	_ io.ReaderFrom       = (*responseRecorder)(nil)
)
