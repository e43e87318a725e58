// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"io"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

func registerAppCommand() *cobra.Command {
	var flags adminFlags
	c := &cobra.Command{
		Use:   "register [<account>] [--config <path> [--adapter <name>]]",
		Short: "Prints how to register the app at the provider",
		Long: `
Prints how the app of each account in a configuration must be registered at
Microsoft: who can register it, the redirect URIs, the choices in the portal,
the permissions, and Azure command lines that do the same. The redirect URIs are
those that the server uses with this configuration.

Neither a client id nor a secret needs to exist yet. Where there is no Caddyfile
and none is named, it prints which kinds of registration there are, and a
Caddyfile for each.

Exit codes: 0 printed, 1 the configuration cannot work, 2 wrong usage.`,
		Args: atMost(1),
		RunE: run(func(c *cobra.Command, args []string) error {
			config, err := flags.load()
			if errors.Is(err, errNoCaddyfile) && len(args) == 0 {
				_, err := io.WriteString(c.OutOrStdout(), registrationKinds)
				return err
			}
			if err != nil {
				return err
			}
			return register(c.OutOrStdout(), config, args)
		}),
	}
	flags.addConfig(c)
	return c
}

func register(w io.Writer, config *caddy.Config, args []string) error {
	app, done, err := provisionToRegister(config)
	if err != nil {
		return err
	}
	defer done()
	accounts := app.all()
	if len(args) == 1 {
		if app.account(args[0]) == nil {
			return usageError("there is no account %q in the configuration", args[0])
		}
		accounts = []*tokens.Account{app.account(args[0])}
	}
	registrations := make([]registration, len(accounts))
	for i, account := range accounts {
		if registrations[i], err = newRegistration(account.Config(), app); err != nil {
			return err
		}
	}
	fmt.Fprint(w, whoCanRegister(registrations))
	for i, r := range registrations {
		if i > 0 {
			fmt.Fprintln(w)
		}
		r.print(w)
	}
	return nil
}
