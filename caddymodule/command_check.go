// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

func checkCommand() *cobra.Command {
	var flags adminFlags
	var online bool
	c := &cobra.Command{
		Use:   "check [--config <path> [--adapter <name>]] [--online]",
		Short: "Checks a configuration",
		Long: `
Checks a configuration as the server would at its start, and prints what cannot
work and what is probably not meant. It needs no running server, no network and
none of the files with secrets. With --online it also asks whether the endpoints
of the identity providers answer, over the configured transport, and whether the
clock is right.

Exit codes: 0 nothing is wrong, warnings aside; 1 something is; 2 wrong usage.`,
		Args: atMost(0),
		RunE: run(func(c *cobra.Command, _ []string) error {
			config, err := flags.load()
			if err != nil {
				return err
			}
			return check(c.Context(), c.OutOrStdout(), config, online)
		}),
	}
	flags.addConfig(c)
	c.Flags().BoolVar(&online, "online", false, "Also ask the identity providers whether they answer")
	return c
}

func check(ctx context.Context, w io.Writer, config *configuration, online bool) error {
	accounts, warnings, err := config.accounts()
	for _, warning := range warnings {
		fmt.Fprintln(w, "warning:", warning)
	}
	if err != nil {
		return err
	}
	if err := validate(config.raw); err != nil {
		return err
	}
	for _, a := range accounts {
		fmt.Fprintf(w, "account %s: ok (%s, %s flow)\n", a.Name, a.Provider, a.Flow)
	}
	if !online {
		return nil
	}
	client, done, err := config.app.onlineClient()
	if err != nil {
		return err
	}
	defer done()
	return checkOnline(ctx, w, client, accounts)
}

// validate provisions the whole configuration, which finds what only a site
// and its account together can have wrong.
func validate(raw []byte) error {
	var config *caddy.Config
	if err := caddy.StrictUnmarshalJSON(raw, &config); err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	return caddy.Validate(config)
}

// Limits of asking an identity provider whether it answers.
const (
	onlineTimeout = 15 * time.Second
	clockMayBeOff = time.Minute
)

// onlineClient returns a client that reaches the identity providers as the
// server would: through its proxy, trusting its authorities. done ends it.
func (a *App) onlineClient() (client *http.Client, done func(), err error) {
	if t := a.Transport; t != nil && t.TLS != nil && t.TLS.ClientCertificateAutomate != "" {
		// A certificate that the server manages is not here to be shown.
		t.TLS.ClientCertificateAutomate = ""
	}
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	if err := a.provisionIdentity(ctx); err != nil {
		cancel()
		return nil, nil, err
	}
	client = a.identity
	client.Timeout = onlineTimeout
	return client, func() {
		_ = a.Transport.Cleanup() // closes idle connections; it never fails
		cancel()
	}, nil
}

// checkOnline asks the identity provider of each account for a page at each of
// its endpoints, without anything that could begin a sign-in. Any answer will
// do: an endpoint refuses what is no request of its kind.
func checkOnline(ctx context.Context, w io.Writer, client *http.Client, accounts []tokens.Config) error {
	var failed error
	told := false
	for _, a := range accounts {
		for _, address := range a.Endpoints() {
			off, err := ask(ctx, client, address)
			switch {
			case err != nil:
				fmt.Fprintf(w, "account %s: %s does not answer: %v\n", a.Name, address, err)
				failed = fmt.Errorf("account %s: the identity provider cannot be reached; look at network, DNS and proxy settings", a.Name)
				continue
			case off.Abs() > clockMayBeOff && !told:
				told = true
				fmt.Fprintf(w, "warning: the clock of this machine is off by %s, by the clock of %s\n", off.Round(time.Second), address)
			}
			fmt.Fprintf(w, "account %s: %s answers\n", a.Name, address)
		}
	}
	return failed
}

// ask returns how far the clocks are apart.
func ask(ctx context.Context, client *http.Client, address string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	date, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return 0, nil // it answers, and that is what was asked
	}
	return time.Until(date), nil
}
