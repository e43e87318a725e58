// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"io"
	"sync/atomic"
)

var errBodySpent = errors.New("the request body was read for an earlier try, and cannot be sent again")

// onceBody is a request body that returns an error if it is read after it was
// closed. When reverse_proxy tries again, some bodies would report their end
// instead, and the API would take an empty body for the whole one.
type onceBody struct {
	io.ReadCloser
	closed atomic.Bool
}

// Read implements io.Reader.
func (b *onceBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, errBodySpent
	}
	return b.ReadCloser.Read(p)
}

// Close implements io.Closer.
func (b *onceBody) Close() error {
	b.closed.Store(true)
	return b.ReadCloser.Close()
}
