// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package compose reads deploy/compose.yaml with the library of Docker Compose, which
// knows its schema and how variables are filled in. It is a module of its own, because
// the product does not need the library.
package compose

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

const folder = "../../deploy"

// filled are the settings that have no default.
var filled = map[string]string{
	"APP_IMAGE":              "registry.example/notes-app:1",
	"ONENOTE_CLIENT_ID":      "00000000-0000-0000-0000-000000000000",
	"ONENOTE_CLIENT_KEY":     "a-key",
	"ONENOTE_ENCRYPTION_KEY": "a-sealing-key",
}

// load reads the file as docker compose does with these settings.
func load(t *testing.T, settings map[string]string) (*types.Project, error) {
	t.Helper()
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  folder,
		ConfigFiles: []types.ConfigFile{{Filename: folder + "/compose.yaml"}},
		Environment: settings,
	}, func(o *loader.Options) { o.SetProjectName("notes", true) })
}

// example returns the settings of env.example.
func example(t *testing.T) map[string]string {
	t.Helper()
	settings, err := dotenv.Read(folder + "/env.example")
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

func TestFileLoadsWithFilledSettings(t *testing.T) {
	settings := example(t)
	maps.Copy(settings, filled)
	settings["ONENOTE_TENANT"] = "contoso.onmicrosoft.com"
	project, err := load(t, settings)
	if err != nil {
		t.Fatal(err)
	}
	proxy, app := project.Services["onenote"], project.Services["app"]
	if got := app.DependsOn["onenote"].Condition; got != types.ServiceConditionHealthy {
		t.Errorf("condition of the app: got %q, want %q", got, types.ServiceConditionHealthy)
	}
	if got := strings.Join(proxy.HealthCheck.Test, " "); !strings.Contains(got, "caddy onenote status --config /etc/caddy/Caddyfile") {
		t.Errorf("health check: got %q", got)
	}
	if got := *proxy.Environment["ONENOTE_TENANT"]; got != "contoso.onmicrosoft.com" {
		t.Errorf("tenant: got %q", got)
	}
	if app.Image != filled["APP_IMAGE"] || !proxy.ReadOnly || !slices.Equal(proxy.CapDrop, []string{"ALL"}) {
		t.Errorf("got image %q, read-only %v, dropped %q", app.Image, proxy.ReadOnly, proxy.CapDrop)
	}
}

// A missing setting is an error that names it, not a proxy without a key.
func TestMissingSettingIsNamed(t *testing.T) {
	for name := range filled {
		settings := example(t)
		maps.Copy(settings, filled)
		settings[name] = ""
		if _, err := load(t, settings); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: got %v, want an error that names it", name, err)
		}
	}
}

var variable = regexp.MustCompile(`\$\{(\w+)|\{\$(\w+)|\{env\.(\w+)\}`)

// Each variable of the two files is in env.example, and reaches the container.
func TestEachVariableIsASetting(t *testing.T) {
	settings := example(t)
	all := maps.Clone(settings)
	maps.Copy(all, filled)
	project, err := load(t, all)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range []string{"compose.yaml", "Caddyfile.sidecar"} {
		text, err := os.ReadFile(folder + "/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range variable.FindAllStringSubmatch(string(text), -1) {
			checked++
			name := found[1] + found[2] + found[3]
			if _, ok := settings[name]; !ok {
				t.Errorf("%s: env.example does not know %s", file, name)
			}
			if _, ok := project.Services["onenote"].Environment[name]; !ok && file == "Caddyfile.sidecar" {
				t.Errorf("%s: compose.yaml does not hand over %s", file, name)
			}
		}
	}
	if checked < 10 {
		t.Errorf("got %d variables, want at least 10", checked)
	}
}
