// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "time"

// cpuTime returns the time that f takes, and whatever else ran meanwhile.
func cpuTime(f func()) time.Duration {
	begin := time.Now()
	f()
	return time.Since(begin)
}
