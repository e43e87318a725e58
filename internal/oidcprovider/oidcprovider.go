// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package oidcprovider starts an independent authorization server for tests:
// npm's oidc-provider, which rotates refresh tokens, detects their reuse and
// supports PKCE.
package oidcprovider

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/needs"
)

// Start starts the server and returns its issuer. folder is this package's folder,
// relative to the test's. The server ends with the test. Without Node the test is
// skipped.
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
		var line struct{ Issuer string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Issuer != "" {
			return line.Issuer
		}
	}
	t.Fatal("the provider did not print its issuer")
	return ""
}
