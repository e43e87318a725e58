// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
none of the files with secrets. With --online it also asks whether the identity
providers answer, and whether the clock is right.`,
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
	return checkOnline(ctx, w, accounts)
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

// checkOnline asks each account's identity provider for its sign-in page,
// without anything that could begin a sign-in.
func checkOnline(ctx context.Context, w io.Writer, accounts []tokens.Config) error {
	client := &http.Client{
		Timeout:       onlineTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var failed error
	for _, a := range accounts {
		address := providerOf(a)
		if address == "" {
			continue
		}
		off, err := ask(ctx, client, address)
		switch {
		case err != nil:
			fmt.Fprintf(w, "account %s: %s does not answer: %v\n", a.Name, address, err)
			failed = fmt.Errorf("account %s: the identity provider cannot be reached; look at network, DNS and proxy settings", a.Name)
		case off.Abs() > clockMayBeOff:
			fmt.Fprintf(w, "warning: the clock of this machine is off by %s, by the clock of %s\n", off.Round(time.Second), address)
		default:
			fmt.Fprintf(w, "account %s: %s answers\n", a.Name, address)
		}
	}
	return failed
}

// providerOf returns scheme and host of the account's authorization endpoint.
func providerOf(a tokens.Config) string {
	account := tokens.NewAccount(tokens.Options{Config: a, Memory: tokens.NewMemory()})
	u, err := url.Parse(account.AuthorizeURL(tokens.AuthorizeRequest{}))
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
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
