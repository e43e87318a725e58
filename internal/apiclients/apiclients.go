// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package apiclients runs published clients of the OneNote API, from npm, in
// tests. For each client there is a script that uses it as apps do and reports
// what it got.
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

// A Client is the npm name of a client.
type Client string

const (
	// OneNoteAPI is the last version of Microsoft's own client of the API at
	// www.onenote.com.
	OneNoteAPI Client = "onenoteapi"

	// Graph is Microsoft's client of Microsoft Graph. It follows only links
	// that begin with https, and takes an http URL for a path. It sends the
	// token in the environment variable ACCESS_TOKEN, or else one that no API
	// knows.
	Graph Client = "@microsoft/microsoft-graph-client"
)

// A Report is what a script got.
type Report struct {
	Notebooks []string // names in the list of notebooks
	Self      string   // name of the first one, asked for at its self link
	Expanded  int      // sections in the list of notebooks
	Recipes   []string // titles in the longest section, a few at a time
	Page      string   // HTML of the page with pictures
	Content   string   // HTML of a page that was made, and then changed
	Batched   []string // titles of pages that were made by a batch
	Searched  Search   // for those pages
	Missing   int      // status of a request for something that does not exist
	Addresses []string // URLs in the responses
}

// A Search is what a search for pages got.
type Search struct {
	Found   []string // their titles
	Failure int      // the status, where it was refused
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
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s%s", c, err, stdout, &stderr)
	}
	if err := json.Unmarshal(stdout, &r); err != nil {
		t.Fatalf("%s: %v: %s", c, err, stdout)
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
// base. When the script is done, the page has window.report, a Report, or
// window.failure, a text.
func OneNotePageURL(origin, base string) string {
	return origin + "/page.html?base=" + url.QueryEscape(base)
}

func (c Client) need(t testing.TB, folder string) {
	t.Helper()
	needs.File(t, folder+"/node_modules/"+string(c)+"/package.json", "run npm ci in internal/apiclients")
}
