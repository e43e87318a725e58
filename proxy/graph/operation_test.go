// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package graph_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	copyTarget = "/api/v1.0/me/notes/pages/" + pageID + "/copyToSection"
	copySource = appBase + "/api/v1.0/me/notes/pages/" + pageID
	newPage    = "0-fedcba9876543210fedcba9876543210!2-752C1AAF7737895C!500"
)

// beginCopy asks for a copy and returns the addresses in the response.
func (s *graphSite) beginCopy(header ...string) (location, operation, body string) {
	s.t.Helper()
	s.respond = always(202, `{"id":"1","status":"not started"}`, append(header, "Content-Type", "application/json")...)
	res, body := s.send("POST", copyTarget, `{"id":"1"}`, "Content-Type", "application/json")
	if res.StatusCode != 202 {
		s.t.Errorf("got %d, want 202", res.StatusCode)
	}
	return res.Header.Get("Location"), res.Header.Get("Operation-Location"), body
}

// Graph announces a copy in three ways. The app always gets both addresses.
func TestCopyHasBothAddresses(t *testing.T) {
	const operations = graphBase + "/beta/users/a@b.example/onenote/operations/copy-1"
	const shown = appBase + "/api/v1.0/users/a@b.example/notes/operations/copy-1"
	for _, tt := range []struct {
		name                string
		header              []string
		location, operation string
	}{
		{"Operation-Location", []string{"Operation-Location", operations}, copySource, shown},
		{"both", []string{"Operation-Location", operations, "Location", graphBase + "/v1.0/me/onenote/pages/1-2"}, appBase + "/api/v1.0/me/notes/pages/1-2", shown},
		{"an operation in Location", []string{"Location", operations}, copySource, shown},
		{"the copy in Location", []string{"Location", graphBase + "/v1.0/me/onenote/pages/" + newPage}, appBase + "/api/v1.0/me/notes/pages/" + newPage, appBase + "/api/v1.0/me/notes/operations/copied-"},
		{"the copy in a relative Location", []string{"Location", "/v1.0/me/onenote/pages/" + newPage}, appBase + "/api/v1.0/me/notes/pages/" + newPage, appBase + "/api/v1.0/me/notes/operations/copied-"},
		{"nothing", nil, "", ""},
		{"an address elsewhere", []string{"Location", "https://evil.example/v1.0/me/onenote/pages/1"}, "https://evil.example/v1.0/me/onenote/pages/1", ""},
		{"what is no note", []string{"Location", graphBase + "/v1.0/me/messages"}, graphBase + "/v1.0/me/messages", ""},
		{"a collection", []string{"Location", graphBase + "/v1.0/me/onenote/pages"}, appBase + "/api/v1.0/me/notes/pages", ""},
		{"bytes", []string{"Location", graphBase + "/v1.0/me/onenote/resources/1/$value"}, appBase + "/api/v1.0/me/notes/resources/1/$value", ""},
	} {
		s := newGraphSite(t, nil)
		location, operation, _ := s.beginCopy(tt.header...)
		if location != tt.location || !strings.HasPrefix(operation, tt.operation) || (operation == "") != (tt.operation == "") {
			t.Errorf("%s: got\n%q and\n%q, want\n%q and\n%q", tt.name, location, operation, tt.location, tt.operation)
		}
		if request, _ := s.last(); request != "POST /beta/me/onenote/pages/"+pageOnGo+"/copyToSection" {
			t.Errorf("%s: got %s, want it at beta", tt.name, request)
		}
	}
}

