// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"

	"github.com/caddy-onenote/caddy-onenote/appsignin"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// pool holds what outlives a configuration: what accounts know, and the
// sign-ins under way. A reload makes new accounts around the same memory:
// requests of the old configuration, which may run on for minutes, and those
// of the new one share one token, one generation and one refresh. Nothing in
// here holds a context, logger or storage of a configuration.
var pool = caddy.NewUsagePool()

// A cacheKey names the account that a cache belongs to: by its record and the
// storage of the record. No secret is part of it, so rotating one keeps the
// sign-in.
type cacheKey struct {
	storage [sha256.Size]byte
	record  string
}

// A servedKey names the account whose requests are counted.
type servedKey struct{ account string }

// attemptsKey is the key of the sign-ins under way.
type attemptsKey struct{}

// pooledCache is the cache of an account in the pool.
type pooledCache struct {
	*tokens.Cache

	// begun says that the state was reported with which the process begins.
	begun *atomic.Bool
}

// Destruct implements caddy.Destructor. It waits for a refresh in flight and
// erases nothing: a request of an older configuration may still read it.
func (p pooledCache) Destruct() error {
	p.Close()
	return nil
}

// pooledAttempts are the sign-ins under way in the pool.
type pooledAttempts struct{ *signin.Attempts }

// Destruct implements caddy.Destructor.
func (p pooledAttempts) Destruct() error { return p.Close() }

// appMemoryKey is the key of the codes of apps that sign in.
type appMemoryKey struct{}

// pooledAppMemory are the codes of apps that sign in, in the pool.
type pooledAppMemory struct{ *appsignin.Memory }

// Destruct implements caddy.Destructor. Nothing runs in it.
func (pooledAppMemory) Destruct() error { return nil }

// outboxesKey is the key of the notices that were not delivered yet.
type outboxesKey struct{}

// pooledOutboxes are the notices that were not delivered yet in the pool.
type pooledOutboxes struct{ *outboxes }

// Destruct implements caddy.Destructor. Nothing runs in them.
func (pooledOutboxes) Destruct() error { return nil }

// loopKey is the key of the mark by which this process recognises its own requests.
type loopKey struct{}

// pooledLoop is that mark. It outlives a configuration: a request of the old one may come
// back to the new one, which must not take it for an app's.
type pooledLoop string

// Destruct implements caddy.Destructor.
func (pooledLoop) Destruct() error { return nil }

// A lease is what one configuration holds of the pool, so that it gives back
// exactly that, also when it was provisioned only halfway.
type lease struct{ keys []any }

// cache returns the cache of an account.
func (l *lease) cache(key cacheKey) (pooledCache, error) {
	val, err := l.take(key, func() (caddy.Destructor, error) { return pooledCache{tokens.NewCache(), new(atomic.Bool)}, nil })
	if err != nil {
		return pooledCache{}, err
	}
	return val.(pooledCache), nil
}

// attempts returns the sign-ins under way.
func (l *lease) attempts() (*signin.Attempts, error) {
	val, err := l.take(attemptsKey{}, func() (caddy.Destructor, error) { return pooledAttempts{signin.NewAttempts()}, nil })
	if err != nil {
		return nil, err
	}
	return val.(pooledAttempts).Attempts, nil
}

// appMemory returns the codes of apps that sign in.
func (l *lease) appMemory() (*appsignin.Memory, error) {
	val, err := l.take(appMemoryKey{}, func() (caddy.Destructor, error) { return pooledAppMemory{new(appsignin.Memory)}, nil })
	if err != nil {
		return nil, err
	}
	return val.(pooledAppMemory).Memory, nil
}

// outboxes returns the notices that were not delivered yet.
func (l *lease) outboxes() (*outboxes, error) {
	val, err := l.take(outboxesKey{}, func() (caddy.Destructor, error) { return pooledOutboxes{new(outboxes)}, nil })
	if err != nil {
		return nil, err
	}
	return val.(pooledOutboxes).outboxes, nil
}

// loopMark returns the mark by which this process recognises its own requests, a cdn-id
// (RFC 8586).
func (l *lease) loopMark() (string, error) {
	val, err := l.take(loopKey{}, func() (caddy.Destructor, error) {
		return pooledLoop("caddy-onenote-" + strings.ToLower(rand.Text()[:10])), nil
	})
	if err != nil {
		return "", err
	}
	return string(val.(pooledLoop)), nil
}

// served returns what counts the requests of an account, since now if nothing did before.
func (l *lease) served(account string, now time.Time) (*servedCount, error) {
	val, err := l.take(servedKey{account}, func() (caddy.Destructor, error) { return &servedCount{since: now}, nil })
	if err != nil {
		return nil, err
	}
	return val.(*servedCount), nil
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
func (l *lease) release(forgotten func(cacheKey)) error {
	var errs []error
	for _, key := range l.keys {
		gone, err := pool.Delete(key)
		errs = append(errs, err)
		if k, ok := key.(cacheKey); ok && gone {
			forgotten(k)
		}
	}
	l.keys = nil
	return errors.Join(errs...)
}

// hasCache reports whether the pool has a cache of the account, for any storage.
func hasCache(record string) bool {
	found := false
	pool.Range(func(key, _ any) bool {
		k, ok := key.(cacheKey)
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
