// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// The command asks for the state of the sign-in, and the server holds the response
// until that has changed: Caddy logs each request to its admin endpoint.
const (
	pollWait  = "?wait=50s"
	pollPause = time.Second // between two requests
)

func signinCommand() *cobra.Command {
	var admin adminFlags
	var device, paste bool
	c := &cobra.Command{
		Use:   "signin [<account>] [--device | --paste] [--address <address>] [--config <path> [--adapter <name>]]",
		Short: "Signs an account in",
		Long: `
Signs an account in. It prints the address to open in a browser, waits until
somebody has signed in there, and prints who did.

If the redirect URI does not lead to the proxy, the command also asks for the
address at which the browser ended. Use --paste if the browser cannot reach the
proxy after the sign-in. --device prints a code to enter on any device; at
Microsoft, the registration of an app without a secret must allow public client flows.

After the sign-in the server sends one request to the API, and the command prints
what came back.

Exit codes: 0 signed in, 1 it failed or took too long, or the API does not take
the token, 2 wrong usage.`,
		Args: atMost(1),
		RunE: run(func(c *cobra.Command, args []string) error {
			if device && paste {
				return usageError("--device and --paste exclude each other")
			}
			client, err := admin.client()
			if err != nil {
				return err
			}
			s, err := client.account(args)
			if err != nil {
				return err
			}
			return signinRun{c, client, s.Name, paste}.run(device)
		}),
	}
	admin.add(c)
	c.Flags().BoolVar(&device, "device", false, "Sign in with a code on another device")
	c.Flags().BoolVar(&paste, "paste", false, "Ask for the address at which the browser ended")
	return c
}

// signinRun is one sign-in from the command line. The server knows it by its id,
// so any browser can be used.
type signinRun struct {
	c       *cobra.Command
	client  adminClient
	account string
	paste   bool
}

func (s signinRun) run(device bool) error {
	flow := oauth.FlowCode
	if device {
		flow = oauth.FlowDevice
	}
	var a signin.Attempt
	ask := map[string]oauth.Flow{"flow": flow}
	if err := s.client.do(http.MethodPost, accountPath(s.account)+"/signin", ask, &a); err != nil {
		return err
	}
	var addresses *addressReader
	if s.paste || a.Paste {
		addresses = newAddressReader(s.c.InOrStdin(), s.c.OutOrStdout())
	}
	s.announce(a, addresses)
	a, err := s.wait(s.c.Context(), a, addresses)
	if err != nil {
		return err
	}
	return s.report(a)
}

// announce prints the address to open.
func (s signinRun) announce(a signin.Attempt, addresses *addressReader) {
	out := s.c.OutOrStdout()
	if a.UserCode != "" {
		fmt.Fprintf(out, "Open %s and enter the code\n\n    %s\n\n", a.VerificationURI, a.UserCode)
	} else {
		fmt.Fprintf(out, "Open this address in a browser and sign in:\n\n    %s\n\n", a.URL)
	}
	if addresses == nil {
		fmt.Fprintf(out, "Waiting until %s ...\n", a.ExpiresAt.Local().Format(time.TimeOnly))
		return
	}
	if a.Paste {
		fmt.Fprint(out, "The browser then ends on a page that is not the proxy's, or on one that does not load.\n")
	}
	hidden := ""
	if addresses.hidden() {
		hidden = " (it is not shown)"
	}
	fmt.Fprintf(out, "Then paste the whole address at which the browser ended%s: ", hidden)
}

// wait waits until the sign-in has ended: by itself, which it asks for, or by an
// address that the user pastes. After a wrong address it asks for another one, because
// the sign-in is still pending.
func (s signinRun) wait(ctx context.Context, a signin.Attempt, addresses *addressReader) (signin.Attempt, error) {
	reading, stop := context.WithCancel(ctx)
	pasted := addresses.readInBackground(reading)
	defer func() {
		stop()
		if pasted != nil && addresses.hidden() {
			<-pasted // the terminal is as it was again
		}
	}()
	polled := s.poll(reading, a)
	for a.State == signin.AttemptPending {
		select {
		case t := <-pasted:
			pasted = nil
			again, err := s.take(t, &a)
			if err != nil {
				return a, err
			}
			if again {
				pasted = addresses.readInBackground(reading)
			}
		case p := <-polled:
			if p.err != nil {
				return a, p.err
			}
			a = p.attempt
			polled = s.poll(reading, a)
		case <-ctx.Done():
			return a, ctx.Err()
		}
	}
	return a, nil
}

// polledAttempt is the state of a sign-in, as the server says.
type polledAttempt struct {
	attempt signin.Attempt
	err     error
}

// poll asks for the state of a sign-in in the background, after a pause.
func (s signinRun) poll(ctx context.Context, a signin.Attempt) <-chan polledAttempt {
	polled := make(chan polledAttempt, 1)
	go func() {
		if oauth.Sleep(ctx, oauth.SystemClock{}, pollPause) != nil {
			return
		}
		var p polledAttempt
		p.err = s.client.do(http.MethodGet, s.path(a)+pollWait, nil, &p.attempt)
		polled <- p
	}()
	return polled
}

// take ends the sign-in with what was pasted, or reports that another address is to be
// read.
func (s signinRun) take(t typed, a *signin.Attempt) (again bool, err error) {
	switch {
	case errors.Is(t.err, io.EOF) && s.paste:
		return false, errors.New("no address was pasted, so nobody was signed in")
	case errors.Is(t.err, io.EOF):
		return false, nil // nobody is there to paste, but somebody may sign in
	case t.err != nil:
		return false, t.err
	case strings.TrimSpace(t.address) == "":
		return true, nil
	}
	err = s.client.do(http.MethodPost, s.path(*a)+"/paste", map[string]string{"address": t.address}, a)
	if err == nil {
		return false, nil
	}
	fmt.Fprintf(s.c.ErrOrStderr(), "%v\nPaste it again: ", err)
	return true, nil
}

func (s signinRun) path(a signin.Attempt) string {
	return accountPath(s.account) + "/signin/" + a.ID
}

// report prints the result.
func (s signinRun) report(a signin.Attempt) error {
	if a.State != signin.AttemptDone {
		return s.failed(a)
	}
	out := s.c.OutOrStdout()
	if a.User != "" {
		fmt.Fprintf(out, "%s: signed in as %s\n", s.account, a.User)
	} else {
		fmt.Fprintf(out, "%s: signed in\n", s.account)
	}
	for _, t := range a.Tested {
		if len(a.Tested) > 1 {
			t.Result = t.API + ": " + t.Result
		}
		fmt.Fprintf(out, "%s: tested: %s\n", s.account, t.Result)
	}
	if w := a.Warning; w != nil {
		fmt.Fprintf(out, "\n%s: %s (%s)\n%s\n", s.account, w.Message, w.Code, w.Hint)
	}
	if slices.ContainsFunc(a.Tested, func(t signin.Test) bool { return t.Refused }) {
		return fmt.Errorf("account %s: the API does not take the token; see: caddy onenote status %s", s.account, s.account)
	}
	return nil
}

// failed returns why nobody signed in.
func (s signinRun) failed(a signin.Attempt) error {
	if a.Error == nil {
		return fmt.Errorf("account %s: the sign-in did not succeed", s.account)
	}
	return fmt.Errorf("account %s: %s (%s)\n%s", s.account, a.Error.Message, a.Error.Code, a.Error.Hint)
}
