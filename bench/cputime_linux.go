// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// cpuTime returns the time that f takes on its processor. Unlike the time on
// the wall it leaves out what other processes take.
func cpuTime(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := threadTime()
	f()
	return threadTime() - begin
}

// threadTime asks the kernel's CLOCK_THREAD_CPUTIME_ID, since getrusage counts
// in ticks.
func threadTime() time.Duration {
	const clockThreadCPU = 3
	var ts syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPU, uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		return 0
	}
	return time.Duration(ts.Nano())
}
