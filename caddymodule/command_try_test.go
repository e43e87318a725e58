// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestCommandTryMakesOneRequestAndSaysWhatHappened(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m)+"\naccount home\naccount work {\nrefresh_token none-of-mine\n}\naccount idle",
		"@work header X-Work *\nonenote @work "+m.url+" {\naccount work\n}\nonenote "+m.url+" {\naccount home\n}"))
	run := func(args ...string) ran {
		return caddyOneNote(nil, append([]string{"try", "--address", s.admin}, args...)...)
	}
	run("--account", "home").want(t, 0, "account home: ", "token: refreshed, valid until", "site: "+s.url+", in front of "+strings.TrimPrefix(m.url, "http://"),
		"request: GET "+notebooks, "response: status 200, after ", "result: 2 notebooks", `"value":[{"`)
	run("--account", "home", "/api/v1.0/me/notes/pages?top=3").want(t, 0, "token: valid until", "result: a list of 3, and more follow")
	run("--account", "home", "/api/v1.0/me/notes/nothing").want(t, exitFailed, "response: status 4", "result: the API responded with status 4")
	run("--account", "home", "/auth/status").want(t, exitFailed, "no site of the account home proxies it; expected a path that begins with /api/")
	run("--account", "home", "api/v1.0").want(t, exitFailed, `path "api/v1.0": expected the path of an API`)
	run("--account", "idle").want(t, exitFailed, "no site uses the account idle: write account idle")
	run("--account", "work").want(t, exitSigninRequired, "token: there is none", "of the proxy itself (signin_required)", "caddy onenote signin work")
	run().want(t, exitUsage, "there are several accounts (home, idle, work)")

	seen := len(m.requests(notebooks))
	m.control("POST", "tokens/expire", `{"kind":"access"}`)
	run("--account", "home").want(t, 0, "token: refreshed", "the second time: the API refused the first token", "2 notebooks")
	if got := len(m.requests(notebooks)) - seen; got != 2 {
		t.Errorf("requests to the API: got %d, want 2: refused, and sent again", got)
	}
	m.control("POST", "faults", `{"path":"/api/*","cut":0}`)
	run("--account", "home").want(t, exitFailed, "response: none", "the API could not be reached")
}

func TestCommandTryDoesNotCountAsRequestOfAnApp(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	before := s.adminDo("GET", "/metrics", "").body
	caddyOneNote(nil, "try", "--address", s.admin).want(t, 0, "2 notebooks")
	after := s.adminDo("GET", "/metrics", "").body
	const name = `caddy_onenote_requests_total{account="default",outcome="ok"}`
	if got, want := metricLine(after, name), metricLine(before, name); got != want {
		t.Errorf("got %q, want %q as before", got, want)
	}
}

// metricLine returns the line of a metric, or "".
func metricLine(page, name string) string {
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, name) {
			return line
		}
	}
	return ""
}

// With local pictures, a page is rewritten for the site as for an app.
func TestCommandTryShowsPageAsAppsGetIt(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m, "images local"))
	var list struct {
		Value []struct {
			ContentURL string `json:"contentUrl"`
		} `json:"value"`
	}
	if err := json.Unmarshal([]byte(s.get("/api/v1.0/me/notes/pages?top=1").body), &list); err != nil || len(list.Value) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	path := strings.TrimPrefix(list.Value[0].ContentURL, s.url)
	res := s.adminDo(http.MethodPost, "/onenote/accounts/default/try", `{"path":"`+path+`"}`)
	if res.StatusCode != http.StatusOK || !strings.Contains(res.body, `"result":"text/html, `) {
		t.Errorf("got %d %s, want a page", res.StatusCode, res.body)
	}
}
