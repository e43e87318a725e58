// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package signinclients runs published sign-in libraries, from npm, in tests. For each
// library there is a script that signs in with it as apps do, lists notebooks with what it
// got, refreshes, lists them again, and signs out.
package signinclients

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/needs"
)

// A Library is the npm name of a library.
type Library string

// Libraries returns those that run in Node.
func Libraries() []Library {
	return []Library{"passport-windowslive", "passport-azure-ad", "@azure/msal-node", "adal-node", "openid-client", "simple-oauth2"}
}

// HelloJS runs in browsers; its page is hellojs.html.
const HelloJS Library = "hellojs"

// A Report is what a script got.
type Report struct {
	Lists   [][]string // names of notebooks, each time they were listed
	Pages   []string   // paths of pages that its browser was shown
	Secrets []string   // what the library has been given
}

// Need skips the test where the library or Node is not installed. The folder is this package's,
// relative to the test's.
func (l Library) Need(t testing.TB, folder string) {
	t.Helper()
	needs.Program(t, "node")
	needs.File(t, folder+"/node_modules/"+string(l)+"/package.json", "run npm ci in internal/signinclients")
}

// Run runs the script of a library in Node against the proxy at base. authority is the file
// with the certificate that Node trusts for it. restart is called in the middle.
func (l Library) Run(ctx context.Context, folder, base, authority string, restart func()) (r Report, err error) {
	cmd := exec.CommandContext(ctx, "node", "--no-warnings", "run.mjs", string(l), base)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+authority)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return r, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	if err := cmd.Start(); err != nil {
		return r, err
	}
	last := ""
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		last = lines.Text()
		if last == "restart" {
			restart()
			_, _ = io.WriteString(stdin, "\n") // if it has ended, Wait says why
		}
	}
	if err := cmd.Wait(); err != nil {
		return r, fmt.Errorf("%s: %w: %s%s", l, err, last, &stderr)
	}
	if err := json.Unmarshal([]byte(last), &r); err != nil {
		return r, fmt.Errorf("%s: %w: %s", l, err, last)
	}
	return r, nil
}
