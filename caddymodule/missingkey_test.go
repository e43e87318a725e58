// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"github.com/caddyserver/certmagic"
)

// evasiveStorage says of every key that it is missing while its server is away. Only
// listing fails.
type evasiveStorage struct {
	certmagic.Storage
	away    bool
	returns int // it is back after so many loads; 0 for never
}

func (s *evasiveStorage) Load(ctx context.Context, key string) ([]byte, error) {
	if !s.away {
		return s.Storage.Load(ctx, key)
	}
	if s.returns--; s.returns == 0 {
		s.away = false
	}
	return nil, fs.ErrNotExist
}

func (s *evasiveStorage) List(ctx context.Context, dir string, recursive bool) ([]string, error) {
	if s.away {
		return nil, errors.New("connection refused")
	}
	return s.Storage.List(ctx, dir, recursive)
}

func TestKeyIsMissingOnlyIfStorageCanBeAsked(t *testing.T) {
	ctx := context.Background()
	const key, other = "onenote/accounts/default.json", "onenote/accounts/other.json"
	evasive := &evasiveStorage{Storage: &certmagic.FileStorage{Path: t.TempDir()}}
	s := withSureKeys(evasive)
	if _, err := s.Load(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in an empty storage: got %v, want that the key is missing", err)
	}
	if err := s.Store(ctx, key, []byte("record")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(ctx, other); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("beside another key: got %v, want that the key is missing", err)
	}
	evasive.away = true
	if _, err := s.Load(ctx, key); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("while the server is away: got %v, want an error other than that the key is missing", err)
	}
	evasive.returns = 1
	if value, err := s.Load(ctx, key); err != nil || string(value) != "record" {
		t.Errorf("when the server is back in that moment: got %q, %v, want the record", value, err)
	}
}
