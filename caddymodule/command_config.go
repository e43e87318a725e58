// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// configuration is what the command reads of a configuration: the app, and
// where its sites are.
type configuration struct {
	raw  []byte
	app  *App
	base *url.URL // of the first site, or nil
}

// load reads the configuration that the flags name, else the Caddyfile in the
// working directory.
func (f *adminFlags) load() (*configuration, error) {
	raw, file, _, err := caddycmd.LoadConfig(f.config, f.adapter)
	if err != nil {
		return nil, err
	}
	if file == "" && len(raw) == 0 {
		return nil, usageError("there is no Caddyfile here; say which configuration with --config")
	}
	return parseConfiguration(caddy.RemoveMetaFields(raw))
}

func parseConfiguration(raw []byte) (*configuration, error) {
	var config struct {
		Apps struct {
			OneNote json.RawMessage `json:"onenote"`
			HTTP    struct {
				Servers map[string]json.RawMessage `json:"servers"`
			} `json:"http"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	c := &configuration{raw: raw, app: new(App)}
	if config.Apps.OneNote == nil {
		return nil, errors.New("the configuration has no onenote option, so there is no account in it")
	}
	if err := caddy.StrictUnmarshalJSON(config.Apps.OneNote, c.app); err != nil {
		return nil, fmt.Errorf("reading the onenote option: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(config.Apps.HTTP.Servers)) {
		if c.base = siteOf(config.Apps.HTTP.Servers[name]); c.base != nil {
			break
		}
	}
	return c, nil
}

// siteOf returns where the first site in a server is reached, or nil.
func siteOf(raw json.RawMessage) *url.URL {
	var server struct {
		Listen   []string          `json:"listen"`
		Policies []json.RawMessage `json:"tls_connection_policies"`
		Routes   any               `json:"routes"`
	}
	if json.Unmarshal(raw, &server) != nil {
		return nil
	}
	handler := findHandler(server.Routes)
	if handler == nil {
		return nil
	}
	public, _ := handler["public_url"].(string)
	r := resolver{subject: "onenote"}
	if u := r.url("public_url", public); u != nil {
		return u
	}
	return listenBase(server.Listen, len(server.Policies) > 0)
}

// findHandler returns the first onenote handler in routes, at whatever depth.
func findHandler(v any) map[string]any {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if h := findHandler(e); h != nil {
				return h
			}
		}
	case map[string]any:
		if v["handler"] == "onenote" {
			return v
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if h := findHandler(v[key]); h != nil {
				return h
			}
		}
	}
	return nil
}

// accounts returns the accounts of the configuration, and the warnings.
func (c *configuration) accounts() ([]tokens.Config, []string, error) {
	configured := c.app.configured()
	var configs []tokens.Config
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(configured)) {
		config, err := c.app.accountConfig(name, configured[name])
		configs = append(configs, config)
		errs = append(errs, err)
	}
	return configs, c.app.warnings, errors.Join(errs...)
}

// registeredLater replaces what only a registration brings: whoever asks how
// to register an app has neither its id nor its secret yet.
func (c *configuration) registeredLater() {
	accounts := []*Account{&c.app.Account}
	for name, a := range c.app.Accounts {
		if a == nil {
			a = new(Account)
			c.app.Accounts[name] = a
		}
		accounts = append(accounts, a)
	}
	for _, a := range accounts {
		a.RefreshToken = ""
		if a.ClientSecret != "" {
			a.ClientSecret = "later"
		}
	}
	c.app.ClientID = "later"
	for _, a := range accounts[1:] {
		a.ClientID = ""
	}
}

// redirectURI returns the redirect URI that the registration has to have.
func (c *configuration) redirectURI(a tokens.Config) string {
	if a.RedirectURI != "" {
		return a.RedirectURI
	}
	base := c.base
	if base == nil {
		base = &url.URL{Scheme: "http", Host: "localhost:8080"}
	}
	return base.String() + "/auth/" + a.Name + "/callback"
}
