// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// Exit codes of the command, for scripts.
const (
	exitFailed         = 1
	exitUsage          = 2
	exitSigninRequired = 3
)

// exitError is an error with an exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// errQuiet ends a command whose output has said it all.
var errQuiet = errors.New("")

func registerCommand() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "onenote",
		Usage: "status | signin | signout | renew | check | keygen | register",
		Short: "Looks after the accounts of the OneNote proxy",
		Long: `
Looks after the accounts that the OneNote proxy signs in.

status, signin, signout and renew ask the running server over Caddy's admin
endpoint; where that is follows from --config, or is told with --address.
check and register read a configuration, and keygen needs nothing; no server
has to run for them.

Without an account's name they are about the only account.

Exit codes: 0 it worked, 1 it failed, 2 wrong usage, 3 somebody has to sign in.`,
		CobraFunc: addSubcommands,
	})
}

func addSubcommands(root *cobra.Command) {
	root.RunE = run(func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError("unknown command %q for \"caddy onenote\"", args[0])
		}
		return c.Help() // with exit code 0, as "caddy storage" and "caddy" alone
	})
	root.Args = cobra.ArbitraryArgs // so that RunE can say what is wrong
	for _, c := range []*cobra.Command{
		statusCommand(), signinCommand(), signoutCommand(), renewCommand(),
		checkCommand(), keygenCommand(), registerAppCommand(),
	} {
		c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
			return exit(c, &exitError{exitUsage, err})
		})
		root.AddCommand(c)
	}
}

// run adapts a function to cobra and its error to an exit code.
func run(f func(c *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		return exit(c, f(c, args))
	}
}

// exit prints an error and gives it its exit code. Caddy itself would write it
// as a log line.
func exit(c *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	c.SilenceErrors = true
	if text := err.Error(); text != "" {
		fmt.Fprintln(c.ErrOrStderr(), "Error:", text)
	}
	code := exitFailed
	var e *exitError
	if errors.As(err, &e) {
		code = e.code
	}
	if code == exitFailed {
		return err
	}
	return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return code, nil })(c, nil)
}

// atMost refuses more arguments than a command takes.
func atMost(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return exit(c, usageError("expected: caddy onenote %s", c.Use))
	}
}
