// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/proxy/graph"
)

// none stands in testdata/urls.txt for what is not mapped.
const none = "-"

// testdata/urls.txt has the URLs of all published samples of both APIs: the URL, what
// it is in the other API, and what that is in the first one again.
func TestURLsOfTheSamplesAreMapped(t *testing.T) {
	text, err := os.ReadFile("testdata/urls.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		url, want, _ := strings.Cut(line, "\t")
		n++
		if got := mapSample(url); got != want {
			t.Errorf("%s:\ngot  %q\nwant %q", url, got, want)
		}
	}
	if n < 200 {
		t.Errorf("got %d URLs, want all of the samples", n)
	}
}

// mapSample returns what a URL is in the other API and, behind a tab, that back again.
// A context is always mapped to the OneNote API, where its own ones stay as they are.
func mapSample(url string) string {
	m := &graph.Mapper{Sites: graph.NewSites("tenant.sharepoint.com")}
	if _, context, ok := strings.Cut(url, "/$metadata"); ok {
		return orNone(m.ContextToLegacy("$metadata" + context))
	}
	url, query, _ := strings.Cut(url, "?")
	if q, err := graph.TranslateQuery(query, graph.Target{Route: graph.Resource}); err != nil || q.Raw != "" {
		return "the query: " + q.Raw // only resources have one
	}
	if path, ok := strings.CutPrefix(url, "https://graph.microsoft.com"); ok {
		legacy, ok := m.ToLegacy(path)
		if !ok {
			return none
		}
		return legacy + "\t" + toGraph(m, legacy)
	}
	_, path, _ := strings.Cut(url, "www.onenote.com")
	there := toGraph(m, path)
	if !strings.HasPrefix(there, "/") {
		return there
	}
	return there + "\t" + orNone(m.ToLegacy(there))
}

func toGraph(m *graph.Mapper, path string) string {
	target, err := m.ToGraph(http.MethodGet, path)
	if err != nil && strings.Contains(err.Message, "GET of") {
		target, err = m.ToGraph(http.MethodPost, path)
	}
	switch {
	case err != nil && err.Cause == apierror.NotTranslatable:
		return none
	case err != nil:
		return err.Error()
	case target.Route == graph.Batch:
		return "batch"
	}
	return target.Path
}

func orNone(s string, ok bool) string {
	if !ok {
		return none
	}
	return s
}
