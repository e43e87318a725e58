// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package subcommand lets a package that is compiled into some binaries only add a
// subcommand to "caddy onenote".
package subcommand

import (
	"sync"

	"github.com/spf13/cobra"
)

// ExitError is an error of a subcommand with the exit code that it calls for. An
// error with an empty text is not printed.
type ExitError struct {
	Code int
	Err  error
}

// Error implements error.
func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap returns what went wrong.
func (e *ExitError) Unwrap() error { return e.Err }

var (
	mu    sync.Mutex
	added []func() *cobra.Command
)

// Add adds a subcommand. Errors that its RunE returns are printed, and end the process
// with exit code 1 or that of an [ExitError]. An init function calls it.
func Add(make func() *cobra.Command) {
	mu.Lock()
	defer mu.Unlock()
	added = append(added, make)
}

// All makes the subcommands that were added.
func All() []*cobra.Command {
	mu.Lock()
	defer mu.Unlock()
	var all []*cobra.Command
	for _, make := range added {
		all = append(all, make())
	}
	return all
}
