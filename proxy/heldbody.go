// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import "io"

// A heldBody is an answer's body of which the beginning was read ahead.
type heldBody struct {
	held []byte // read ahead, not handed out yet
	err  error  // with which reading ahead ended; nil where more is to come
	rest io.ReadCloser
}

// Read implements [io.Reader].
func (b *heldBody) Read(p []byte) (int, error) {
	if len(b.held) > 0 {
		n := copy(p, b.held)
		b.held = b.held[n:]
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.rest.Read(p)
}

// Close implements [io.Closer].
func (b *heldBody) Close() error { return b.rest.Close() }
