// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package needs skips tests whose tools are not on this machine. If
// ONENOTE_TEST_ALL is set, such tests fail instead.
package needs

import (
	"os"
	"os/exec"
	"testing"
)

// All is the environment variable that turns skips into failures.
const All = "ONENOTE_TEST_ALL"

// Program returns the path of the first of these programs that is installed. It
// skips the test if there is none.
func Program(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, "none of these is installed: %v", names)
	return ""
}

// File skips the test if a file is missing, such as one that npm installs. how
// says how to get it.
func File(t testing.TB, path, how string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		Missing(t, "%s is missing: %s", path, how)
	}
}

// Missing skips the test because this machine lacks what format and args name.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv(All) != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
