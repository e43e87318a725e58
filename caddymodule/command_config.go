// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

// errNoCaddyfile: no configuration is named, and none is in the working directory.
var errNoCaddyfile = errors.New("there is no Caddyfile here")

// load reads the configuration that the flags name, else the Caddyfile in the
// working directory.
func (f *adminFlags) load() (*caddy.Config, error) {
	raw, file, err := f.read()
	if err != nil {
		return nil, err
	}
	if file == "" && len(raw) == 0 {
		return nil, usageError("%w; say which configuration with --config", errNoCaddyfile)
	}
	config, err := parseConfig(raw)
	if err != nil {
		return nil, err
	}
	if config.AppsRaw["onenote"] == nil {
		return nil, errors.New("the configuration has no onenote option, so there is no account in it")
	}
	return config, nil
}

// read reads and adapts the configuration that the flags name.
func (f *adminFlags) read() (raw []byte, file string, err error) {
	if err := quiet(); err != nil {
		return nil, "", err
	}
	raw, file, _, err = caddycmd.LoadConfig(f.config, f.adapter)
	if err == nil {
		return raw, file, nil
	}
	return nil, "", errors.New(adapting.ReplaceAllString(err.Error(), ""))
}

// quiet keeps Caddy's log lines about what goes as it should out of the output of a
// command.
func quiet() error {
	_, err := caddy.ProvisionContext(&caddy.Config{Logging: commandLogging("WARN")})
	return err
}

// commandLogging is how a command logs, where the configuration does not say it.
func commandLogging(level string) *caddy.Logging {
	return &caddy.Logging{Logs: map[string]*caddy.CustomLog{
		caddy.DefaultLoggerName: {BaseLog: caddy.BaseLog{Level: level}},
	}}
}

// adapting is what Caddy writes in front of an error with a file and a line.
var adapting = regexp.MustCompile(`^adapting config using \S+: (parsing caddyfile tokens for '[^']*': )?`)

func parseConfig(raw []byte) (*caddy.Config, error) {
	config := new(caddy.Config)
	if err := caddy.StrictUnmarshalJSON(caddy.RemoveMetaFields(raw), config); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return config, nil
}

// provision provisions a configuration as its start would, and starts nothing.
// So what a command says of a configuration is what the server makes of it.
// done gives back what provisioning took. With an error comes the app, if it
// is not the app itself that failed.
//
// Caddy's own functions for this cannot be used alone: caddy.Validate cleans
// up before anybody can look, caddy.ProvisionContext does not clean up at all.
// So the latter prepares logging and storage only, and the apps are
// provisioned in a context that can be cancelled.
func provision(config *caddy.Config, values ...any) (app *App, done func(), err error) {
	if config.Logging == nil {
		config.Logging = commandLogging("WARN")
	}
	apps := config.AppsRaw
	config.AppsRaw = nil
	parent, err := caddy.ProvisionContext(config)
	if err != nil {
		return nil, nil, err
	}
	config.AppsRaw = apps
	ctx, cancel := caddy.NewContext(parent)
	ctx.Context = context.WithValue(ctx.Context, commandKey{}, true)
	for _, key := range values {
		ctx.Context = context.WithValue(ctx.Context, key, true)
	}
	defer func() {
		if err != nil {
			cancel()
		}
	}()
	mod, err := ctx.App("onenote")
	if err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(apps)) {
		if _, err := ctx.App(name); err != nil {
			return mod.(*App), nil, err
		}
	}
	return mod.(*App), cancel, nil
}

// plainError takes off what Caddy says of where in the configuration an error of
// ours arose: the error names the option and the account, or the site's.
func plainError(err error) error {
	text := err.Error()
	for _, module := range []string{"onenote", "http.handlers.onenote", "http.handlers.onenote_status", "http.handlers.onenote_emulator"} {
		if i := strings.LastIndex(text, "provision "+module+": "); i >= 0 {
			return errors.New(text[i+len("provision "+module+": "):])
		}
	}
	if _, after, ok := strings.Cut(text, "decoding module config: "); ok && strings.Contains(text, "onenote") {
		return errors.New(after) // a member of JSON, which names its module
	}
	return err
}

// commandKey is a context key: it marks the provisioning by a command, which prints
// its errors itself.
type commandKey struct{}

// registeringKey is a context key: it marks the provisioning of a
// configuration whose apps are not registered yet. See App.registering.
type registeringKey struct{}

// provisionToRegister provisions as much of a configuration as says how its
// apps are registered: the accounts and the addresses of the sites. Neither
// client ids nor secrets need exist yet, and the configured storage,
// certificates and log files are left alone.
func provisionToRegister(config *caddy.Config) (app *App, done func(), err error) {
	dir, err := os.MkdirTemp("", "caddy-onenote-") // Caddy may make a certificate authority
	if err != nil {
		return nil, nil, err
	}
	remove := func() { _ = os.RemoveAll(dir) } // what stays is in the folder for such files
	config.StorageRaw = caddyconfig.JSON(map[string]string{"module": "file_system", "root": dir}, nil)
	config.Logging = commandLogging("ERROR")
	maps.DeleteFunc(config.AppsRaw, func(name string, _ json.RawMessage) bool { return name != "onenote" && name != "http" })
	app, cancel, err := provision(config, registeringKey{})
	if err != nil {
		remove()
		return nil, nil, err
	}
	return app, func() { cancel(); remove() }, nil
}
