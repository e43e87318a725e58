// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/caddyserver/certmagic"
)

// surelyMissing is a storage that says that a key is missing only if it is. Some
// storages say so as well while their server is away: caddy-storage-redis 1.8.1 does.
// A record that is missing means that somebody has signed out.
type surelyMissing struct{ certmagic.Storage }

// withSureKeys returns a storage whose missing keys are missing. One that keeps files
// says by itself why it cannot read one.
func withSureKeys(s certmagic.Storage) certmagic.Storage {
	if _, files := s.(interface{ Filename(key string) string }); files {
		return s
	}
	return surelyMissing{s}
}

// Load implements certmagic.Storage. If the key is said to be missing, it asks what its
// folder holds, which fails while the server is away.
func (s surelyMissing) Load(ctx context.Context, key string) ([]byte, error) {
	value, err := s.Storage.Load(ctx, key)
	if !errors.Is(err, fs.ErrNotExist) {
		return value, err
	}
	keys, unlisted := s.List(ctx, path.Dir(key), false)
	switch {
	case errors.Is(unlisted, fs.ErrNotExist):
		return nil, err
	case unlisted != nil:
		return nil, fmt.Errorf("load %s: %w", key, unlisted)
	case slices.Contains(keys, key):
		return s.Storage.Load(ctx, key) // the server is back
	}
	return nil, err
}
