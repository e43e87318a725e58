// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package caddymodule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandFindsUnixSocketOfAdminInConfiguration(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	dir, err := os.MkdirTemp("", "onenote") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	config := strings.Replace(s.plain(m), "admin "+s.admin, "admin unix/"+filepath.Join(dir, "admin.sock")+"|0600", 1)
	s.mustLoad(config)
	path := filepath.Join(dir, "Caddyfile")
	write(t, path, config)
	caddyOneNote(nil, "status", "--config", path).want(t, 0, "default", "ready")
}

// The server replaces the placeholder too.
func TestCommandFindsAdminAddressInEnvironment(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	t.Setenv("ONENOTE_TEST_ADMIN", s.admin)
	config := strings.Replace(s.plain(m), "admin "+s.admin, "admin {env.ONENOTE_TEST_ADMIN}", 1)
	s.mustLoad(config)
	path := filepath.Join(t.TempDir(), "Caddyfile")
	write(t, path, config)
	caddyOneNote(nil, "status", "--config", path).want(t, 0, "default", "ready")
	t.Setenv("ONENOTE_TEST_ADMIN", "")
	os.Unsetenv("ONENOTE_TEST_ADMIN")
	caddyOneNote(nil, "status", "--config", path).want(t, exitFailed, "{env.ONENOTE_TEST_ADMIN}", "set that variable for this command too")
}

func TestCommandSaysThatAdminIsOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Caddyfile")
	write(t, path, "{\nadmin off\nonenote {\nclient_id x\n}\n}\nhttp://:8080 {\nonenote\n}\n")
	for _, command := range []string{"status", "signin", "signout", "refresh", "wait", "try"} {
		caddyOneNote(nil, command, "--config", path).want(t, exitFailed, "Error: the configuration says admin off")
	}
}
