// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// A testResult is one request that was made as an account, through the transport of a
// site, and what came back.
type testResult struct {
	signin.Test

	// Site is the base URL of the site; empty where it is not known.
	Site string `json:"site,omitempty"`

	// Target is the path and the query.
	Target string `json:"target"`

	// Status is that of the response; 0 if there was none.
	Status int `json:"status,omitempty"`

	// Cause says that the proxy itself responded, and why.
	Cause apierror.Cause `json:"cause,omitempty"`

	// Retried says that the request was sent again with a refreshed token.
	Retried bool `json:"retried"`

	// Milliseconds is how long it took.
	Milliseconds int64 `json:"milliseconds"`

	// Beginning is the beginning of a response that is text.
	Beginning string `json:"beginning,omitempty"`

	content string // the kind of the response and its size
}

// testResults are the results for an account, one for each API that a site uses it for,
// and the account before and after the tests.
type testResults struct {
	Before  tokens.Status `json:"before"`
	After   tokens.Status `json:"after"`
	Results []testResult  `json:"trials"`
}

// testAccount makes one request as the account.
func testAccount(a *App, account *tokens.Account, r *http.Request) (any, error) {
	var in struct {
		Path string `json:"path"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if err := checkTarget(in.Path); err != nil {
		return nil, badRequest(err)
	}
	sites, err := a.sitesFor(account.Name(), in.Path)
	if err != nil {
		return nil, badRequest(err)
	}
	ctx, cancel := a.within(r.Context(), tokenTestLimit)
	defer cancel()
	result := testResults{Before: a.statusOf(account, r)}
	for _, h := range sites {
		result.Results = append(result.Results, h.testPath(ctx, account.Name(), in.Path))
	}
	result.After = a.statusOf(account, r)
	return result, nil
}

// checkTarget refuses what is not a path with a query.
func checkTarget(target string) error {
	if target == "" {
		return nil
	}
	u, err := url.ParseRequestURI(target)
	if err != nil || u.Host != "" || !strings.HasPrefix(target, "/") || strings.Contains(u.EscapedPath(), "/../") {
		return fmt.Errorf("path %q: expected the path of an API, such as %s", target, testTargets["onenote"])
	}
	return nil
}

// sitesFor returns the sites that the account is used at for that path, one for each
// API, or for any path if it is empty.
func (a *App) sitesFor(account, path string) ([]*Handler, error) {
	a.mu.Lock()
	all := slices.Clone(a.tests)
	a.mu.Unlock()
	slices.SortStableFunc(all, func(t, u tokenTest) int { return strings.Compare(t.api, u.api) })
	var sites []*Handler
	var prefixes []string
	for _, t := range all {
		if !t.serves(account) {
			continue
		}
		paths := t.site.roundTripper.proxy.Dialect.Paths()
		prefixes = append(prefixes, paths...)
		known := len(sites) > 0 && sites[len(sites)-1].upstream.url.Host == t.api
		if !known && (path == "" || slices.ContainsFunc(paths, func(prefix string) bool { return strings.HasPrefix(path, prefix) })) {
			sites = append(sites, t.site)
		}
	}
	switch {
	case len(prefixes) == 0:
		return nil, fmt.Errorf("no site uses the account %s: write account %s into the onenote directive of one", account, account)
	case len(sites) == 0:
		slices.Sort(prefixes)
		return nil, fmt.Errorf("path %s: no site of the account %s proxies it; expected a path that begins with %s", path, account, strings.Join(slices.Compact(prefixes), " or "))
	}
	return sites, nil
}

// testPath requests a path, or if it is empty the notebooks.
func (h *Handler) testPath(ctx context.Context, account, path string) testResult {
	target := path
	if target == "" {
		target = h.testTarget()
	}
	t := h.test(ctx, account, target)
	if len(h.site.bases) > 0 {
		t.Site = h.site.bases[0].String()
	}
	if path != "" && t.Status != 0 && t.Status < http.StatusBadRequest {
		t.Result = t.content
	}
	return t
}

// measure begins to measure the time, and returns what ends that.
func (t *testResult) measure() (end func()) {
	start := time.Now()
	return func() { t.Milliseconds = time.Since(start).Milliseconds() }
}

// maxTestBeginning is how much of a response is shown, in characters.
const maxTestBeginning = 300

// note keeps what is told of a response.
func (t *testResult) note(res *http.Response, body []byte) {
	t.Status = res.StatusCode
	t.Cause = apierror.Cause(res.Header.Get(apierror.Header))
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")) // "" where it says none
	t.content = contentOf(kind, body)
	if kind == "application/json" || strings.HasPrefix(kind, "text/") {
		t.Beginning = oneLine(string(bytes.TrimSpace(body)), maxTestBeginning)
	}
}

// contentOf says what a response is.
func contentOf(kind string, body []byte) string {
	var list struct {
		Value    []json.RawMessage `json:"value"`
		NextLink string            `json:"@odata.nextLink"`
	}
	if json.Unmarshal(body, &list) == nil && list.Value != nil {
		text := fmt.Sprintf("a list of %d", len(list.Value))
		if list.NextLink != "" {
			text += ", and more follow"
		}
		return text
	}
	kind = strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return -1
	}, kind)
	if kind == "" {
		kind = "unknown type"
	}
	size := fmt.Sprintf("%d bytes", len(body))
	if len(body) == maxTestBody {
		size = fmt.Sprintf("%d bytes or more", maxTestBody)
	}
	return kind + ", " + size
}
