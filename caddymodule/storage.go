// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"
)

// provisionStorage finds where the records are kept. It does not ask the
// storage anything.
func (a *App) provisionStorage(ctx caddy.Context) error {
	a.store = ctx.Storage()
	if a.StorageRaw != nil && !a.registering {
		mod, err := ctx.LoadModule(a, "StorageRaw")
		if err != nil {
			return fmt.Errorf("loading storage: %w", err)
		}
		a.store, err = mod.(caddy.StorageConverter).CertMagicStorage()
		if err != nil {
			return fmt.Errorf("creating storage: %w", err)
		}
	}
	// Whatever is not Caddy's own folder on this machine may have other
	// nodes at its other end.
	own, ok := a.store.(*certmagic.FileStorage)
	a.shared = !ok || own != caddy.DefaultStorage
	return nil
}
