// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"runtime"
	"testing"
)

func TestCommandVersionSaysWhatTheBinaryIs(t *testing.T) {
	t.Cleanup(func() { version = "" })
	caddyOneNote(nil, "version").want(t, 0, "caddy-onenote ", "caddy  ", runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH, "emulator      yes")
	version = "v0.1.0"
	caddyOneNote(nil, "version").want(t, 0, "caddy-onenote v0.1.0\n")
}
