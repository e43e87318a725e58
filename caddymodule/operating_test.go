// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"

	"github.com/caddy-onenote/caddy-onenote/guard"
)

// metric returns the value of a series at the admin endpoint, or nothing.
func (s *caddyServer) metric(series string) string {
	s.t.Helper()
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta("caddy_onenote_"+series) + ` (\S+)$`).
		FindStringSubmatch(s.adminDo("GET", "/metrics", "").body)
	if found == nil {
		return ""
	}
	return found[1]
}

func TestMetricsKeepCountingAfterReload(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	account := importedAccount(m) + "\naccount counted"
	s.mustLoad(s.config(account, "onenote "+m.url))
	for _, gauge := range []string{`queued_requests{account="counted"}`, `account_state{account="counted",state="refused"}`} {
		eventually(t, gauge+" to be 0 before the first request", func() bool { return s.metric(gauge) == "0" })
	}
	s.get(notebooks).want(t, 200, "")
	m.control("POST", "tokens/revoke", `{"kind":"access"}`)
	s.mustLoad(s.config(account, "onenote "+m.url, "debug"))
	s.get(notebooks).want(t, 200, "")
	s.get("/api/v1.0/me/notes/nothing").want(t, 404, "")
	s.get(notebooks, "Host", "evil.example").want(t, 403, "forbidden_host")
	for series, want := range map[string]string{
		`requests_total{account="counted",outcome="ok"}`:             "2",
		`requests_total{account="counted",outcome="upstream_error"}`: "1",
		`retries_total{account="counted",result="ok"}`:               "1",
		`refreshes_total{account="counted",result="ok"}`:             "2",
		`refresh_seconds_count{account="counted"}`:                   "2",
		`account_state{account="counted",state="ready"}`:             "1",
		`account_state{account="counted",state="signin_required"}`:   "0",
	} {
		if got := s.metric(series); got != want {
			t.Errorf("%s: got %q, want %s", series, got, want)
		}
	}
	for _, series := range []string{
		`requests_total{account="",outcome="forbidden_host"}`,
		`access_token_expires_timestamp_seconds{account="counted"}`,
		`refresh_token_obtained_timestamp_seconds{account="counted"}`,
		`rewritten_pages_total`,
		`rewritten_urls_total{kind="link"}`,
	} {
		if got := s.metric(series); got == "" || got == "0" {
			t.Errorf("%s: got %q, want a value", series, got)
		}
	}
	metrics.throttled.WithLabelValues("counted").Inc()
	metrics.queued.WithLabelValues("counted").Inc()
	s.mustLoad(s.config(strings.Replace(account, "counted", "renamed", 1), "onenote "+m.url))
	for line := range strings.SplitSeq(s.adminDo("GET", "/metrics", "").body, "\n") {
		if strings.Contains(line, `account="counted"`) {
			t.Errorf("an account that is configured no more still has a series: %s", line)
		}
	}
}

// heardEvents is where the test's event handler puts what it hears.
var heardEvents struct {
	mu   sync.Mutex
	list []string
}

// eventRecorder is an event handler module.
type eventRecorder struct{}

func (eventRecorder) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.onenote_test", New: func() caddy.Module { return new(eventRecorder) }}
}

func (*eventRecorder) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }

func (*eventRecorder) Handle(_ context.Context, e caddy.Event) error {
	heardEvents.mu.Lock()
	defer heardEvents.mu.Unlock()
	heardEvents.list = append(heardEvents.list, fmt.Sprintf("%s %v %v %v %v", e.Name(), e.Data["account"], e.Data["class"], e.Data["from"], e.Data["to"]))
	return nil
}

func init() { caddy.RegisterModule(eventRecorder{}) }

func heard() []string {
	heardEvents.mu.Lock()
	defer heardEvents.mu.Unlock()
	return append([]string(nil), heardEvents.list...)
}

var _ caddyevents.Handler = (*eventRecorder)(nil)

