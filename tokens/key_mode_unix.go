// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tokens

import (
	"fmt"
	"io/fs"
)

// checkKeyMode refuses a key that others on the machine can read.
func checkKeyMode(mode fs.FileMode) error {
	if mode.Perm()&0o077 != 0 {
		return fmt.Errorf("others can read it (mode %#o): run chmod 600 on it", mode.Perm())
	}
	return nil
}
