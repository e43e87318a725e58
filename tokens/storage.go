// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import "context"

// Storage keeps records and has locks. Every certmagic.Storage is one.
// Keys are slash-separated without a leading slash; a missing key is an error
// that wraps fs.ErrNotExist.
type Storage interface {
	Store(ctx context.Context, key string, value []byte) error
	Load(ctx context.Context, key string) ([]byte, error)
	Delete(ctx context.Context, key string) error
	Lock(ctx context.Context, name string) error
	Unlock(ctx context.Context, name string) error
}
