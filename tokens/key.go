// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.uber.org/zap"
)

// KeySource has the sealing keys. The first one seals, all of them open.
type KeySource interface {
	// Keys returns the keys as they are now. With create it may make the
	// first one; without, ErrNoKey says that there is none yet.
	Keys(create bool) ([][]byte, error)
}

// ErrNoKey means that no sealing key was made yet, so nothing was sealed.
var ErrNoKey = errors.New("no sealing key yet")

// KeySize is the length of a sealing key in bytes.
const KeySize = 32

// FixedKeys are keys that the operator gave.
type FixedKeys [][]byte

// Keys implements KeySource.
func (k FixedKeys) Keys(bool) ([][]byte, error) { return k, nil }

// GenerateKey makes a key, in the form in which ParseKey reads it.
func GenerateKey() string {
	key := make([]byte, KeySize)
	rand.Read(key) // never fails; Go ends the program rather than return weak bytes
	return base64.StdEncoding.EncodeToString(key)
}

// ParseKey reads a key: 32 bytes in base64, padded or not, either alphabet.
func ParseKey(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(text), "="))
	key, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(key) != KeySize {
		// The text is not quoted: it may be most of a real key.
		return nil, errors.New("expected 32 bytes in base64; make one with: caddy onenote keygen")
	}
	return key, nil
}

// KeyFile is a file with one key. It is created when the first record is saved,
// readable by its owner only; a mode that lets others read it is changed.
type KeyFile struct {
	Path string

	// Logger is warned of a key that others may read. Default: none.
	Logger *zap.Logger

	modes fileModes // nil: those of the operating system
	guard keyModeGuard
}

// Keys implements KeySource.
func (k *KeyFile) Keys(create bool) ([][]byte, error) {
	keys, err := k.read()
	if !errors.Is(err, ErrNoKey) || !create {
		return keys, err
	}
	if err := k.make(); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("making the sealing key: %w", err)
	}
	return k.read() // the other process's key, where two processes raced
}

func (k *KeyFile) read() ([][]byte, error) {
	modes, log := k.modes, k.Logger
	if modes == nil {
		modes = osModes{}
	}
	if log == nil {
		log = zap.NewNop()
	}
	info, err := modes.Stat(k.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoKey
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sealing key: %w", err)
	}
	k.guard.tighten(modes, k.Path, info.Mode(), log)
	text, err := os.ReadFile(k.Path)
	if err != nil {
		return nil, fmt.Errorf("reading the sealing key: %w", err)
	}
	key, err := ParseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("sealing key %s is damaged: %w; restore it from a backup, or delete it and sign in again", k.Path, err)
	}
	return [][]byte{key}, nil
}

// make writes a key whole or not at all: a reader must never see half of one.
func (k *KeyFile) make() error {
	dir := filepath.Dir(k.Path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(dir, ".seal-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	_, err = draft.WriteString(GenerateKey() + "\n")
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	// Link fails where the name exists, as O_EXCL does, but the file it
	// names is complete.
	err = os.Link(draft.Name(), k.Path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return k.makeInPlace(draft.Name())
}

// makeInPlace serves file systems without hard links.
func (k *KeyFile) makeInPlace(draft string) error {
	text, err := os.ReadFile(draft)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(k.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, keyMode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
