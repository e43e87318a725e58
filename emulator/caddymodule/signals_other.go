// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package caddymodule

import "os"

// endSignals end an emulator that runs alone.
var endSignals = []os.Signal{os.Interrupt}

// passedSignals are those that must not end this process before its program.
var passedSignals = []os.Signal{os.Interrupt}

// passOn does nothing: the console has sent the same to the program.
func passOn(*os.Process, os.Signal) {}

// exitCode returns the exit code of a program.
func exitCode(state *os.ProcessState) int { return state.ExitCode() }
