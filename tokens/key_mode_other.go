// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package tokens

import "io/fs"

// checkKeyMode cannot judge: mode bits say nothing where access lists rule.
func checkKeyMode(fs.FileMode) error { return nil }
