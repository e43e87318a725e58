// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package onenote adds to Caddy a proxy of the OneNote API that signs in by
// itself: legacy apps talk to http://localhost:8080/api/v1.0/me/notes/…
// instead of https://www.onenote.com/api/v1.0/me/notes/…, and need no token.
//
// Importing the package registers the modules, as a build does with
//
//	xcaddy build --with github.com/caddy-onenote/caddy-onenote
//
// What does the work can also be used without Caddy: see the packages guard,
// proxy, tokens and appsignin.
package onenote

import (
	// The modules register themselves.
	_ "github.com/caddy-onenote/caddy-onenote/caddymodule"
)
