// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

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

const interception = folder + "/interception"

func loadInterception(t *testing.T, settings map[string]string) (*types.Project, error) {
	t.Helper()
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  interception,
		ConfigFiles: []types.ConfigFile{{Filename: interception + "/compose.yaml"}},
		Environment: settings,
	}, func(o *loader.Options) { o.SetProjectName("notes", true) })
}

var (
	allowedHosts = regexp.MustCompile(`(?m)^\s+allowed_hosts (.+)$`)
	trustedPeers = regexp.MustCompile(`(?m)^\s+trusted_peers (.+)$`)
)

// The names that the network leads to the proxy are those that the proxy responds to, and
// it trusts the clients in that network and no others.
func TestInterceptionFitsItsCaddyfile(t *testing.T) {
	project, err := loadInterception(t, filled)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(interception + "/Caddyfile.compose")
	if err != nil {
		t.Fatal(err)
	}
	hosts, peers := allowedHosts.FindSubmatch(text), trustedPeers.FindSubmatch(text)
	if hosts == nil || peers == nil {
		t.Fatal("the Caddyfile has no allowed_hosts or no trusted_peers")
	}
	network := project.Networks["intercepted"]
	if got := network.Ipam.Config[0].Subnet; got != string(peers[1]) || !network.Internal {
		t.Errorf("network: got %q, internal %v, want that of trusted_peers, %q", got, network.Internal, peers[1])
	}
	proxy, app := project.Services["onenote"], project.Services["app"]
	if got, want := proxy.Networks["intercepted"].Aliases, strings.Fields(string(hosts[1])); !slices.Equal(got, want) {
		t.Errorf("names: got %q, want those of allowed_hosts, %q", got, want)
	}
	if _, ok := proxy.Networks["default"]; !ok || len(proxy.Networks) != 2 || len(app.Networks) != 1 {
		t.Errorf("networks: got %v and %v, want the proxy in two and the app in one", proxy.Networks, app.Networks)
	}
	if got := app.DependsOn["onenote"].Condition; got != types.ServiceConditionHealthy {
		t.Errorf("condition of the app: got %q, want %q", got, types.ServiceConditionHealthy)
	}
}

func TestSettingsOfInterceptionAreKnownAndRequired(t *testing.T) {
	settings, err := dotenv.Read(interception + "/env.example")
	if err != nil {
		t.Fatal(err)
	}
	for name := range settings {
		some := maps.Clone(filled)
		some[name] = ""
		if _, err := loadInterception(t, some); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: got %v, want an error that names it", name, err)
		}
	}
	for _, file := range []string{"compose.yaml", "Caddyfile.compose"} {
		text, err := os.ReadFile(interception + "/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range variable.FindAllStringSubmatch(string(text), -1) {
			name := found[1] + found[2] + found[3]
			if _, ok := settings[name]; !ok {
				t.Errorf("%s: env.example does not know %s", file, name)
			}
		}
	}
}
