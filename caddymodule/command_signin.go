// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// pollEvery is how often the command asks how the sign-in goes.
const pollEvery = time.Second

func signinCommand() *cobra.Command {
	var admin adminFlags
	var device, paste bool
	c := &cobra.Command{
		Use:   "signin [<account>] [--device | --paste] [--address <address>] [--config <path> [--adapter <name>]]",
		Short: "Signs an account in",
		Long: `
Signs an account in. It prints where to go, waits until somebody went there, and
ends with who signed in. It opens nothing by itself.

Where the browser cannot reach the proxy afterwards, or the redirect URI is one
of Microsoft's own pages, use --paste: it asks for the address on which the
browser ended. --device prints a code to type in on any device.

Exit codes: 0 signed in, 1 it failed or took too long, 2 wrong usage.`,
		Args: atMost(1),
		RunE: run(func(c *cobra.Command, args []string) error {
			if device && paste {
				return usageError("--device and --paste are two ways; choose one")
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
	c.Flags().BoolVar(&paste, "paste", false, "Ask for the address on which the browser ended")
	return c
}

// signinRun is one sign-in from the command line. The server owns it by its
// id; the browser need not be one that the server ever saw.
type signinRun struct {
	c       *cobra.Command
	client  adminClient
	account string
	paste   bool
}

func (s signinRun) run(device bool) error {
	flow := tokens.FlowCode
	if device {
		flow = tokens.FlowDevice
	}
	var a signin.Attempt
	ask := map[string]tokens.Flow{"flow": flow}
	if err := s.client.do(http.MethodPost, accountPath(s.account)+"/signin", ask, &a); err != nil {
		return err
	}
	s.announce(a)
	var err error
	if s.paste {
		a, err = s.readAddress(a)
	} else {
		a, err = s.wait(s.c.Context(), a)
	}
	if err != nil {
		return err
	}
	return s.tell(a)
}

// announce says where to go.
func (s signinRun) announce(a signin.Attempt) {
	out := s.c.OutOrStdout()
	if a.UserCode != "" {
		fmt.Fprintf(out, "Open %s and enter the code\n\n    %s\n\n", a.VerificationURI, a.UserCode)
	} else {
		fmt.Fprintf(out, "Open this address in a browser and sign in:\n\n    %s\n\n", a.URL)
	}
	if s.paste {
		fmt.Fprint(out, "Then paste the whole address on which the browser ended: ")
		return
	}
	fmt.Fprintf(out, "Waiting until %s ...\n", a.ExpiresAt.Local().Format(time.TimeOnly))
}

// readAddress ends the sign-in with the address that the user pastes. A wrong
// one is asked for again: the sign-in still waits.
func (s signinRun) readAddress(a signin.Attempt) (signin.Attempt, error) {
	lines := bufio.NewScanner(s.c.InOrStdin())
	for lines.Scan() {
		address := strings.TrimSpace(lines.Text())
		if address == "" {
			continue
		}
		err := s.client.do(http.MethodPost, s.path(a)+"/paste", map[string]string{"address": address}, &a)
		if err == nil {
			return a, nil
		}
		fmt.Fprintf(s.c.ErrOrStderr(), "%v\nPaste it again: ", err)
	}
	if err := lines.Err(); err != nil {
		return a, err
	}
	return a, errors.New("no address was pasted, so nobody was signed in")
}

// wait asks until the sign-in has ended.
func (s signinRun) wait(ctx context.Context, a signin.Attempt) (signin.Attempt, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for a.State == signin.AttemptPending {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return a, ctx.Err()
		}
		path := s.path(a)
		a = signin.Attempt{}
		if err := s.client.do(http.MethodGet, path, nil, &a); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (s signinRun) path(a signin.Attempt) string {
	return accountPath(s.account) + "/signin/" + a.ID
}

// tell says how it ended.
func (s signinRun) tell(a signin.Attempt) error {
	if a.State == signin.AttemptDone && a.User != "" {
		fmt.Fprintf(s.c.OutOrStdout(), "%s: signed in as %s\n", s.account, a.User)
		return nil
	}
	if a.State == signin.AttemptDone {
		fmt.Fprintf(s.c.OutOrStdout(), "%s: signed in\n", s.account)
		return nil
	}
	if a.Error == nil {
		return fmt.Errorf("account %s: the sign-in did not succeed", s.account)
	}
	return fmt.Errorf("account %s: %s (%s)\n%s", s.account, a.Error.Message, a.Error.Code, a.Error.Hint)
}
