// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-onenote/caddy-onenote/emulator/caddymodule"
)

// Caddy writes below the user's own directories, whatever a configuration
// says: tests give it some of their own.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "caddy-onenote")
		if err != nil {
			log.Print(err)
			return 1
		}
		defer os.RemoveAll(dir)
		os.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
		os.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
		// Both were computed from the environment before it was changed.
		caddy.DefaultStorage.Path = caddy.AppDataDir()
		caddy.ConfigAutosavePath = filepath.Join(caddy.AppConfigDir(), "autosave.json")
		return m.Run()
	}())
}
