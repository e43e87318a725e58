// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package caddymodule

import (
	"os"
	"slices"
	"syscall"

	"golang.org/x/term"
)

// endSignals end an emulator that runs alone.
var endSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}

// passedSignals are those that a running program is to get.
var passedSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}

// terminalSignals are those that a terminal sends to every program in front of it.
var terminalSignals = []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP}

// passOn sends a signal to the program, unless the terminal has sent it one.
func passOn(p *os.Process, s os.Signal) {
	if slices.Contains(terminalSignals, s) && term.IsTerminal(int(os.Stdin.Fd())) {
		return
	}
	_ = p.Signal(s) // it may have ended
}

// exitCode returns the exit code of a program; of one that a signal ended, what shells
// say of it.
func exitCode(state *os.ProcessState) int {
	if w, ok := state.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return state.ExitCode()
}
