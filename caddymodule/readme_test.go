// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

var (
	caddyfileBlock  = regexp.MustCompile("(?ms)^```caddyfile\n(.*?)^```$")
	environmentName = regexp.MustCompile(`\{env\.([A-Z0-9_]+)\}`)
	causeConstant   = regexp.MustCompile(`(?m)^\t\w+ +Cause = "([a-z_]+)"$`)
	causeAnchor     = regexp.MustCompile("<a id=\"([a-z_]+)\"></a>`([a-z_]+)`")
)

// environment is what README's Caddyfiles take from it; what is not here may
// be any text.
func environment() map[string]string {
	return map[string]string{
		"ONENOTE_ENCRYPTION_KEY": tokens.GenerateKey(),
		"ONENOTE_PASSWORD_HASH":  "$2a$04$9HPb84E7/InClaAaOERf1..OsckRjiGbyoT00NEB.F9d0/aSJk4Pq",
	}
}

// Whoever copies a Caddyfile out of the README has one that works.
func TestCaddyfilesOfTheReadmeWork(t *testing.T) {
	blocks := caddyfileBlock.FindAllStringSubmatch(read(t, "../README.md"), -1)
	if len(blocks) < 5 {
		t.Fatalf("Caddyfiles: got %d, want at least 5", len(blocks))
	}
	known := environment()
	etc := t.TempDir()
	write(t, filepath.Join(etc, "apps.pem"), string(newAuthority(t).pem()))
	for i, block := range blocks {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			config := block[1]
			if diff := cmp.Diff(string(caddyfile.Format([]byte(config))), config); diff != "" {
				t.Errorf("caddy fmt (-formatted +got):\n%s", diff)
			}
			for _, name := range environmentName.FindAllStringSubmatch(config, -1) {
				value := known[name[1]]
				if value == "" {
					value = "some-value-of-" + strings.ToLower(name[1])
				}
				t.Setenv(name[1], value)
			}
			adapted, err := adapt(strings.ReplaceAll(config, "/etc/onenote/", etc+string(filepath.Separator)))
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(adapted); err != nil {
				t.Error(err)
			}
		})
	}
}

// An answer of the proxy leads to the README's line about its cause.
func TestEveryCauseIsInTheReadme(t *testing.T) {
	source, err := os.ReadFile("../proxy/answer/cause.go")
	if err != nil {
		t.Fatal(err)
	}
	var causes, anchors []string
	for _, found := range causeConstant.FindAllStringSubmatch(string(source), -1) {
		causes = append(causes, found[1])
	}
	for _, found := range causeAnchor.FindAllStringSubmatch(read(t, "../README.md"), -1) {
		anchors = append(anchors, found[1])
		if found[1] != found[2] {
			t.Errorf("anchor %s stands before %s", found[1], found[2])
		}
	}
	slices.Sort(causes)
	slices.Sort(anchors)
	if diff := cmp.Diff(causes, anchors); diff != "" {
		t.Errorf("causes and anchors (-causes +anchors):\n%s", diff)
	}
	if len(causes) < 10 {
		t.Errorf("causes: got %q", causes)
	}
}
