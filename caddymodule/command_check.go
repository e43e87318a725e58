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
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func checkCommand() *cobra.Command {
	var flags adminFlags
	var online bool
	c := &cobra.Command{
		Use:   "check [--config <path> [--adapter <name>]] [--online]",
		Short: "Checks a configuration",
		Long: `
Checks a configuration as the server does at its start, and prints errors and
warnings, and of each site which API it speaks to and whether the requests of
apps are translated. It needs no running server, no network and none of the files with
secrets. With --online it also requests the endpoints of the identity providers
over the configured transport, and checks the clock.

Exit codes: 0 no errors, warnings aside; 1 errors; 2 wrong usage.`,
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
	c.Flags().BoolVar(&online, "online", false, "Also check that the identity providers respond")
	return c
}

func check(ctx context.Context, w io.Writer, config *caddy.Config, online bool) error {
	app, done, err := provision(config)
	if err != nil {
		if app != nil {
			printWarnings(w, app.warnings)
		}
		return plainError(err)
	}
	defer done()
	printWarnings(w, app.allWarnings())
	for _, account := range app.all() {
		c := account.Config()
		fmt.Fprintf(w, "account %s: ok (%s, %s flow)\n", c.Name, c.Provider, c.Flow)
		if c.Provider == oauth.MicrosoftAccount && c.Authority == "" && c.Audience() == "onenote" {
			fmt.Fprintf(w, "account %s: %s\n", c.Name, oldScopesAdvice)
		}
	}
	if mod, err := app.ctx.AppIfConfigured("http"); err == nil {
		for _, line := range siteLines(mod.(*caddyhttp.App)) {
			fmt.Fprintln(w, line)
		}
	}
	if !online {
		return nil
	}
	return checkOnline(ctx, w, app.onlineClient(), app.all())
}

// oldScopesAdvice is about scopes that no new registration gets.
const oldScopesAdvice = "its scopes are of use to app registrations that have had them for years; " +
	"for a new one, use Microsoft Graph: caddy onenote register says how"

func printWarnings(w io.Writer, warnings []string) {
	for _, warning := range warnings {
		fmt.Fprintln(w, "warning:", warning)
	}
}

// Limits of the requests of --online.
const (
	onlineTimeout = 15 * time.Second
	maxClockSkew  = time.Minute
)

// onlineClient returns a client that reaches the identity providers as the
// server does: through its proxy, trusting its certificate authorities.
func (a *App) onlineClient() *http.Client {
	if t := a.Transport; t.TLS != nil && t.TLS.ClientCertificateAutomate != "" {
		// Only the running server has the certificate that it manages.
		t.Transport.TLSClientConfig.GetClientCertificate = nil
	}
	client := *a.identity
	client.Timeout = onlineTimeout
	return &client
}

// checkOnline requests a page from each endpoint of each account's identity
// provider, without anything that could begin a sign-in. Any response will do:
// an endpoint refuses what is no request of its kind.
func checkOnline(ctx context.Context, w io.Writer, client *http.Client, accounts []*tokens.Account) error {
	var failed error
	warned := false // about the clock, once
	for _, account := range accounts {
		c := account.Config()
		for _, address := range c.Endpoints() {
			skew, err := clockSkew(ctx, client, address)
			switch {
			case err != nil:
				fmt.Fprintf(w, "account %s: %s does not respond: %s\n", c.Name, address, netfail.Text(err))
				why := netfail.Explain(err, hostOf(address))
				failed = fmt.Errorf("account %s: the identity provider cannot be reached: %s (%s); %s", c.Name, why.Message, why.Kind, why.Advice)
				continue
			case skew.Abs() > maxClockSkew && !warned:
				warned = true
				fmt.Fprintf(w, "warning: the clock of this machine differs by %s from the clock of %s\n", skew.Round(time.Second), address)
			}
			fmt.Fprintf(w, "account %s: %s responds\n", c.Name, address)
		}
	}
	return failed
}

// hostOf returns the host of an address, for people to read.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return "the identity provider"
}

// clockSkew requests a page and returns how far the clocks are apart; 0 where
// the response does not say.
func clockSkew(ctx context.Context, client *http.Client, address string) (time.Duration, error) {
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
		return 0, nil // it responds, which is what has to be known
	}
	return time.Until(date), nil
}
