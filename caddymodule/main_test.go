// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"flag"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-onenote/caddy-onenote/emulator/caddymodule"
)

// Caddy writes below the user's own directories, whatever a configuration
// says: tests give it some of their own.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "caddy-onenote")
		if err != nil {
			log.Print(err)
			return 1
		}
		defer os.RemoveAll(dir)
		os.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
		os.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
		// Both were computed from the environment before it was changed.
		caddy.DefaultStorage.Path = caddy.AppDataDir()
		caddy.ConfigAutosavePath = filepath.Join(caddy.AppConfigDir(), "autosave.json")
		if code := m.Run(); code != 0 || flag.Lookup("test.fuzz").Value.String() != "" {
			return code
		}
		// Once more, with each site's requests going through reverse_proxy. The
		// pages in a browser and the commands are the same both ways.
		throughReverseProxy = true
		if flag.Lookup("test.skip").Value.String() == "" {
			if err := flag.Set("test.skip", proxiesNothing); err != nil {
				log.Print(err)
				return 1
			}
		}
		return m.Run()
	}())
}

// proxiesNothing are the tests that need not run for both ways of proxying: they ask for
// pages, run commands, or take both ways by themselves.
const proxiesNothing = "^Test(Pages?(WorkBy|OfForeign|ForApps|OfInterception|WithRebound|Help|ThatFinish)|SignInInBrowser|StatusPageIs|SignInPages|EmulatorPages|" +
	"RefusalPages|ManyAccounts|FragmentLeaves|Browser|LegacyApp|InterceptionSamples|SigninCommand|TerminalInput|" +
	"Account|Caddyfile|Channel|Check|Command|Configuration|Declared|Every|Fields|Invalid|Keygen|Mistake|Notify|Option|Outbox|" +
	"Program|Register|Secret|SignInLibraries|Threat|Webhook|Wrong|" +
	"AppSignin|AppWaits|AuthorizeResponds|ClientCredentialsMay|CodesAre|DevicesGet|ForeignPagesGet|FormPostPage|IDTokensAre|" +
	"LiveProfile|LogoutLeads|MetadataLeads|OneOfEight|ReloadKeepsCodes|ReplayedCode|ScriptInA|StateComesBack|TokenRequestsAre|UnlistedRedirect)"

// throughReverseProxy says that sites are given an empty set of options of
// reverse_proxy, so that every end-to-end test holds both ways of proxying to
// the same.
var throughReverseProxy bool

// nested gives each handler onenote of a configuration options of reverse_proxy
// if it has none.
func nested(config []byte) []byte {
	var parsed any
	if err := json.Unmarshal(config, &parsed); err != nil {
		panic(err) // it was adapted or marshaled a moment ago
	}
	addReverseProxy(parsed)
	config, err := json.Marshal(parsed)
	if err != nil {
		panic(err)
	}
	return config
}

func addReverseProxy(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			addReverseProxy(e)
		}
	case map[string]any:
		if v["handler"] == "onenote" && v["reverse_proxy"] == nil {
			v["reverse_proxy"] = map[string]any{}
		}
		for _, e := range v {
			addReverseProxy(e)
		}
	}
}
