// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	shellBlock    = regexp.MustCompile("(?ms)^ *```(?:sh|bat)\n(.*?)^ *```$")
	deployPath    = regexp.MustCompile(`\bdeploy[/\\][\w./\\-]*\w`)
	alertRow      = regexp.MustCompile(`(?m)^\| (OneNote\w+) \|`)
	alertRule     = regexp.MustCompile(`(?m)^ +- alert: (\w+)$`)
	testedAlert   = regexp.MustCompile(`(?m)^ +alertname: (\w+)$`)
	samplesForRun = []string{"../docs/desktop.md", "../docs/server.md", "../docs/sidecar.md", "../docs/interception.md"}
)

// deployFiles returns the text files in deploy.
func deployFiles(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir("../deploy", func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != ".env" {
			files = append(files, file)
		}
		return err
	})
	if err != nil || len(files) < 15 {
		t.Fatalf("deploy: got %q, %v", files, err)
	}
	return files
}

// What a document tells people to type to install stands in the file itself too, in
// the same words.
func TestDocumentsAndSamplesSayTheSameSteps(t *testing.T) {
	var samples strings.Builder
	for _, file := range deployFiles(t) {
		samples.WriteString(strings.ReplaceAll(read(t, file), "\r", ""))
	}
	checked := 0
	for _, doc := range samplesForRun {
		for _, block := range shellBlock.FindAllStringSubmatch(read(t, doc), -1) {
			for line := range strings.Lines(block[1]) {
				line = strings.TrimSpace(line)
				if !isStepOfSample(line) {
					continue
				}
				checked++
				if !strings.Contains(samples.String(), line) {
					t.Errorf("%s: no file in deploy says: %s", doc, line)
				}
			}
		}
	}
	if checked < 15 {
		t.Errorf("got %d steps, want at least 15", checked)
	}
}

// isStepOfSample reports whether a command is about a file in deploy, and not about the
// image, which has no document of its own.
func isStepOfSample(line string) bool {
	if strings.HasPrefix(line, "docker build") {
		return false
	}
	return strings.HasPrefix(line, "install ") || strings.Contains(line, "deploy") || strings.Contains(line, "ctl ")
}

func TestFilesOfDeployThatAreNamedExist(t *testing.T) {
	notThere := []string{"deploy/.env", "deploy/interception/.env", "deploy/interception/root.crt", "deploy/notes-app"} // the reader's file, and a Deployment
	for _, file := range append(documents(t), deployFiles(t)...) {
		for _, found := range deployPath.FindAllString(read(t, file), -1) {
			found = strings.ReplaceAll(found, `\`, "/")
			if _, err := os.Stat("../" + found); err != nil && !slices.Contains(notThere, found) {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func TestDocumentListsEachAlertAndEachIsTested(t *testing.T) {
	names := func(r *regexp.Regexp, file string) (list []string) {
		for _, found := range r.FindAllStringSubmatch(read(t, file), -1) {
			list = append(list, found[1])
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	rules := names(alertRule, "../deploy/prometheus/rules.yaml")
	if len(rules) < 5 {
		t.Fatalf("rules: got %q", rules)
	}
	for what, got := range map[string][]string{
		"docs/operating.md": names(alertRow, "../docs/operating.md"),
		"rules_test.yaml":   names(testedAlert, "../deploy/prometheus/rules_test.yaml"),
	} {
		if !slices.Equal(got, rules) {
			t.Errorf("%s: got %q, want %q", what, got, rules)
		}
	}
}

// A dashboard is what Grafana imports: JSON with panels of different ids that say
// what they show.
func TestDashboardHasPanels(t *testing.T) {
	var dashboard struct {
		Title  string
		Panels []struct {
			ID                       int
			Title, Description, Type string
			Targets                  []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "../deploy/grafana/dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	ids := make(map[int]bool)
	for _, p := range dashboard.Panels {
		if ids[p.ID] || p.Title == "" || p.Description == "" || p.Type == "" || len(p.Targets) == 0 {
			t.Errorf("got panel %+v, want an id of its own, a title, a description, a type and a query", p)
		}
		ids[p.ID] = true
	}
	if dashboard.Title == "" || len(ids) < 8 {
		t.Errorf("got %q with %d panels", dashboard.Title, len(ids))
	}
}

func TestPropertyListOfMacIsWellFormed(t *testing.T) {
	decoder := xml.NewDecoder(strings.NewReader(read(t, "../deploy/macos/com.github.caddy-onenote.plist")))
	var keys []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "key" {
			var key string
			if err := decoder.DecodeElement(&key, &start); err != nil {
				t.Fatal(err)
			}
			keys = append(keys, key)
		}
	}
	for _, key := range []string{"Label", "ProgramArguments", "RunAtLoad", "KeepAlive"} {
		if !slices.Contains(keys, key) {
			t.Errorf("got keys %q, want %s among them", keys, key)
		}
	}
}

func TestREADMEIsShort(t *testing.T) {
	if got := strings.Count(read(t, "../README.md"), "\n"); got > 200 {
		t.Errorf("README.md: got %d lines, want at most 200", got)
	}
}
