// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package drain reads bodies that nobody wants, for the sake of the client.
package drain

import (
	"io"
	"net/http"
)

const (
	// limit is how much is read. Whoever sends more finds the connection reset.
	limit = 64 << 20

	// byServer is how much net/http itself reads.
	byServer = 256 << 10
)

// Body reads what is left of the body of a request that is refused, before the response
// is sent. Many clients read the response only when they have sent all. To them a server
// that responds earlier and closes the connection has failed, and what it said is lost.
func Body(r *http.Request) {
	if IsNeeded(r) {
		_, _ = io.CopyN(io.Discard, r.Body, limit) // it ends with the body, or with the client
	}
}

// IsNeeded reports whether Body would read. A client that asks first (Expect:
// 100-continue) has not sent anything and is not made to; over HTTP/2 a response can come
// at any time.
func IsNeeded(r *http.Request) bool {
	switch {
	case r.Body == nil || r.Body == http.NoBody || r.ProtoMajor != 1 || len(r.Header["Expect"]) > 0:
		return false
	case r.ContentLength < 0:
		return true
	}
	return r.ContentLength > byServer && r.ContentLength <= limit
}
