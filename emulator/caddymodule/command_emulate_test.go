// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package caddymodule

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/needs"
)

// caddyIn makes ./caddy in a folder: this test binary.
func caddyIn(t *testing.T, folder string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", asCaddy, self)
	if err := os.WriteFile(filepath.Join(folder, "caddy"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
}

// emulate prepares "caddy onenote emulate" with these arguments.
func emulate(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	folder := t.TempDir()
	caddyIn(t, folder)
	c := exec.Command("./caddy", append([]string{"onenote", "emulate"}, args...)...)
	c.Dir = folder
	return c
}

func TestEmulateExitsAsItsCommand(t *testing.T) {
	needs.Program(t, "sh")
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--", "sh", "-c", "echo out; echo err >&2; exit 42"}, 42, "out\nerr\n"},
		{[]string{"sh", "-c", "exit 0"}, 0, ""},
		{[]string{"--", "sh", "-c", "exit 1"}, 1, ""},
		{[]string{"--", "sh", "-c", "kill -KILL $$"}, 137, ""},
		{[]string{"--", "no-such-program"}, 127, "Error: exec: \"no-such-program\": executable file not found"},
		{[]string{"--listen", "0.0.0.0:0", "--", "true"}, 2, "if that is meant, add --allow-remote"},
		{[]string{"--listen", "8081", "--", "true"}, 2, "expected an address such as 127.0.0.1:8081 or :0"},
		{[]string{"--listen", "192.0.2.1:0", "--allow-remote", "--", "true"}, 1, "Error: --listen 192.0.2.1:0: "},
		{[]string{"--seed", "nowhere", "--", "true"}, 1, "Error: seed: open nowhere"},
		{[]string{"--sed", "x", "--", "true"}, 2, "unknown flag: --sed; did you mean --seed?"},
		{[]string{"--listen", ":0", "--", "sh", "-c", `echo "$ONENOTE_URL"`}, 0, "http://127.0.0.1:"},
		{[]string{"--listen", "0.0.0.0:0", "--allow-remote", "--", "sh", "-c", `echo "$ONENOTE_URL"`}, 0, "http://127.0.0.1:"},
	} {
		c := emulate(t, tt.args...)
		out, _ := c.CombinedOutput() // the code says whether it failed
		if got := c.ProcessState.ExitCode(); got != tt.code || !strings.Contains(string(out), tt.want) {
			t.Errorf("%q: got %d %s, want %d %s", tt.args, got, out, tt.code, tt.want)
		}
	}
}

// started starts an emulator whose command prints its address and waits for a line, and
// returns that address.
func started(t *testing.T, c *exec.Cmd) (url, token string) {
	t.Helper()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), "ONENOTE_URL="); ok {
			url = v
		}
		if v, ok := strings.CutPrefix(lines.Text(), "ONENOTE_TOKEN="); ok {
			return url, v
		}
	}
	t.Fatalf("it ended: %v", lines.Err())
	return "", ""
}

// get requests a path with a token.
func get(t *testing.T, url, token string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

func TestEmulatorsAtOnceDoNotMeet(t *testing.T) {
	one, two := emulate(t), emulate(t)
	urlOne, tokenOne := started(t, one)
	urlTwo, tokenTwo := started(t, two)
	const notebooks = "/api/v1.0/me/notes/notebooks"
	response, err := http.Post(urlOne+"/_emulator/faults", "application/json", strings.NewReader(`{"path":"*","status":500}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if status, _ := get(t, urlOne+notebooks, tokenOne); status != 500 {
		t.Errorf("the one: got %d, want its fault", status)
	}
	if status, body := get(t, urlTwo+notebooks, tokenTwo); status != 200 {
		t.Errorf("the other: got %d %s, want 200", status, body)
	}
	for _, c := range []*exec.Cmd{one, two} {
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); err != nil {
			t.Errorf("interrupted: got %v, want exit code 0", err)
		}
	}
}

func TestEmulatePassesSignalsOn(t *testing.T) {
	needs.Program(t, "sh")
	c := emulate(t, "--", "sh", "-c", `trap 'exit 5' TERM; env | grep '^ONENOTE_URL='; env | grep '^ONENOTE_TOKEN='; while :; do sleep 0.05; done`)
	started(t, c)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // the code says how it ended
	if got := c.ProcessState.ExitCode(); got != 5 {
		t.Errorf("got exit code %d, want 5, that of the command's trap", got)
	}
}

var (
	emulatedBlock = regexp.MustCompile("(?s)save this as `([\\w.]+)`:\n\n```caddyfile\n(.*?)```")
	documentBlock = regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$")
)

// What stands in docs/emulator.md is typed as it stands, and what it prints holds each
// line of the text below it.
func TestCommandsInDocumentWork(t *testing.T) {
	needs.Program(t, "curl")
	needs.Program(t, "timeout")
	text, err := os.ReadFile("../../docs/emulator.md")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	caddyIn(t, folder)
	saved := emulatedBlock.FindSubmatch(text)
	if saved == nil {
		t.Fatal("there is no Caddyfile to save")
	}
	if err := os.WriteFile(filepath.Join(folder, string(saved[1])), saved[2], 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	ran := 0
	for _, block := range documentBlock.FindAllStringSubmatch(string(text), -1) {
		if block[1] == "text" {
			for line := range strings.Lines(block[2]) {
				if !strings.Contains(out.String(), strings.TrimSpace(line)) {
					t.Errorf("got %s, want %s in it", out.String(), line)
				}
			}
			continue
		}
		ran++
		out.Reset()
		c := exec.Command("sh", "-euc", block[2])
		c.Dir = folder
		c.Stdout, c.Stderr = &out, &out
		if err := c.Run(); err != nil {
			t.Errorf("%s: %v: %s", block[2], err, out.String())
		}
	}
	if ran < 8 {
		t.Errorf("commands: got %d, want at least 8", ran)
	}
}
