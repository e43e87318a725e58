// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package apiclients runs clients of the OneNote API that others wrote, as npm
// has them, for tests. For each there is a script that does with it what apps
// do, and reports what it got.
package apiclients

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/internal/needs"
)

// A Client is a client, as npm names it.
type Client string

const (
	// OneNoteAPI is Microsoft's own client of the API at www.onenote.com, in
	// its last version.
	OneNoteAPI Client = "onenoteapi"

	// Graph is Microsoft's client of Microsoft Graph. It follows links only
	// where they begin with https: to it, an http URL is a path.
	Graph Client = "@microsoft/microsoft-graph-client"
)

// A Report is what a script did.
type Report struct {
	Notebooks []string // names in the list of notebooks
	Self      string   // name of the first one, asked for at its self link
	Expanded  int      // sections in the list of notebooks
	Recipes   []string // titles in the longest section, a few at a time
	Page      string   // HTML of the page with pictures
	Content   string   // HTML of a page that was made, and then changed
	Batched   []string // titles of pages that were made by a batch
	Missing   int      // status of what does not exist
	Addresses []string // that the answers led to
}

// RunInNode runs the client's script in Node against the API at base, which
// has no slash at its end. The folder is this package's, relative to the
// test's. The test is skipped where Node or the client is not installed.
func (c Client) RunInNode(t testing.TB, folder, base string) (r Report) {
	t.Helper()
	node := needs.Program(t, "node")
	c.need(t, folder)
	cmd := exec.CommandContext(t.Context(), node, "--no-warnings", "run.mjs", string(c), base)
	cmd.Dir = folder
	var complaints strings.Builder
	cmd.Stderr = &complaints
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s%s", c, err, said, &complaints)
	}
	if err := json.Unmarshal(said, &r); err != nil {
		t.Fatalf("%s: %v: %s", c, err, said)
	}
	return r
}

// OneNotePage serves a web page that runs the script of OneNoteAPI in the
// browser that opens it; see OneNotePageURL. The test is skipped where the
// client is not installed.
func OneNotePage(t testing.TB, folder string) http.Handler {
	t.Helper()
	OneNoteAPI.need(t, folder)
	return http.FileServer(http.Dir(folder))
}

// OneNotePageURL returns the URL of that page, served at origin, for the API at
// base. In the end the page has window.report, a Report, or window.failure, a
// text.
func OneNotePageURL(origin, base string) string {
	return origin + "/page.html?base=" + url.QueryEscape(base)
}

func (c Client) need(t testing.TB, folder string) {
	t.Helper()
	needs.File(t, folder+"/node_modules/"+string(c)+"/package.json", "run npm ci in internal/apiclients")
}
