// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-onenote/caddy-onenote/internal/accountname"
)

// parseGlobalOption reads the global option onenote into the app. When it
// comes again, the two are one; an option in both, or an account in both, is a
// mistake.
func parseGlobalOption(d *caddyfile.Dispenser, existing any) (any, error) {
	app := new(App)
	var seen map[string]bool
	if before, ok := existing.(httpcaddyfile.App); ok {
		if err := json.Unmarshal(before.Value, app); err != nil {
			return nil, d.Errf("reading the onenote options before: %w", err)
		}
		seen = givenOptions(app)
	}
	if err := app.unmarshalCaddyfile(d, seen); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "onenote", Value: caddyconfig.JSON(app, nil)}, nil
}

// UnmarshalCaddyfile sets up the app from Caddyfile tokens: the global option
// onenote. Its options are those that the fields of [App] and [AccountConfig]
// declare; docs/options.md lists them.
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return a.unmarshalCaddyfile(d, nil)
}

func (a *App) unmarshalCaddyfile(d *caddyfile.Dispenser, seen map[string]bool) error {
	d.Next() // the option's name
	if d.NextArg() {
		return d.Errf("expected a block, got %q", d.Val())
	}
	b := block{options: a.options(), seen: seen}
	for d.NextBlock(0) {
		if !b.has(d.Val()) {
			return b.unknown(d.Val(), d.Errf("unrecognized onenote option %q", d.Val()))
		}
		if err := b.read(d); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) options() map[string]option {
	return optionsOf(a, blocks{"storage": a.readStorage, "transport": a.readTransport, "notify": a.readNotify, "account": a.readAccount})
}

func (a *App) readStorage(d *caddyfile.Dispenser, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	for range args[1:] {
		d.Prev() // the module reads its own arguments
	}
	id := "caddy.storage." + args[0]
	mod, err := caddyfile.UnmarshalModule(d, id)
	if err != nil {
		return err
	}
	if _, ok := mod.(caddy.StorageConverter); !ok {
		return d.Errf("module %s is no storage", id)
	}
	a.StorageRaw = caddyconfig.JSONModuleObject(mod, "module", args[0], nil)
	return nil
}

func (a *App) readTransport(d *caddyfile.Dispenser, args []string) error {
	if len(args) != 0 {
		return errUsage
	}
	a.Transport = new(reverseproxy.HTTPTransport)
	return a.Transport.UnmarshalCaddyfile(d.NewFromNextSegment())
}

func (a *App) readAccount(d *caddyfile.Dispenser, args []string) error {
	if len(args) != 1 {
		return errUsage
	}
	name := args[0]
	if err := accountname.Check(name); err != nil {
		return d.WrapErr(err)
	}
	if _, ok := a.Accounts[name]; ok {
		return d.Errf("account %s was given already", name)
	}
	if a.Accounts == nil {
		a.Accounts = make(map[string]*AccountConfig)
	}
	account := new(AccountConfig)
	a.Accounts[name] = account
	b := block{options: optionsOf(account, nil)}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if !b.has(d.Val()) {
			return b.unknown(d.Val(), d.Errf("unrecognized option %q of account %s", d.Val(), name))
		}
		if err := b.read(d); err != nil {
			return err
		}
	}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*App)(nil)
