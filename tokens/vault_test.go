// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/certmagic"
)

func newVault(t *testing.T) *Vault {
	t.Helper()
	return &Vault{
		Storage: &certmagic.FileStorage{Path: t.TempDir()},
		Keys:    FixedKeys{[]byte(strings.Repeat("k", KeySize))},
		Folder:  "onenote/values",
	}
}

func (v *Vault) put(t *testing.T, name, text string) {
	t.Helper()
	var content string
	if err := v.Update(t.Context(), name, &content, func() bool { content = text; return true }); err != nil {
		t.Fatal(err)
	}
}

func TestVaultKeepsValuesSealed(t *testing.T) {
	v := newVault(t)
	var got string
	if err := v.Load(t.Context(), "a", &got); !errors.Is(err, ErrNoValue) {
		t.Errorf("nothing was stored: got %v, want %v", err, ErrNoValue)
	}
	v.put(t, "a", "a secret value")
	if err := v.Load(t.Context(), "a", &got); err != nil || got != "a secret value" {
		t.Errorf("got %q, %v", got, err)
	}
	stored, err := v.Storage.Load(t.Context(), v.key("a"))
	if err != nil || strings.Contains(string(stored), "secret") {
		t.Errorf("got %s, %v, want it sealed", stored, err)
	}
}

func TestVaultOpensNothingThatWasMovedOrIsOfAnotherKey(t *testing.T) {
	v := newVault(t)
	v.put(t, "a", "value")
	stored, err := v.Storage.Load(t.Context(), v.key("a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Storage.Store(t.Context(), v.key("b"), stored); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := v.Load(t.Context(), "b", &got); !errors.Is(err, ErrNoValue) {
		t.Errorf("moved: got %q, %v, want %v", got, err, ErrNoValue)
	}
	other := *v
	other.Keys = FixedKeys{[]byte(strings.Repeat("o", KeySize))}
	if err := other.Load(t.Context(), "a", &got); !errors.Is(err, ErrNoValue) {
		t.Errorf("another key: got %q, %v, want %v", got, err, ErrNoValue)
	}
	other.put(t, "a", "new") // it is replaced
	if err := other.Load(t.Context(), "a", &got); err != nil || got != "new" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestConcurrentUpdatesOfAVaultLoseNothing(t *testing.T) {
	v := newVault(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			var n int
			if err := v.Update(context.Background(), "n", &n, func() bool { n++; return true }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var n int
	if err := v.Load(t.Context(), "n", &n); err != nil || n != 3 {
		t.Errorf("got %d, %v, want 3", n, err)
	}
}

func TestVaultThatCannotBeReadIsNotEmpty(t *testing.T) {
	v := newVault(t)
	down := &downStorage{Storage: v.Storage}
	down.down.Store(true)
	v.Storage = down
	var got string
	if err := v.Load(t.Context(), "a", &got); !errors.Is(err, errDown) {
		t.Errorf("got %v, want %v", err, errDown)
	}
	changed := false
	if err := v.Update(t.Context(), "a", &got, func() bool { changed = true; return true }); !errors.Is(err, errDown) || changed {
		t.Errorf("got %v, changed %t, want %v", err, changed, errDown)
	}
}
