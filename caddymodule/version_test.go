// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"runtime/debug"
	"testing"
)

func TestVersionIsThatOfTheModule(t *testing.T) {
	other := debug.Module{Path: "example.com/caddy", Version: "v9.0.0"}
	for name, tc := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"main module":       {debug.BuildInfo{Main: debug.Module{Path: modulePath, Version: "v1.2.3"}}, "v1.2.3"},
		"main, unversioned": {debug.BuildInfo{Main: debug.Module{Path: modulePath, Version: "(devel)"}}, ""},
		"dependency":        {debug.BuildInfo{Main: other, Deps: []*debug.Module{&other, {Path: modulePath, Version: "v1.2.3"}}}, "v1.2.3"},
		"fork":              {debug.BuildInfo{Main: other, Deps: []*debug.Module{{Path: modulePath, Version: "v1.2.3", Replace: &debug.Module{Path: "x", Version: "v1.2.4"}}}}, "v1.2.4"},
		"folder":            {debug.BuildInfo{Main: other, Deps: []*debug.Module{{Path: modulePath, Version: "v1.2.3", Replace: &debug.Module{Path: "../x"}}}}, ""},
		"not there":         {debug.BuildInfo{Main: other}, ""},
	} {
		if got := versionIn(&tc.info); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}
