// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A crowd counts how many requests it has at once.
type crowd struct {
	now, most atomic.Int32
	open      chan struct{} // closed when all may go
}

func (c *crowd) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	n := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	<-c.open
	_, _ = io.WriteString(w, "{}")
}

func TestOnlySoManyRequestsAreSentAtOnce(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	c := &crowd{open: make(chan struct{})}
	api := httptest.NewServer(c)
	t.Cleanup(api.Close)
	s.mustLoad(s.config(importedAccount(m), "onenote "+api.URL+" {\nmax_concurrent 3\n}"))
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() { s.get(notebooks).want(t, 200, "") })
	}
	const waiting = `queued_requests{account="default"}`
	eventually(t, "nine requests that wait", func() bool { return s.metric(waiting) == "9" })
	if got := c.now.Load(); got != 3 {
		t.Errorf("got %d requests at the API, want 3", got)
	}
	close(c.open)
	group.Wait()
	if got := c.most.Load(); got != 3 {
		t.Errorf("got up to %d requests at once, want 3", got)
	}
	if got := s.metric(waiting); got != "0" {
		t.Errorf("got %s requests waiting in the end, want none", got)
	}
}

func TestThrottledAPI(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	for _, test := range []struct {
		name, options, fault string
		status               int
		retryAfter           string
		asked                int
	}{
		{"passed on", "", `"status":429,"times":1`, 429, "2", 1},
		{"passed on with the API's time", "", `"status":429,"times":1,"headers":{"Retry-After":"7"}`, 429, "7", 1},
		{"waited for", "max_wait 10s", `"status":429,"times":1,"headers":{"Retry-After":"0.1"}`, 200, "", 2},
		{"waited for, in another status", "max_wait 10s", `"status":403,"times":1,"headers":{"Retry-After":"0.1","Content-Type":"application/json"},"body":"{\"error\":{\"code\":\"20166\"}}"`, 200, "", 2},
		{"not to be waited for", "max_wait 0", `"status":429,"times":1,"headers":{"Retry-After":"1"}`, 429, "1", 1},
		{"not waited for", "max_wait 1s", `"status":503,"times":1,"headers":{"Retry-After":"20"}`, 503, "20", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.mustLoad(s.plain(m, test.options))
			before := len(m.requests(notebooks))
			m.control("POST", "faults", `{"method":"GET","path":"`+notebooks+`",`+test.fault+`}`)
			res := s.get(notebooks)
			if got := res.Header.Get("Retry-After"); res.StatusCode != test.status || got != test.retryAfter {
				t.Errorf("got %s with Retry-After %q, want %d with %q", res.Status, got, test.status, test.retryAfter)
			}
			if got := len(m.requests(notebooks)) - before; got != test.asked {
				t.Errorf("got %d requests at the API, want %d", got, test.asked)
			}
		})
	}
	if got, _ := strconv.Atoi(s.metric(`throttled_total{account="default"}`)); got < 5 {
		t.Errorf("got %d throttled responses counted, want 5", got)
	}
}

// The API has asked for a pause; while it lasts, requests get a response at once.
func TestPauseOfTheAPIIsTold(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m, "max_concurrent 5"))
	m.control("POST", "faults", `{"method":"GET","path":"`+notebooks+`","status":429,"times":1,"headers":{"Retry-After":"30"}}`)
	s.get(notebooks)
	res := s.get(notebooks)
	res.want(t, 429, "throttled")
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || seconds < 20 || seconds > 30 {
		t.Errorf("got Retry-After %q, want what is left of 30 seconds", res.Header.Get("Retry-After"))
	}
	if got := len(m.requests(notebooks)); got != 1 {
		t.Errorf("got %d requests at the API, want none in the pause", got)
	}
}

func TestLoopOfFailingCallsIsBraked(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	other := freePort(t)
	s.mustLoad(s.plain(m) + "\nhttp://127.0.0.1:" + other + " {\nonenote " + m.url + "\n}\n")
	const path = "/api/v1.0/me/notes/pages/0-0!1-0!2"
	begun := time.Now()
	var first, last response
	for i := range 60 {
		last = s.get(path)
		if i == 0 {
			first = last
		}
	}
	if last.StatusCode != 404 || last.body != first.body || last.Header.Get("Content-Type") != first.Header.Get("Content-Type") {
		t.Errorf("got %s %q, want the API's own %q", last.Status, last.body, first.body)
	}
	allowed := 5 + 2*(1+int(time.Since(begun)/time.Second))
	if got := len(m.requests(path)); got < 6 || got > allowed {
		t.Errorf("got %d of 60 calls at the API, want at most %d", got, allowed)
	}
	if s.metric(`braked_total{account="default"}`) == "" {
		t.Error("calls that were not sent are not counted")
	}
	if got := s.metric(`requests_total{account="default",outcome="upstream_error"}`); got != "60" {
		t.Errorf("%s requests are counted by their outcome, want 60", got)
	}
	res, err := http.Post("http://127.0.0.1:"+other+"/api/v1.0/me/notes/notebooks", "application/json", strings.NewReader(`{"name":"new"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 201 {
		t.Fatalf("a write at another site: got %s", res.Status)
	}
	before := len(m.requests(path))
	s.get(path)
	if got := len(m.requests(path)); got != before+1 {
		t.Error("a write at another site of the account did not end the loop")
	}
}

func TestPictureIsAskedForOnce(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m, "images local"))
	found := imageURL.FindStringSubmatch(s.get(s.firstPage()).body)
	if found == nil {
		t.Fatal("the page has no picture")
	}
	picture := strings.TrimPrefix(html.UnescapeString(found[1]), s.url)
	want := s.get(picture)
	const pictures = "/api/v1.0/me/notes/resources/"
	before := len(m.requests(pictures))
	m.control("POST", "faults", `{"method":"GET","path":"*/resources/*","times":1,"delay":"1s"}`)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got := s.get(picture); got.StatusCode != 200 || got.body != want.body || got.Header.Get("X-ResourceExpires") == "" {
				t.Errorf("got %s with %d bytes, want the picture of %d", got.Status, len(got.body), len(want.body))
			}
		})
	}
	group.Wait()
	if got := len(m.requests(pictures)) - before; got != 1 {
		t.Errorf("got %d requests at the API, want 1", got)
	}
}
