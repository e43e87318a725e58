// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package needs skips tests whose tools are not on this machine, unless
// ONENOTE_TEST_ALL says that nothing may skip.
package needs

import (
	"os"
	"os/exec"
	"testing"
)

// All is the variable under which nothing may skip.
const All = "ONENOTE_TEST_ALL"

// Program returns the path of the first of these programs that is installed,
// and skips the test where none is.
func Program(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "none of these is installed: %v", names)
	return ""
}

// File skips the test where a file is missing, such as one that npm installs.
func File(t testing.TB, path, how string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		missing(t, "%s is missing: %s", path, how)
	}
}

func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv(All) != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
