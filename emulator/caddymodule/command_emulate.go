// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
	"github.com/caddy-onenote/caddy-onenote/internal/subcommand"
)

// Exit codes: wrong usage, as all subcommands have it; and a program that cannot be
// started, as shells have it.
const (
	exitUsage    = 2
	exitNotFound = 127
)

// tokenLife is longer than any run of tests.
const tokenLife = 7 * 24 * time.Hour

func emulateCommand() *cobra.Command {
	var o emulation
	c := &cobra.Command{
		Use:   "emulate [--listen <address>] [--seed <folder>] [--allow-remote] [--] [<command> [<args>...]]",
		Short: "Runs a command against an emulator of the OneNote API",
		Long: `
Starts an emulator of the OneNote API, of Microsoft Graph's and of the sign-in, runs a
command with its addresses and tokens in the environment, and exits with the exit code
of the command. Each run has an emulator of its own, on a free port, so several do not
meet. Without a command it prints the addresses and runs until it is interrupted.

The environment of the command:

    ONENOTE_URL          in place of https://www.onenote.com
    ONENOTE_TOKEN        an access token for it
    ONENOTE_GRAPH_URL    in place of https://graph.microsoft.com
    ONENOTE_GRAPH_TOKEN  an access token for it

Tests control the emulator at $ONENOTE_URL/_emulator/, which lists what there is.

Exit codes: that of the command, 128 and the number of the signal that ended it, or 127
if it cannot be started; 1 if the emulator cannot be started; 2 wrong usage.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return o.run(c, args) },
	}
	c.Flags().SetInterspersed(false) // the flags of the command are its own
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:0", "Address to listen on; port 0 is a free one")
	c.Flags().StringVar(&o.seed, "seed", "", "Folder with the notes to begin with")
	c.Flags().BoolVar(&o.allowRemote, "allow-remote", false, "Serve other machines too, for service containers of CI: whoever reaches the emulator can issue tokens")
	return c
}

// emulation is one run of the command.
type emulation struct {
	listen, seed string
	allowRemote  bool
}

func (o emulation) run(c *cobra.Command, args []string) error {
	address, err := o.address()
	if err != nil {
		return &subcommand.ExitError{Code: exitUsage, Err: err}
	}
	e, err := newEmulator(o.seed, o.allowRemote)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(c.Context(), "tcp", address)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", o.listen, err)
	}
	server := &http.Server{Handler: e, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	defer func() {
		_ = server.Close()
		<-served
	}()
	environment, err := environmentOf(e, l.Addr().(*net.TCPAddr))
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return announce(c, environment)
	}
	return runProgram(c, args, environment)
}

// address returns the address to listen on. Without a host it is this machine's own,
// unless other machines are served.
func (o emulation) address() (string, error) {
	host, port, err := net.SplitHostPort(o.listen)
	switch {
	case err != nil:
		return "", fmt.Errorf("--listen %s: expected an address such as 127.0.0.1:8081 or :0", o.listen)
	case o.allowRemote:
		return o.listen, nil
	case host == "":
		return net.JoinHostPort("127.0.0.1", port), nil
	case !loopback.Host(host):
		return "", fmt.Errorf("--listen %s: other machines could reach the emulator and issue tokens; if that is meant, add --allow-remote", o.listen)
	}
	return o.listen, nil
}

// environmentOf returns the variables that lead to the emulator.
func environmentOf(e *emulator.Emulator, a *net.TCPAddr) ([]string, error) {
	host := a.IP.String()
	if a.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	base := "http://" + net.JoinHostPort(host, fmt.Sprint(a.Port))
	oneNote, err := e.IssueToken("", "", tokenLife)
	if err != nil {
		return nil, err
	}
	graph, err := e.IssueToken("", "Notes.ReadWrite", tokenLife)
	if err != nil {
		return nil, err
	}
	return []string{"ONENOTE_URL=" + base, "ONENOTE_TOKEN=" + oneNote, "ONENOTE_GRAPH_URL=" + base, "ONENOTE_GRAPH_TOKEN=" + graph}, nil
}

// announce prints the variables, and waits until the process is interrupted.
func announce(c *cobra.Command, environment []string) error {
	ctx, stop := signal.NotifyContext(c.Context(), endSignals...)
	defer stop()
	if _, err := io.WriteString(c.OutOrStdout(), strings.Join(environment, "\n")+"\n"); err != nil {
		return err
	}
	base := strings.TrimPrefix(environment[0], "ONENOTE_URL=")
	fmt.Fprintf(c.ErrOrStderr(), "The emulator runs until it is interrupted. Its controls: %s/_emulator/\n", base)
	<-ctx.Done()
	return nil
}

// runProgram runs the command of the user, passes signals on to it, and ends as it does.
func runProgram(c *cobra.Command, args, environment []string) error {
	program := exec.CommandContext(context.WithoutCancel(c.Context()), args[0], args[1:]...) //nolint:gosec // it is what the user asks for
	program.Env = append(os.Environ(), environment...)
	program.Stdin, program.Stdout, program.Stderr = c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, passedSignals...)
	defer signal.Stop(signals)
	if err := program.Start(); err != nil {
		return &subcommand.ExitError{Code: exitNotFound, Err: err}
	}
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	for {
		select {
		case s := <-signals:
			passOn(program.Process, s)
		case err := <-ended:
			return exitOf(program.ProcessState, err)
		}
	}
}

// exitOf returns an error with the exit code of a program; nil where that is 0.
func exitOf(state *os.ProcessState, err error) error {
	if err == nil {
		return nil
	}
	var failed *exec.ExitError
	if !errors.As(err, &failed) {
		return err // of its input or output
	}
	return &subcommand.ExitError{Code: exitCode(state), Err: errors.New("")} // it has said why
}
