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
	environmentName = regexp.MustCompile(`\{(?:env\.|\$)([A-Z0-9_]+)\}`)
	causeConstant   = regexp.MustCompile(`(?m)^\t\w+ +Cause = "([a-z_]+)"$`)
	causeAnchor     = regexp.MustCompile("<a id=\"([a-z_]+)\"></a>`([a-z_]+)`")
)

// environment is what the Caddyfiles in the documents take from it; what is not
// here may be any text.
func environment() map[string]string {
	return map[string]string{
		"ONENOTE_ENCRYPTION_KEY": tokens.GenerateKey(),
		"ONENOTE_URL":            "http://127.0.0.1:8081",
		"ONENOTE_WEBHOOK":        "https://hooks.example/onenote",
		"ONENOTE_PASSWORD_HASH":  "$2a$04$9HPb84E7/InClaAaOERf1..OsckRjiGbyoT00NEB.F9d0/aSJk4Pq",
	}
}

// Whoever copies a Caddyfile out of a document has one that works.
func TestCaddyfilesInDocumentsWork(t *testing.T) {
	etc := t.TempDir()
	write(t, filepath.Join(etc, "apps.pem"), string(newAuthority(t).pem()))
	if err := os.Mkdir(filepath.Join(etc, "credentials"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(etc, "credentials", "encryption_key"), tokens.GenerateKey())
	write(t, filepath.Join(etc, "credentials", "client_key"), "a-key-of-the-tests")
	section := filepath.Join(etc, "notes", "Garden", "Beds")
	if err := os.MkdirAll(section, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(section, "Peas.html"), "<p>Sow in March.</p>")
	tried := 0
	for _, doc := range documents(t) {
		for i, block := range caddyfileBlock.FindAllStringSubmatch(read(t, doc), -1) {
			tried++
			t.Run(fmt.Sprintf("%s/%d", filepath.Base(doc), i+1), func(t *testing.T) { tryCaddyfile(t, block[1], etc) })
		}
	}
	if tried < 10 {
		t.Errorf("Caddyfiles: got %d, want at least 10", tried)
	}
}

// tryCaddyfile validates a Caddyfile as Caddy does before it runs it. etc stands
// for /etc/onenote, and its folder credentials for what systemd hands to a service.
func tryCaddyfile(t *testing.T, config, etc string) {
	t.Helper()
	if diff := cmp.Diff(string(caddyfile.Format([]byte(config))), config); diff != "" {
		t.Errorf("caddy fmt (-formatted +got):\n%s", diff)
	}
	known := environment()
	for _, name := range environmentName.FindAllStringSubmatch(config, -1) {
		value := known[name[1]]
		if value == "" {
			value = "some-value-of-" + strings.ToLower(name[1])
		}
		t.Setenv(name[1], value)
	}
	here := strings.NewReplacer("/etc/onenote/", etc+"/", "/run/credentials/caddy-onenote.service/", etc+"/credentials/")
	adapted, err := adapt(here.Replace(config))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(adapted); err != nil {
		t.Error(err)
	}
}

// An error response of the proxy leads to the README's line about its cause.
func TestEveryCauseIsInREADME(t *testing.T) {
	source, err := os.ReadFile("../proxy/apierror/cause.go")
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
