// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package homepage says what the product is called and where its documentation is.
package homepage

// Name is the name of the product, URL its home page. The README there explains
// each cause of an error response under its own name.
const (
	Name = "caddy-onenote"
	URL  = "https://github.com/caddy-onenote/caddy-onenote"
)
