// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import "runtime/debug"

// modulePath is the path of this Go module.
const modulePath = "github.com/caddy-onenote/caddy-onenote"

// version is the version of a release; .ci/release stamps it.
var version string

// moduleVersion returns the version of this module in the running binary: that of the
// release, else the one that go.mod of the build names. It is empty for a build from a
// folder without version control.
func moduleVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return versionIn(info)
}

func versionIn(info *debug.BuildInfo) string {
	found := ""
	if info.Main.Path == modulePath {
		found = info.Main.Version
	}
	for _, m := range info.Deps {
		if m.Path != modulePath {
			continue
		}
		found = m.Version
		if m.Replace != nil {
			found = m.Replace.Version // of a fork; none for a folder
		}
	}
	if found == "(devel)" {
		return ""
	}
	return found
}
