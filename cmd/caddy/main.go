// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Command caddy is Caddy with the OneNote proxy, and with the emulator of the
// OneNote API that the example and the tests run on. It is for development; a
// build for use is made with xcaddy (see xcaddy.txt) and has no emulator.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-onenote/caddy-onenote"
	_ "github.com/caddy-onenote/caddy-onenote/emulator/caddymodule"
)

func main() { caddycmd.Main() }
