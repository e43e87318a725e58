// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// sealingKeys are the keys of encryption_key. Those in files are read at each
// use: saving a record and opening one are rare, and a rotated file then takes
// effect at once.
type sealingKeys []secret

// Keys implements tokens.KeySource.
func (k sealingKeys) Keys(bool) ([][]byte, error) {
	var keys [][]byte
	for _, s := range k {
		text, err := s.reveal()
		if err != nil {
			return nil, err
		}
		key, err := tokens.ParseKey(text.Reveal())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.option, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// keySource returns the keys that seal the records. What is given literally or
// in the environment is checked here, what is in files at its first use.
func (a *App) keySource() (tokens.KeySource, error) {
	if len(a.EncryptionKey) == 0 || a.registering {
		return a.ownKey()
	}
	var keys, known sealingKeys
	for i, text := range a.EncryptionKey {
		s, err := newSecret(fmt.Sprintf("encryption_key %d", i+1), text, false)
		if err != nil {
			return nil, err
		}
		if warning := literalWarning(s.option, text); warning != "" {
			a.warn(warning)
		}
		keys = append(keys, s)
		if !s.inFile() {
			known = append(known, s)
		}
	}
	if _, err := known.Keys(false); err != nil {
		return nil, err
	}
	return keys, nil
}

// ownKey is a key that is made at its first use, beside Caddy's own files. A
// storage that was configured may be shared or backed up elsewhere, where a key
// in this machine's data folder is of no use.
func (a *App) ownKey() (tokens.KeySource, error) {
	if a.shared && !a.registering {
		return nil, errors.New("encryption_key is missing: tokens are kept in a storage that was configured, " +
			"so the key that seals them must be given; make one with: caddy onenote keygen")
	}
	return &tokens.KeyFile{Path: filepath.Join(caddy.DefaultStorage.Path, "onenote", "seal.key"), Logger: a.logger}, nil
}

// Interface guard
var _ tokens.KeySource = sealingKeys(nil)