// An operation of ours says how far Graph is, whichever process is asked.
func TestOperationFollowsTheCopy(t *testing.T) {
	s := newGraphSite(t, nil)
	_, operation, body := s.beginCopy("Location", graphBase+"/beta/users('a@b.example')/onenote/pages/"+newPage)
	if !strings.Contains(body, `"status":"not started"`) || !strings.Contains(body, `"id":"copied-`) {
		t.Errorf("got %s", body)
	}
	target := strings.TrimPrefix(operation, appBase)
	const completed = `"status":"completed","createdDateTime":"2026-11-29T12:00:00Z","percentComplete":"100","resourceLocation":"` + appBase +
		"/api/v1.0/users/a@b.example/notes/pages/" + newPage + `","resourceId":"` + newPage + `"}`
	for _, tt := range []struct {
		after    time.Duration
		response func(*http.Request, string) *http.Response
		status   int
		want     string
	}{
		{0, always(404, `{"error":{"code":"20102"}}`), 200, `"status":"running"`},
		{time.Minute, always(503, ""), 200, `"status":"running"`},
		{2 * time.Minute, always(200, `{"id":"x"}`, "Content-Type", "application/json"), 200, completed},
		{16 * time.Minute, always(404, ""), 200, `"status":"failed"`},
		{16 * time.Minute, always(503, ""), 200, `"status":"running"`},
		{time.Hour, always(200, `<html>`, "Content-Type", "text/html"), 200, completed},
		{time.Hour, always(429, ``), 429, `{"error":{"code":"`},
		{time.Hour, always(401, ``), 401, `{"error":{"code":"`},
	} {
		s.clock = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC).Add(tt.after)
		s.respond = tt.response
		res, body := s.send("GET", target, "")
		if res.StatusCode != tt.status || !strings.Contains(body, tt.want) || res.Header.Get("Content-Type") != "application/json" {
			t.Errorf("after %v: got %d %s, want %d and %s", tt.after, res.StatusCode, body, tt.status, tt.want)
		}
		if request, _ := s.last(); request != "GET /v1.0/users/a@b.example/onenote/pages/"+strings.ReplaceAll(newPage, "!", "%21") {
			t.Errorf("after %v: got %s", tt.after, request)
		}
	}
}

// An operation that is not of ours, or of another account, is Graph's to know.
func TestForeignOperationIsAskedOfGraph(t *testing.T) {
	s := newGraphSite(t, nil)
	_, operation, _ := s.beginCopy("Location", graphBase+"/v1.0/me/onenote/pages/"+newPage)
	target := strings.TrimPrefix(operation, appBase)
	s.respond = always(404, "")
	for name, change := range map[string]func(*graphSite) string{
		"another account":   func(s *graphSite) string { s.account = "bert"; return target },
		"another key":       func(s *graphSite) string { s.key = bytes.Repeat([]byte{8}, 32); return target },
		"another path":      func(s *graphSite) string { return strings.Replace(target, "-L3", "-L4", 1) },
		"another time":      func(s *graphSite) string { return strings.Replace(target, "copied-1", "copied-2", 1) },
		"another root":      func(s *graphSite) string { return strings.Replace(target, "copied-", "copied", 1) },
		"no signature":      func(s *graphSite) string { return target[:strings.LastIndex(target, ".")] },
		"a short signature": func(s *graphSite) string { return target[:len(target)-1] },
	} {
		changed := newGraphSite(t, s.respond)
		res, _ := changed.send("GET", change(changed), "")
		request, _ := changed.last()
		if res.StatusCode != 404 || !strings.HasPrefix(request, "GET /v1.0/me/onenote/operations/copied") {
			t.Errorf("%s: got %d for %s, want Graph's 404 for the operation", name, res.StatusCode, request)
		}
	}
}

// Apps wait for a status, which an entity does not have.
func TestPollThatYieldsTheEntityIsCompleted(t *testing.T) {
	s := newGraphSite(t, always(200, `{"id":"`+newPage+`","title":"t","createdDateTime":"x","self":"`+graphBase+`/v1.0/users/a@b.example/onenote/pages/`+newPage+`"}`, "Content-Type", "application/json"))
	_, body := s.send("GET", "/api/v1.0/me/notes/operations/copy-1", "")
	want := `{"id":"copy-1","status":"completed","createdDateTime":"x","percentComplete":"100","resourceLocation":"` + appBase +
		`/api/v1.0/users/a@b.example/notes/pages/` + newPage + `","resourceId":"` + newPage + `"}`
	if body != want {
		t.Errorf("got\n%s\nwant\n%s", body, want)
	}
}

// The operations of Graph keep their names; their status is written as the OneNote API
// does.
func TestOperationOfGraph(t *testing.T) {
	s := newGraphSite(t, always(200, `{"id":"copy-1","status":"NotStarted","createdDateTime":"2026-11-29T12:00:00Z","lastActionDateTime":"x","resourceLocation":"`+graphBase+`/v1.0/me/onenote/pages/1-2"}`, "Content-Type", "application/json"))
	_, body := s.send("GET", "/api/v1.0/me/notes/operations/copy-1", "")
	want := `{"id":"copy-1","status":"not started","createdDateTime":"2026-11-29T12:00:00Z","lastActionDateTime":"x","resourceLocation":"` + appBase + `/api/v1.0/me/notes/pages/1-2"}`
	if body != want {
		t.Errorf("got\n%s\nwant\n%s", body, want)
	}
}