func TestAccountChangesEmitEvents(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url, `events {
		on onenote.signed_in onenote_test
		on onenote.signed_out onenote_test
		on onenote.state_changed onenote_test
		on onenote.refresh_failed onenote_test
	}`))
	s.signIn(browser(), "default", "someone@outlook.com")
	s.get(notebooks).want(t, 200, "")
	m.control("POST", "tokens/revoke", `{"kind":"all"}`)
	s.get(notebooks).want(t, 401, "signin_required")
	s.adminDo("DELETE", "/onenote/accounts/default", "")
	// The events of one change come one after the other: the last of them ends the wait.
	eventually(t, "the sign-out is heard", func() bool {
		events := strings.Join(heard(), "\n")
		return strings.Contains(events, "onenote.signed_out") && strings.Contains(events, "signin_required signed_out")
	})
	got := strings.Join(heard(), "\n")
	for _, want := range []string{
		"onenote.signed_in default",
		"onenote.state_changed default  signing_in ready",
		"onenote.refresh_failed default signin_required",
		"onenote.state_changed default signin_required ready signin_required",
		"onenote.state_changed default  signin_required signed_out",
		"onenote.signed_out default",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("events: got\n%s\nwant %s", got, want)
		}
	}
	if strings.Index(got, "onenote.signed_in") > strings.Index(got, "onenote.signed_out") {
		t.Errorf("events are out of order:\n%s", got)
	}
}

func TestReadyzWaitsForSignIn(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url))
	if res := s.get("/readyz"); res.StatusCode != 503 || !strings.Contains(res.body, `"state":"signed_out"`) {
		t.Errorf("before: got %s %s", res.Status, res.body)
	}
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if res, err := s.try("GET", "/readyz?wait=60s", ""); err != nil || res.StatusCode != 200 {
			t.Errorf("waiting: got %v, %v", res.Response, err)
		}
	})
	eventually(t, "somebody waits", func() bool { return len(runningApp(t).waiters) == 1 })
	s.signIn(browser(), "default", "someone@outlook.com")
	waiting.Wait()
	for query, want := range map[string]int{
		"?wait=61s": 400, "?wait=soon": 400, "?wait=-1": 400, "?wait=0": 200, "?wait=1": 200, "?account=nobody": 503, "?account=default": 200,
	} {
		if res := s.get("/readyz" + query); res.StatusCode != want {
			t.Errorf("%s: got %s %s, want %d", query, res.Status, res.body, want)
		}
	}
}

// runningApp returns the app of the running configuration.
func runningApp(t *testing.T) *App {
	t.Helper()
	mod, err := caddy.ActiveContext().AppIfConfigured("onenote")
	if err != nil {
		t.Fatal(err)
	}
	return mod.(*App)
}

// Waiting costs a place, and there are only so many: who finds none is
// gets a response at once.
func TestWaitingProbesAreBounded(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url))
	app := runningApp(t)
	for range maxWaiters {
		if !app.mayWait() {
			t.Fatal("a place is taken already")
		}
	}
	if res := s.get("/readyz?wait=60s"); res.StatusCode != 503 {
		t.Errorf("got %s, want a response at once", res.Status)
	}
	<-app.waiters
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	app.readyWithin(ctx, maxWait, "")
	if got := len(app.waiters); got != maxWaiters-1 {
		t.Errorf("places taken after a waiter left: got %d, want %d", got, maxWaiters-1)
	}
}

// Those who wait under a configuration that ends get a response and are not left
// behind.
func TestWaitingProbeEndsWithConfiguration(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	config := s.config("client_id test\nauthority "+m.url, "onenote "+m.url)
	s.mustLoad(config)
	app := runningApp(t)
	results := make(chan readiness)
	go func() { results <- app.readyWithin(t.Context(), maxWait, "") }()
	eventually(t, "somebody waits", func() bool { return len(app.waiters) == 1 })
	s.mustLoad(config + "\n# another\n")
	if got := <-results; got.Ready {
		t.Error("got ready, want not ready")
	}
}

func TestRemoteProbeLearnsOnlyYesOrNo(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url))
	h := &site{app: runningApp(t)}
	for _, path := range []string{"/readyz", "/readyz?account=default", "/readyz?account=guess", "/readyz?wait=60s"} {
		rec := httptest.NewRecorder()
		h.serveProbe(rec, httptest.NewRequest("GET", path, nil), &guard.Route{Kind: guard.Probe, Stranger: true})
		if got := strings.TrimSpace(rec.Body.String()); got != `{"ready":false}` {
			t.Errorf("%s: got %s", path, got)
		}
	}
}

func TestChangeWakesEachWaiterOnce(t *testing.T) {
	var c changes
	c.announce() // nobody waits
	first, second := c.wait(), c.wait()
	c.announce()
	<-first
	<-second
	select {
	case <-c.wait():
		t.Error("a new waiter is woken by an old change")
	default:
	}
}
