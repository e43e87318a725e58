// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"io"
	"sync/atomic"

	"github.com/caddy-onenote/caddy-onenote/proxy/api"
	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

// A wholeJSON is a short body that is read as a whole before it is translated.
type wholeJSON struct {
	src io.Reader

	// open reads src and returns what to read in its place, and how many changes
	// Rewritten counts.
	open func(src io.Reader) (out io.Reader, changes int)

	out     io.Reader // nil before the first read
	changes int
	closed  atomic.Bool
}

// Read implements [io.Reader].
func (b *wholeJSON) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, errJSONClosed
	}
	if b.out == nil {
		b.out, b.changes = b.open(b.src)
	}
	return b.out.Read(p)
}

// Rewritten returns what open has counted, as a number of links. It is 0 before the first
// read.
func (b *wholeJSON) Rewritten() (pictures, links int) { return 0, b.changes }

// Close ends reading. It does not close the source and never fails.
func (b *wholeJSON) Close() error {
	b.closed.Store(true)
	return nil
}

var (
	_ api.BodyRules = (*ErrorRules)(nil)
	_ api.BodyRules = (*NewEntityRules)(nil)
	_ rewrite.Body  = (*wholeJSON)(nil)
)
