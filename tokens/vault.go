// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// A Vault keeps small values of others sealed beside the records of accounts, under the
// same keys.
type Vault struct {
	Storage Storage
	Keys    KeySource

	// Folder is where they are in the storage, such as onenote/app-signin.
	Folder string
}

// ErrNoValue means that a Vault has no such value, or none that can be opened.
var ErrNoValue = errors.New("there is no such value, or none that can be opened")

// vaultLockLimit is how long a Vault waits for its lock.
const vaultLockLimit = 15 * time.Second

func (v *Vault) key(name string) string { return v.Folder + "/" + name + ".json" }

// Load reads the value of that name into content.
func (v *Vault) Load(ctx context.Context, name string, content any) error {
	stored, err := v.Storage.Load(ctx, v.key(name))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNoValue
	}
	if err != nil {
		return err
	}
	_, err = openRecord(v.Keys, v.key(name), "", stored, content)
	if errors.Is(err, errDamaged) || errors.Is(err, errUnknownKey) || errors.Is(err, errOtherClient) {
		return ErrNoValue
	}
	return err
}

// Update reads the value into content, calls change, and stores content if it returns
// true. All of it is done under a lock, so that no other process changes the value in
// between. What cannot be opened is replaced.
func (v *Vault) Update(ctx context.Context, name string, content any, change func() bool) error {
	unlock, err := v.lock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	if err := v.Load(ctx, name, content); err != nil && !errors.Is(err, ErrNoValue) {
		return err
	}
	if !change() {
		return nil
	}
	sealed, err := sealRecord(v.Keys, v.key(name), "", content)
	if err != nil {
		return err
	}
	return v.Storage.Store(ctx, v.key(name), sealed)
}

// lock locks a value. The context of the lock goes on until the unlock: some storages keep
// a lock alive for as long as its context lives.
func (v *Vault) lock(ctx context.Context, name string) (unlock func(), err error) {
	lockCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	left := context.AfterFunc(ctx, cancel)
	limit := time.AfterFunc(vaultLockLimit, cancel)
	lockName := "onenote_value_" + name
	err = v.Storage.Lock(lockCtx, lockName)
	limit.Stop()
	left()
	if err != nil {
		cancel()
		return nil, err
	}
	return func() {
		_ = v.Storage.Unlock(context.Background(), lockName) // else it goes stale by itself
		cancel()
	}, nil
}
