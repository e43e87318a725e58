// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// programTimeout is how long a program may run.
const programTimeout = 10 * time.Second

// maxProgramOutput is how much of the output of a program that fails is logged.
const maxProgramOutput = 500

// A program is a command with its arguments that is told of a change by its
// environment. No shell is involved, so nothing is interpreted.
type program []string

// run delivers a notice.
func (p program) run(ctx context.Context, n notice) error {
	limited, cancel := context.WithTimeout(ctx, programTimeout)
	defer cancel()
	var output tail
	c := exec.CommandContext(limited, p[0], p[1:]...)
	c.Env = append(plainEnvironment(os.Environ()), n.variables()...)
	c.Stdout, c.Stderr = &output, &output
	c.WaitDelay = time.Second // a child of its may hold the output open
	err := c.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("%s was stopped after %s", p[0], programTimeout)
	case len(output) > 0:
		return fmt.Errorf("%s: %w: %s", p[0], err, strings.TrimSpace(string(output)))
	}
	return fmt.Errorf("%s: %w", p[0], err)
}

// variables returns the notice as environment variables.
func (n notice) variables() []string {
	return []string{
		"ONENOTE_ACCOUNT=" + n.Account,
		"ONENOTE_FROM=" + string(n.From),
		"ONENOTE_TO=" + string(n.To),
		"ONENOTE_CLASS=" + string(n.Class),
		"ONENOTE_CODE=" + n.Code,
		"ONENOTE_MESSAGE=" + n.Message,
		"ONENOTE_AT=" + n.At.Format(time.RFC3339),
	}
}

// plainVariables are the environment variables that programs need and that hold no
// secret. Those of Caddy may: {env.NAME} is how secrets are given to it.
var plainVariables = map[string]bool{
	"PATH": true, "HOME": true, "USER": true, "LOGNAME": true, "SHELL": true, "LANG": true, "TZ": true, "TMPDIR": true,
	"DISPLAY": true, "WAYLAND_DISPLAY": true, "DBUS_SESSION_BUS_ADDRESS": true, "XDG_RUNTIME_DIR": true,
	"SSL_CERT_FILE": true, "SSL_CERT_DIR": true,
	// Windows
	"SYSTEMROOT": true, "SYSTEMDRIVE": true, "WINDIR": true, "COMSPEC": true, "PATHEXT": true, "TEMP": true, "TMP": true,
	"USERPROFILE": true, "APPDATA": true, "LOCALAPPDATA": true, "PROGRAMDATA": true, "USERNAME": true,
}

// plainEnvironment returns the variables of an environment that programs get.
func plainEnvironment(environment []string) []string {
	var plain []string
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		if name = strings.ToUpper(name); plainVariables[name] || strings.HasPrefix(name, "LC_") {
			plain = append(plain, variable)
		}
	}
	return plain
}

// tail keeps the end of what is written.
type tail []byte

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	if over := len(*t) - maxProgramOutput; over > 0 {
		*t = append((*t)[:0], (*t)[over:]...)
	}
	return len(p), nil
}
