// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"context"
	"fmt"
	"io/fs"
	"sync"
)

// storage is a tokens.Storage in memory.
type storage struct {
	mu     sync.Mutex
	values map[string][]byte
	broken bool

	lock chan struct{}
}

func newStorage() *storage {
	return &storage{values: make(map[string][]byte), lock: make(chan struct{}, 1)}
}

func (s *storage) Store(_ context.Context, key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return fmt.Errorf("storing %s: disk full", key)
	}
	s.values[key] = value
	return nil
}

func (s *storage) Load(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[key]
	if !ok {
		return nil, fmt.Errorf("loading %s: %w", key, fs.ErrNotExist)
	}
	return v, nil
}

func (s *storage) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return fmt.Errorf("deleting %s: disk full", key)
	}
	delete(s.values, key)
	return nil
}

func (s *storage) Lock(ctx context.Context, _ string) error {
	select {
	case s.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *storage) Unlock(context.Context, string) error {
	<-s.lock
	return nil
}

// fail makes the storage refuse changes.
func (s *storage) fail(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}
