// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Command caddy is Caddy with the OneNote proxy and with the emulator of the
// OneNote API that the example and the tests use. It is for development. Builds
// for production have no emulator: those with the tag production, of which
// .ci/release makes the archives, and those of xcaddy (see xcaddy.txt).
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-onenote/caddy-onenote"
)

func main() { caddycmd.Main() }
