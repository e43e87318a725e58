// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"os"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddy-onenote/caddy-onenote/caddymodule" // the command onenote
)

// asCaddy is the variable under which the test binary is the program caddy.
const asCaddy = "ONENOTE_TEST_AS_CADDY"

func TestMain(m *testing.M) {
	if os.Getenv(asCaddy) != "" {
		os.Unsetenv(asCaddy)
		caddycmd.Main()
		return
	}
	os.Exit(m.Run())
}
