// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// defaultWaitTimeout is how long the command waits if nothing is said.
const defaultWaitTimeout = time.Minute

func waitCommand() *cobra.Command {
	var admin adminFlags
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "wait [--timeout <duration>] [<account>...] [--address <address>] [--config <path> [--adapter <name>]]",
		Short: "Waits until accounts can be used",
		Long: `
Waits until the accounts, or all of them, can be used, and prints their states. It
also waits for a server that does not run yet, and for somebody who signs in.

Exit codes: 0 all can be used; after the timeout 1 one cannot, or the server cannot
be reached, 3 somebody has to sign in; 2 wrong usage.`,
		RunE: run(func(c *cobra.Command, args []string) error {
			if timeout < 0 {
				return usageError("--timeout %s: expected 0 or more", timeout)
			}
			client, err := admin.client()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(c.Context(), timeout)
			defer cancel()
			accounts, err := client.await(ctx, args)
			if err != nil {
				return err
			}
			if err := printAccounts(c.OutOrStdout(), accounts, false); err != nil {
				return err
			}
			return exitCode(accounts)
		}),
	}
	admin.add(c)
	c.Flags().DurationVar(&timeout, "timeout", defaultWaitTimeout, "How long to wait, such as 90s; 0 asks once")
	return c
}

// waitPause is the time between two questions to a server that does not respond or
// has no accounts yet.
const waitPause = 250 * time.Millisecond

// await returns the accounts as soon as all of them can be used, else as they are when
// ctx ends.
func (c adminClient) await(ctx context.Context, names []string) ([]tokens.Status, error) {
	for {
		accounts, err := c.awaitOnce(ctx, names)
		switch {
		case err == nil && allUsable(accounts):
			return accounts, nil
		case err != nil && !isNotYet(err):
			return nil, err
		}
		if oauth.Sleep(ctx, oauth.SystemClock{}, waitPause) != nil {
			return accounts, err
		}
	}
}

// isNotYet reports whether an error ends by itself when the server has started: it does
// not respond, or runs without our app, as it does before its configuration is loaded.
func isNotYet(err error) bool {
	var unreachable *unreachableError
	return errors.As(err, &unreachable) || err.Error() == errNoAppRuns.Error()
}

// awaitOnce asks for each account. The server holds its response until the account can
// be used, because Caddy logs each request to its admin endpoint.
func (c adminClient) awaitOnce(ctx context.Context, names []string) ([]tokens.Status, error) {
	if len(names) == 0 {
		all, err := c.accounts()
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			names = append(names, s.Name)
		}
	}
	var accounts []tokens.Status
	for _, name := range names {
		var s tokens.Status
		if err := c.do(http.MethodGet, accountPath(name)+waitQuery(ctx), nil, &s); err != nil {
			return nil, err
		}
		accounts = append(accounts, s)
	}
	return accounts, nil
}

// waitQuery is how long the server may hold its response.
func waitQuery(ctx context.Context) string {
	deadline, _ := ctx.Deadline()
	left := min(time.Until(deadline), maxWait).Truncate(time.Millisecond)
	if left <= 0 {
		return ""
	}
	return fmt.Sprintf("?wait=%s", left)
}

func allUsable(accounts []tokens.Status) bool {
	for _, s := range accounts {
		if !s.State.Usable() {
			return false
		}
	}
	return true
}
