// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// pool holds what outlives a configuration: what accounts know, and the
// sign-ins under way. A reload makes new accounts around the same memory:
// requests of the old configuration, which may run on for minutes, and those
// of the new one share one token, one generation and one renewal. Nothing in
// here holds a context, logger or storage of a configuration.
var pool = caddy.NewUsagePool()

// A memoryKey says whose memory it is: that of the account with that record in
// that storage. No secret is part of it, so rotating one keeps the sign-in.
type memoryKey struct {
	storage [sha256.Size]byte
	record  string
}

// attemptsKey is the key of the sign-ins under way.
type attemptsKey struct{}

// pooledMemory is memory in the pool.
type pooledMemory struct{ *tokens.Memory }

// Destruct implements caddy.Destructor. It waits for a renewal under way and
// blanks nothing: a request of an older configuration may still read it.
func (p pooledMemory) Destruct() error {
	p.Close()
	return nil
}

// pooledAttempts are the sign-ins under way in the pool.
type pooledAttempts struct{ *signin.Attempts }

// Destruct implements caddy.Destructor.
func (p pooledAttempts) Destruct() error { return p.Close() }

// A lease is what one configuration holds of the pool, so that it gives back
// exactly that, also when it was provisioned only halfway.
type lease struct{ keys []any }

// memory returns the memory of an account.
func (l *lease) memory(key memoryKey) (*tokens.Memory, error) {
	val, err := l.take(key, func() (caddy.Destructor, error) { return pooledMemory{tokens.NewMemory()}, nil })
	if err != nil {
		return nil, err
	}
	return val.(pooledMemory).Memory, nil
}

// attempts returns the sign-ins under way.
func (l *lease) attempts() (*signin.Attempts, error) {
	val, err := l.take(attemptsKey{}, func() (caddy.Destructor, error) { return pooledAttempts{signin.NewAttempts()}, nil })
	if err != nil {
		return nil, err
	}
	return val.(pooledAttempts).Attempts, nil
}

func (l *lease) take(key any, construct caddy.Constructor) (any, error) {
	val, _, err := pool.LoadOrNew(key, construct)
	if err != nil {
		return nil, err
	}
	l.keys = append(l.keys, key)
	return val, nil
}

// release gives everything back. forgotten is told of each account that no
// configuration holds any more.
func (l *lease) release(forgotten func(memoryKey)) error {
	var errs []error
	for _, key := range l.keys {
		gone, err := pool.Delete(key)
		errs = append(errs, err)
		if k, ok := key.(memoryKey); ok && gone {
			forgotten(k)
		}
	}
	l.keys = nil
	return errors.Join(errs...)
}

// held reports whether an account has memory, in whatever storage it is.
func held(record string) bool {
	found := false
	pool.Range(func(key, _ any) bool {
		k, ok := key.(memoryKey)
		found = ok && k.record == record
		return !found
	})
	return found
}

// storageID tells storages apart without naming their secrets.
func storageID(storage certmagic.Storage) [sha256.Size]byte {
	// A storage is the module it was configured as, so its JSON is its
	// configuration. One that cannot be written as JSON counts by its type.
	config, err := json.Marshal(storage)
	if err != nil {
		config = nil
	}
	return sha256.Sum256(fmt.Appendf(nil, "%T %s", storage, config))
}
