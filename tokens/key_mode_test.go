// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tokens

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// fixedModes is a file system that decides the modes itself.
type fixedModes struct {
	mode fs.FileMode
	err  error // of Chmod
}

type fixedInfo struct {
	fs.FileInfo
	mode fs.FileMode
}

func (i fixedInfo) Mode() fs.FileMode { return i.mode }

func (m fixedModes) Stat(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return fixedInfo{info, m.mode}, nil
}

func (m fixedModes) Chmod(string, fs.FileMode) error { return m.err }

// TestKeyThatOthersCanReadIsTightened: an fsGroup, a backup or a copy widened the mode.
func TestKeyThatOthersCanReadIsTightened(t *testing.T) {
	for _, mode := range []fs.FileMode{0o660, 0o644, 0o777, 0o640, 0o604} {
		path := filepath.Join(t.TempDir(), "seal.key")
		first, err := (&KeyFile{Path: path}).Keys(true)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		core, logs := observer.New(zap.WarnLevel)
		k := &KeyFile{Path: path, Logger: zap.New(core)}
		for range 2 {
			again, err := k.Keys(false)
			if err != nil || !bytes.Equal(first[0], again[0]) {
				t.Errorf("mode %v: got another key, or %v", mode, err)
			}
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != keyMode {
			t.Errorf("mode %v: got %v, %v, want 0600", mode, info.Mode(), err)
		}
		if n := logs.Len(); n != 1 {
			t.Errorf("mode %v: got %d warnings, want one", mode, n)
		}
	}
}

// TestKeyWhoseModeCannotBeChangedIsUsed: on a folder of Windows, SMB or exFAT every
// file reads 0777, and chmod succeeds without an effect or fails. A sign-in there
// survives a restart.
func TestKeyWhoseModeCannotBeChangedIsUsed(t *testing.T) {
	for name, modes := range map[string]fixedModes{
		"chmod without effect": {mode: 0o777},
		"chmod not permitted":  {mode: 0o660, err: fs.ErrPermission},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			path := filepath.Join(t.TempDir(), "seal.key")
			core, logs := observer.New(zap.WarnLevel)
			restarted := func() *Account {
				r.keys = &KeyFile{Path: path, modes: modes, Logger: zap.New(core)}
				return r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil }))
			}
			a := restarted()
			if err := a.Adopt(context.Background(), r.grantTo(oauth.User{ID: "1"}, "refresh", redirectURI), false); err != nil {
				t.Fatal(err)
			}
			wantState(t, a, Ready)
			if n := logs.Len(); n != 1 {
				t.Errorf("got %d warnings, want one: %v", n, logs.All())
			}
			for _, entry := range logs.All() {
				if !strings.Contains(entry.Message, "encryption_key") {
					t.Errorf("warning: got %q, want it to name encryption_key", entry.Message)
				}
			}
			wantState(t, restarted(), Ready)
		})
	}
}
