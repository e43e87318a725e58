// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package oidcprovider starts an independent authorization server for tests:
// npm's oidc-provider, with rotation of refresh tokens, detection of their
// reuse, and PKCE.
package oidcprovider

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/needs"
)

// Start starts the server in its folder, given relative to the test's, and
// returns its issuer. It ends with the test, which is skipped without Node.
func Start(t testing.TB, folder string) (issuer string) {
	t.Helper()
	node := needs.Program(t, "node")
	needs.File(t, folder+"/node_modules/oidc-provider/package.json", "run npm ci in internal/oidcprovider")
	cmd := exec.Command(node, "--no-warnings", "server.mjs")
	cmd.Dir = folder
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close() // ends it
		cmd.Wait()
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var said struct{ Issuer string }
		if json.Unmarshal(lines.Bytes(), &said) == nil && said.Issuer != "" {
			return said.Issuer
		}
	}
	t.Fatal("the provider did not say where it listens")
	return ""
}
