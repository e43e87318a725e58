// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

func statusCommand() *cobra.Command {
	var admin adminFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "status [<account>] [--json] [--address <address>] [--config <path> [--adapter <name>]]",
		Short: "Shows the accounts and whether they can be used",
		Long: `
Shows the accounts of the running server: their state, who is signed in, and
what to do about one that cannot be used.

Exit codes: 0 all can be used, 1 one cannot, or the server cannot be reached, 2
wrong usage, 3 somebody has to sign in.`,
		Args: atMost(1),
		RunE: run(func(c *cobra.Command, args []string) error {
			client, err := admin.client()
			if err != nil {
				return err
			}
			accounts, err := client.some(args)
			if err != nil {
				return err
			}
			if err := printAccounts(c.OutOrStdout(), accounts, asJSON); err != nil {
				return err
			}
			return exitCode(accounts)
		}),
	}
	admin.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "Print JSON, as /auth/status does")
	return c
}

// some returns the account named on the command line, or all.
func (c adminClient) some(args []string) ([]tokens.Status, error) {
	if len(args) == 0 {
		return c.accounts()
	}
	s, err := c.account(args)
	if err != nil {
		return nil, err
	}
	return []tokens.Status{s}, nil
}

func printAccounts(w io.Writer, accounts []tokens.Status, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(accountList{accounts})
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ACCOUNT\tSTATE\tUSER\tTOKEN EXPIRES")
	for _, s := range accounts {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.Name, s.State, textOr(s.User, "-"), timeOr(s.AccessTokenExpiresAt, "-"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range accounts {
		printProblem(w, s)
	}
	return nil
}

// printProblem says what is wrong with an account and what to do.
func printProblem(w io.Writer, s tokens.Status) {
	if s.Error != nil {
		fmt.Fprintf(w, "\n%s: %s (%s)\n", s.Name, s.Error.Message, s.Error.Code)
		if s.Error.Hint != "" {
			fmt.Fprintln(w, s.Error.Hint)
		}
	}
	if needsSignin(s.State) && s.SigninURL != nil {
		fmt.Fprintf(w, "\n%s: sign in at %s, or with: caddy onenote signin %s\n", s.Name, *s.SigninURL, s.Name)
	}
}

func needsSignin(s tokens.State) bool {
	return s == tokens.SignedOut || s == tokens.SigningIn || s == tokens.NeedsSignin
}

// exitCode returns an error with the exit code that the states call for.
func exitCode(accounts []tokens.Status) error {
	code := 0
	for _, s := range accounts {
		switch {
		case needsSignin(s.State):
			return &exitError{Code: exitSigninRequired, Err: errQuiet}
		case !s.State.Usable():
			code = exitFailed
		}
	}
	if code != 0 {
		return &exitError{Code: code, Err: errQuiet}
	}
	return nil
}

func textOr(s *string, none string) string {
	if s == nil {
		return none
	}
	return *s
}

func timeOr(t *time.Time, none string) string {
	if t == nil {
		return none
	}
	return t.Local().Format(time.DateTime)
}

func refreshCommand() *cobra.Command {
	var admin adminFlags
	c := &cobra.Command{
		Use:   "refresh [<account>] [--address <address>] [--config <path> [--adapter <name>]]",
		Short: "Refreshes the access token of an account now",
		Long: `
Refreshes the access token of an account now, even if the token is still valid,
and even if the provider has asked to wait. Use it to see whether a change at the
identity provider has helped.

Exit codes: 0 refreshed, 1 it failed, 2 wrong usage, 3 somebody has to sign in.`,
		Args: atMost(1),
		RunE: run(func(c *cobra.Command, args []string) error {
			client, err := admin.client()
			if err != nil {
				return err
			}
			before, err := client.account(args)
			if err != nil {
				return err
			}
			var s tokens.Status
			if err := client.do(http.MethodPost, accountPath(before.Name)+"/refresh", nil, &s); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: refreshed, valid until %s\n", s.Name, timeOr(s.AccessTokenExpiresAt, "an unknown time"))
			return nil
		}),
	}
	admin.add(c)
	return c
}

func signoutCommand() *cobra.Command {
	var admin adminFlags
	c := &cobra.Command{
		Use:   "signout [<account>] [--address <address>] [--config <path> [--adapter <name>]]",
		Short: "Deletes the tokens of an account",
		Long: `
Deletes the tokens of an account wherever this proxy keeps them. The session of
the browser that signed in, and the consent, are kept by the provider: the status
page links to the pages that end them.

Exit codes: 0 signed out, 1 it failed, 2 wrong usage.`,
		Args: atMost(1),
		RunE: run(func(c *cobra.Command, args []string) error {
			client, err := admin.client()
			if err != nil {
				return err
			}
			s, err := client.account(args)
			if err != nil {
				return err
			}
			if err := client.do(http.MethodDelete, accountPath(s.Name), nil, nil); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: signed out\n", s.Name)
			return nil
		}),
	}
	admin.add(c)
	return c
}
