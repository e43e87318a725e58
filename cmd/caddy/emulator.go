// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !production

package main

import _ "github.com/caddy-onenote/caddy-onenote/emulator/caddymodule"
