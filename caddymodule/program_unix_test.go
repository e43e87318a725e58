// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package caddymodule

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestProgramIsToldByItsEnvironment(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	out := filepath.Join(t.TempDir(), "told")
	t.Setenv("CANARY_SECRET", "canary")
	script := filepath.Join(t.TempDir(), "notice")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nenv > \"$1\".new && mv \"$1\".new \"$1\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.mustLoad(s.config(notifying(m, "exec "+script+" "+out), "onenote "+m.url))
	s.signIn(browser(), "default", "someone@outlook.com")
	var told string
	eventually(t, "the program is started for the state ready", func() bool {
		text, _ := os.ReadFile(out) // it may not be there yet
		told = string(text)
		return strings.Contains(told, "ONENOTE_TO=ready\n")
	})
	for _, want := range []string{"ONENOTE_ACCOUNT=default\n", "ONENOTE_FROM=", "ONENOTE_CLASS=\n", "ONENOTE_CODE=\n", "ONENOTE_MESSAGE=Requests of apps are served.\n", "ONENOTE_AT=2", "PATH="} {
		if !strings.Contains(told, want) {
			t.Errorf("got environment\n%s\nwant %q in it", told, want)
		}
	}
	if strings.Contains(told, "canary") || strings.Contains(told, "ONENOTE_TEST_KEY") {
		t.Error("the program got variables that may hold a secret")
	}
}

func TestProgramThatFailsIsAFailure(t *testing.T) {
	for name, test := range map[string]struct {
		command program
		want    string
	}{
		"exit code":   {program{"sh", "-c", "echo no mail today; exit 3"}, "sh: exit status 3: no mail today"},
		"not there":   {program{"/nonexistent/notice"}, "/nonexistent/notice: "},
		"long output": {program{"sh", "-c", "yes | head -c 100000; echo the end; exit 1"}, "the end"},
	} {
		if err := test.command.run(t.Context(), notice{}); err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 2*maxProgramOutput {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := (program{"sleep", "60"}).run(ctx, notice{}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: got %v, want that it was canceled", err)
	}
}
