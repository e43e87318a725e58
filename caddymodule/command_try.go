// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

func tryCommand() *cobra.Command {
	var admin adminFlags
	var account string
	c := &cobra.Command{
		Use:   "try [<path>] [--account <name>] [--address <address>] [--config <path> [--adapter <name>]]",
		Short: "Makes one request to the API as an account",
		Long: `
Has the running server make one request to the API, with the token of an account and
the options of the site that uses it, and prints what happened at each step. It passes
the guard by: it says whether the account works, not whether an app may use the site.

The path is what an app requests, such as /api/v1.0/me/notes/pages. The default is
the list of notebooks.

Exit codes: 0 the API responded with success, 1 it did not, or no server runs, 2 wrong
usage, 3 somebody has to sign in.`,
		Args: atMost(1),
		RunE: run(func(c *cobra.Command, args []string) error {
			client, err := admin.client()
			if err != nil {
				return err
			}
			var names []string
			if account != "" {
				names = []string{account}
			}
			s, err := client.account(names)
			if err != nil {
				return err
			}
			in := map[string]string{}
			if len(args) == 1 {
				in["path"] = args[0]
			}
			var result testResults
			if err := client.do(http.MethodPost, accountPath(s.Name)+"/try", in, &result); err != nil {
				return err
			}
			return reportTests(c.OutOrStdout(), result)
		}),
	}
	admin.add(c)
	c.Flags().StringVar(&account, "account", "", "Name of the account, if there are several")
	return c
}

// reportTests prints what happened, and returns an error unless all went well.
func reportTests(w io.Writer, r testResults) error {
	fmt.Fprintf(w, "account %s: %s, signed in as %s\n", r.Before.Name, r.Before.State, textOr(r.Before.User, "nobody"))
	fmt.Fprintf(w, "token: %s\n", describeToken(r))
	failed := false
	for _, t := range r.Results {
		site := t.Site
		if site == "" {
			site = "a site of this account"
		}
		fmt.Fprintf(w, "site: %s, in front of %s\n", site, t.API)
		fmt.Fprintf(w, "request: GET %s\n", t.Target)
		fmt.Fprintf(w, "response: %s\n", describeResponse(t))
		fmt.Fprintf(w, "result: %s\n", t.Result)
		if t.Beginning != "" {
			fmt.Fprintf(w, "\n%s\n", t.Beginning)
		}
		failed = failed || !t.succeeded()
	}
	if !failed {
		return nil
	}
	printProblem(w, r.After)
	if needsSignin(r.After.State) || wantsSignin(r.Results) {
		return &exitError{Code: exitSigninRequired, Err: errQuiet}
	}
	return errQuiet
}

// succeeded reports whether the API responded with success.
func (t testResult) succeeded() bool {
	return t.Status != 0 && t.Status < http.StatusBadRequest && t.Cause == ""
}

func wantsSignin(all []testResult) bool {
	return slices.ContainsFunc(all, func(t testResult) bool { return t.Cause == apierror.SigninRequired })
}

// describeToken says what became of the access token.
func describeToken(r testResults) string {
	expires := r.After.AccessTokenExpiresAt
	switch {
	case expires == nil:
		return "there is none"
	case !sameTime(r.Before.RefreshedAt, r.After.RefreshedAt) || slices.ContainsFunc(r.Results, func(t testResult) bool { return t.Retried }):
		return "refreshed, valid until " + timeOr(expires, "")
	}
	return "valid until " + timeOr(expires, "")
}

func describeResponse(t testResult) string {
	took := fmt.Sprintf("after %d ms", t.Milliseconds)
	if t.Retried {
		took += ", the second time: the API refused the first token"
	}
	switch {
	case t.Status == 0:
		return "none, " + took
	case t.Cause != "":
		return fmt.Sprintf("status %d of the proxy itself (%s), %s", t.Status, t.Cause, took)
	}
	return fmt.Sprintf("status %d, %s", t.Status, took)
}

// sameTime reports whether two times, which may be unknown, are the same.
func sameTime(t, u *time.Time) bool {
	if t == nil || u == nil {
		return t == u
	}
	return t.Equal(*u)
}
