// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

func keygenCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen",
		Short: "Generates a key for encryption_key",
		Long: `
Prints a new key for encryption_key: 32 random bytes in base64. Put it into a
file that only Caddy may read, or into its environment, and write {file./path} or
{env.NAME} in the configuration. To replace a key, write the new key before the
old one and start the server, which seals all records again. Then remove the old
key.`,
		Args: atMost(0),
		RunE: run(func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), tokens.GenerateKey())
			return err
		}),
	}
}
