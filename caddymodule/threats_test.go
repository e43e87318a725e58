// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The list of threats names tests that exist, in the package that it says.
func TestThreatTableNamesExistingTests(t *testing.T) {
	packages := map[string]string{
		"g": "../guard", "p": "../proxy", "i": "../proxy/picture", "t": "../tokens", "o": "../tokens/oauth", "s": "../tokens/signin", "c": ".", "w": "../proxy/rewrite", "a": "../proxy/api", "d": "../proxy/graph", "b": "../proxy/batch", "n": "../internal/netfail", "k": "../appsignin",
	}
	sources := make(map[string]string)
	for letter, dir := range packages {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: got %d tests, %v", dir, len(files), err)
		}
		for _, file := range files {
			sources[letter] += read(t, file)
		}
	}
	named := regexp.MustCompile(`\b([gpaitoscnwdbk]) ((?:(?:Test|Fuzz)\w+(?:, )?)+)`)
	known := 0
	for _, found := range named.FindAllStringSubmatch(read(t, "../docs/threats.md"), -1) {
		for name := range strings.SplitSeq(strings.TrimSuffix(found[2], ", "), ", ") {
			known++
			if !strings.Contains(sources[found[1]], "\nfunc "+name+"(") {
				t.Errorf("%s has no %s", packages[found[1]], name)
			}
		}
	}
	if known < 100 {
		t.Errorf("tests that are named: got %d, want at least 100", known)
	}
}
