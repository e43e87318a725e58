// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/caddy-onenote/caddy-onenote/internal/subcommand"
)

// Exit codes of the command, for scripts.
const (
	exitFailed         = 1
	exitUsage          = 2
	exitSigninRequired = 3
)

// exitError is an error with an exit code.
type exitError = subcommand.ExitError

func usageError(format string, args ...any) error {
	return &exitError{Code: exitUsage, Err: fmt.Errorf(format, args...)}
}

// errQuiet ends a command whose output already says what is wrong.
var errQuiet = errors.New("")

func registerCommand() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "onenote",
		Usage: "status | wait | try | signin | signout | refresh | check | keygen | register | version",
		Short: "Manages the accounts of the OneNote proxy",
		Long: `
Manages the accounts that the OneNote proxy signs in.

status, wait, try, signin, signout and refresh use Caddy's admin endpoint of the
running server. Its address is read from the configuration that --config names, or
given with --address. check and register read a configuration, keygen and version
need nothing; no server has to run for them.

The name of an account may be left out where there is only one.

Exit codes: 0 it worked, 1 it failed, 2 wrong usage, 3 somebody has to sign in.`,
		CobraFunc: addSubcommands,
	})
}

func addSubcommands(root *cobra.Command) {
	root.RunE = run(func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(c, args[0])
		}
		return c.Help() // with exit code 0, as "caddy storage" and "caddy" alone
	})
	root.Args = cobra.ArbitraryArgs // so that RunE can say what is wrong
	for _, c := range append([]*cobra.Command{
		statusCommand(), waitCommand(), tryCommand(), signinCommand(), signoutCommand(), refreshCommand(),
		checkCommand(), keygenCommand(), registerAppCommand(), versionCommand(),
	}, addedCommands()...) {
		c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
			return exit(c, &exitError{Code: exitUsage, Err: suggestFlag(c, err)})
		})
		root.AddCommand(c)
	}
}

// addedCommands are those of other packages in this binary.
func addedCommands() []*cobra.Command {
	added := subcommand.All()
	for _, c := range added {
		c.RunE = run(c.RunE)
	}
	return added
}

// renamedCommands are the commands that had another name, and what it is now.
var renamedCommands = map[string]string{"renew": "refresh"}

// emulatorModule is the package that adds the emulator and its subcommand.
const emulatorModule = "github.com/caddy-onenote/caddy-onenote/emulator/caddymodule"

func unknownCommand(root *cobra.Command, name string) error {
	if now, ok := renamedCommands[name]; ok {
		return usageError("the command %s is now: caddy onenote %s", name, now)
	}
	if name == "emulate" {
		return usageError("this binary has no emulator: it has to import %[1]s; build one with: xcaddy build --with github.com/caddy-onenote/caddy-onenote --with %[1]s", emulatorModule)
	}
	root.SuggestionsMinimumDistance = 2
	text := fmt.Sprintf("unknown command %q for \"caddy onenote\"", name)
	if meant := root.SuggestionsFor(name); len(meant) > 0 {
		text += "\n\nDid you mean this?\n\t" + strings.Join(meant, "\n\t") + "\n"
	}
	return usageError("%s", text)
}

// suggestFlag adds to the error about a flag that does not exist the one that was
// probably meant.
func suggestFlag(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var flags []string
	c.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
	if meant := closest(unknown.GetSpecifiedName(), flags); meant != "" {
		return fmt.Errorf("%w; did you mean --%s?", err, meant)
	}
	return err
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
		code = e.Code
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
