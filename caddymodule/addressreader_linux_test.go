// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/term"

	"github.com/caddy-onenote/caddy-onenote/internal/needs"
)

// openTerminal returns the two ends of a pseudo-terminal.
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		needs.Missing(t, "no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { keyboard.Close() })
	control := func(request uintptr, value *int32) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keyboard.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			needs.Missing(t, "no pseudo-terminals here: %v", errno)
		}
	}
	var unlock, number int32
	control(syscall.TIOCSPTLCK, &unlock)
	control(syscall.TIOCGPTN, &number)
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		needs.Missing(t, "no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { terminal.Close() })
	return keyboard, terminal
}

// TestAddressLongerThanATerminalLineIsReadWhole: a terminal that reads lines keeps 4095
// characters of each.
func TestAddressLongerThanATerminalLineIsReadWhole(t *testing.T) {
	keyboard, terminal := openTerminal(t)
	before, err := term.GetState(int(terminal.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	r := newAddressReader(terminal, io.Discard)
	if !r.hidden() {
		t.Fatal("the terminal was not recognised")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 2 {
		want := "http://localhost:8080/auth/default/callback?code=" + strings.Repeat("M.C1_", 2500) + "&state=x"
		reading := r.readInBackground(ctx)
		eventually(t, "the terminal is read key by key", func() bool {
			now, err := term.GetState(int(terminal.Fd()))
			return err == nil && *now != *before
		})
		if _, err := io.WriteString(keyboard, want+"\r"); err != nil {
			t.Fatal(err)
		}
		got := <-reading
		if got.err != nil || got.address != want {
			t.Errorf("got %d characters and %v, want %d", len(got.address), got.err, len(want))
		}
		after, err := term.GetState(int(terminal.Fd()))
		if err != nil || *after != *before {
			t.Errorf("the terminal is not as it was: %v", err)
		}
	}
}
