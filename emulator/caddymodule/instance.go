// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"os"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/emulator"
)

// emulators keeps the state across config reloads: a reload must not revoke what
// an emulator issued.
var emulators = caddy.NewUsagePool()

// An instance says which emulator serves a site. Sites of the same instance share one.
type instance struct {
	name, seed  string
	allowRemote bool
}

// load returns the emulator, and makes it if no site has it yet. release gives it back.
func (i instance) load() (*emulator.Emulator, error) {
	value, _, err := emulators.LoadOrNew(i, func() (caddy.Destructor, error) {
		e, err := newEmulator(i.seed, i.allowRemote)
		return &pooled{e}, err
	})
	if err != nil {
		return nil, err
	}
	return value.(*pooled).emulator, nil
}

func (i instance) release() error {
	_, err := emulators.Delete(i)
	return err
}

// newEmulator makes an emulator with the seed in a folder, or the built-in one if that
// is empty.
func newEmulator(folder string, allowRemote bool) (*emulator.Emulator, error) {
	o := emulator.Options{AllowRemote: allowRemote}
	if folder == "" {
		return emulator.New(o), nil
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	defer root.Close()
	if o.Seed, err = emulator.ReadSeed(root.FS()); err != nil {
		return nil, fmt.Errorf("seed %s: %w", folder, err)
	}
	return emulator.New(o), nil
}

// pooled is an emulator in the pool.
type pooled struct {
	emulator *emulator.Emulator
}

// Destruct has nothing to do: the state is in memory.
func (*pooled) Destruct() error { return nil }

// Interface guard
var _ caddy.Destructor = (*pooled)(nil)
