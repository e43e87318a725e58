// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Prints what this binary was built from",
		Long: `
Prints the version of the OneNote proxy, of Caddy and of Go, the system that the
binary is for, and whether it holds the emulator of the OneNote API.`,
		Args: atMost(0),
		RunE: run(func(c *cobra.Command, _ []string) error { return printVersion(c.OutOrStdout()) }),
	}
}

func printVersion(w io.Writer) error {
	caddyVersion, _ := caddy.Version()
	emulator := "no"
	if _, err := caddy.GetModule("http.handlers.onenote_emulator"); err == nil {
		emulator = "yes"
	}
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintf(t, "caddy-onenote\t%s\n", cmp.Or(moduleVersion(), "unknown"))
	fmt.Fprintf(t, "caddy\t%s\n", caddyVersion)
	fmt.Fprintf(t, "go\t%s\n", runtime.Version())
	fmt.Fprintf(t, "platform\t%s/%s\n", runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(t, "emulator\t%s\n", emulator)
	return t.Flush()
}
