// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-onenote/caddy-onenote/tokens"
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
		seen = membersOf(before.Value)
	}
	if err := app.unmarshalCaddyfile(d, seen); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "onenote", Value: caddyconfig.JSON(app, nil)}, nil
}

// membersOf returns the options that are set in a configuration. They are
// named alike in both forms, but for accounts, which repeat.
func membersOf(config json.RawMessage) map[string]bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(config, &members) != nil {
		return nil
	}
	delete(members, "authorize_params")
	seen := make(map[string]bool)
	for name := range members {
		seen[name] = true
	}
	return seen
}

// UnmarshalCaddyfile sets up the app from Caddyfile tokens. Syntax:
//
//	onenote {
//	    encryption_key <key...>
//	    storage <module> ...
//	    transport {
//	        ... options of "transport http"
//	    }
//	    ... options of an account, as defaults of all accounts
//	    account <name> {
//	        provider microsoft_account | azure_ad | entra | custom
//	        flow code | token | device | client_credentials
//	        tenant <tenant>
//	        client_id <id>
//	        client_secret <secret>
//	        client_certificate <cert.pem> <key.pem>
//	        federated_token_file <path>
//	        scopes <scope...>
//	        resource <uri>
//	        redirect_uri <uri>
//	        response_mode query | form_post | fragment
//	        authority <url>
//	        authorize_url <url>
//	        token_url <url>
//	        device_url <url>
//	        logout_url <url>
//	        authorize_param <name> <value>
//	        refresh_token <token>
//	        login_hint <user>
//	        expected_user <user>
//	        refresh_before <duration>
//	    }
//	}
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
			return d.Errf("unrecognized onenote option %q", d.Val())
		}
		if err := b.read(d); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) options() map[string]option {
	options := a.Account.options()
	maps.Copy(options, map[string]option{
		"encryption_key": listOption("<key...>", &a.EncryptionKey),
		"storage":        {usage: "<module> ...", nested: true, read: a.readStorage},
		"transport":      {usage: "{ ... }", nested: true, read: a.readTransport},
		"account":        {usage: "<name> { ... }", nested: true, repeat: true, read: a.readAccount},
	})
	return options
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
	if err := tokens.ValidName(name); err != nil {
		return d.WrapErr(err)
	}
	if _, ok := a.Accounts[name]; ok {
		return d.Errf("account %s was given already", name)
	}
	if a.Accounts == nil {
		a.Accounts = make(map[string]*Account)
	}
	account := new(Account)
	a.Accounts[name] = account
	b := block{options: account.options()}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if !b.has(d.Val()) {
			return d.Errf("unrecognized option %q of account %s", d.Val(), name)
		}
		if err := b.read(d); err != nil {
			return err
		}
	}
	return nil
}

// options are the words of an account.
func (a *Account) options() map[string]option {
	return map[string]option{
		"provider":             choiceOption(&a.Provider, tokens.MicrosoftAccount, tokens.AzureAD, tokens.Entra, tokens.Custom),
		"flow":                 choiceOption(&a.Flow, tokens.FlowCode, tokens.FlowToken, tokens.FlowDevice, tokens.FlowClientCredentials),
		"tenant":               wordOption("<tenant>", &a.Tenant),
		"client_id":            wordOption("<id>", &a.ClientID),
		"client_secret":        wordOption("<secret>", &a.ClientSecret),
		"client_certificate":   {usage: "<cert.pem> <key.pem>", read: a.readCertificate},
		"federated_token_file": wordOption("<path>", &a.FederatedTokenFile),
		"scopes":               listOption("<scope...>", &a.Scopes),
		"resource":             wordOption("<uri>", &a.Resource),
		"redirect_uri":         wordOption("<uri>", &a.RedirectURI),
		"response_mode":        choiceOption(&a.ResponseMode, "query", "form_post", "fragment"),
		"authority":            wordOption("<url>", &a.Authority),
		"authorize_url":        wordOption("<url>", &a.AuthorizeURL),
		"token_url":            wordOption("<url>", &a.TokenURL),
		"device_url":           wordOption("<url>", &a.DeviceURL),
		"logout_url":           wordOption("<url>", &a.LogoutURL),
		"authorize_param":      {usage: "<name> <value>", repeat: true, read: a.readParam},
		"refresh_token":        wordOption("<token>", &a.RefreshToken),
		"login_hint":           wordOption("<user>", &a.LoginHint),
		"expected_user":        wordOption("<user>", &a.ExpectedUser),
		"refresh_before":       durationOption(&a.RefreshBefore),
	}
}

func (a *Account) readCertificate(_ *caddyfile.Dispenser, args []string) error {
	if len(args) != 2 {
		return errUsage
	}
	a.ClientCertificate = &CertificateFiles{Certificate: args[0], Key: args[1]}
	return nil
}

func (a *Account) readParam(_ *caddyfile.Dispenser, args []string) error {
	if len(args) != 2 || args[0] == "" {
		return errUsage
	}
	for _, p := range a.AuthorizeParams {
		if p.Name == args[0] {
			return fmt.Errorf("%s was given already", p.Name)
		}
	}
	a.AuthorizeParams = append(a.AuthorizeParams, Param{Name: args[0], Value: args[1]})
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*App)(nil)
