// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// A hook is a webhook that keeps what it was told.
type hook struct {
	*httptest.Server

	mu     sync.Mutex
	status int // of its responses
	asked  int
	told   []map[string]string
}

func startHook(t *testing.T) *hook {
	h := &hook{status: http.StatusNoContent}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	var n map[string]string
	if err := json.NewDecoder(r.Body).Decode(&n); err == nil && h.status < 300 && r.Method == "POST" && r.Header.Get("Content-Type") == "application/json" {
		h.told = append(h.told, n)
	}
	w.WriteHeader(h.status)
}

func (h *hook) respond(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

func (h *hook) times() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// changes returns what the hook was told, as "account from to".
func (h *hook) changes() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for _, n := range h.told {
		all = append(all, n["account"]+" "+n["from"]+" "+n["to"])
	}
	return all
}

func notifying(m *microsoft, options string) string {
	return "client_id test\nauthority " + m.url + "\nnotify {\n" + options + "\n}"
}

func TestWebhookIsToldOfEachChangeOfState(t *testing.T) {
	m, s, h := startMicrosoft(t), newServer(t), startHook(t)
	t.Setenv("ONENOTE_TEST_HOOK", h.URL+"/canary-in-the-path")
	s.mustLoad(s.config(notifying(m, "webhook {env.ONENOTE_TEST_HOOK}"), "onenote "+m.url))
	s.signIn(browser(), "default", "someone@outlook.com")
	s.get(notebooks).want(t, 200, "")
	m.control("POST", "tokens/revoke", `{"kind":"all"}`)
	s.get(notebooks).want(t, 401, "signin_required")
	eventually(t, "the webhook is told that a sign-in is needed", func() bool {
		return slices.Contains(h.changes(), "default ready signin_required")
	})
	h.mu.Lock()
	last := h.told[len(h.told)-1]
	h.mu.Unlock()
	if _, err := time.Parse(time.RFC3339, last["at"]); err != nil || !strings.HasSuffix(last["at"], "Z") {
		t.Errorf("at: got %q, want RFC 3339 in UTC", last["at"])
	}
	if last["class"] != "signin_required" || last["code"] == "" || !strings.Contains(last["message"], s.url+"/auth/default/signin") || len(last) != 7 {
		t.Errorf("got %v, want class, code and a message with the address to open", last)
	}
	s.adminDo("DELETE", "/onenote/accounts/default", "")
	eventually(t, "the webhook is told of the sign-out", func() bool {
		return slices.Contains(h.changes(), "default signin_required signed_out")
	})
	if strings.Contains(s.log(), "canary-in-the-path") {
		t.Error("the address of the webhook is in the log")
	}
}

func TestWebhookThatIsDownHoldsNothingUp(t *testing.T) {
	m, s, h := startMicrosoft(t), newServer(t), startHook(t)
	h.respond(http.StatusServiceUnavailable)
	config := s.config(notifying(m, "webhook "+h.URL+"/secret-path"), "onenote "+m.url)
	s.mustLoad(config)
	s.signIn(browser(), "default", "someone@outlook.com")
	s.get(notebooks).want(t, 200, "")
	eventually(t, "the webhook fails", func() bool { return h.times() > 0 })
	eventually(t, "that is logged", func() bool { return strings.Contains(s.log(), "was not delivered") })
	if log := s.log(); strings.Contains(log, "secret-path") || !strings.Contains(log, "status 503") {
		t.Errorf("log: got the address, or no status:\n%s", log)
	}
	h.respond(http.StatusOK)
	s.mustLoad(config + "\n# another\n") // and what was not delivered outlives a reload
	eventually(t, "the newest state is told", func() bool { return len(h.changes()) > 0 })
	if got := h.changes(); !slices.Equal(got, []string{"default signing_in ready"}) {
		t.Errorf("got %q, want the newest state once", got)
	}
}

func TestReloadTellsNothingTwice(t *testing.T) {
	m, s, h := startMicrosoft(t), newServer(t), startHook(t)
	config := s.config(notifying(m, "webhook "+h.URL), "onenote "+m.url)
	s.mustLoad(config)
	s.signIn(browser(), "default", "someone@outlook.com")
	want := []string{"default signed_out signing_in", "default signing_in ready"}
	eventually(t, "the sign-in is told", func() bool { return slices.Contains(h.changes(), want[1]) })
	for i := range 3 {
		s.mustLoad(config + fmt.Sprintf("\n# %d\n", i))
		s.get(notebooks).want(t, 200, "")
	}
	s.adminDo("DELETE", "/onenote/accounts/default", "")
	want = append(want, "default ready signed_out")
	eventually(t, "the sign-out is told", func() bool { return slices.Contains(h.changes(), want[2]) })
	got := h.changes()
	if got[0] != want[0] { // it was replaced before it was sent
		want = want[1:]
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOutboxKeepsTheNewestNoticeOfEachAccount(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	change := func(account string, to tokens.State) notice { return notice{Account: account, To: to, At: now} }
	var o outbox
	take := func() string {
		n, ok, wait := o.take(now)
		if !ok {
			return fmt.Sprint("wait ", wait)
		}
		return n.Account + " " + string(n.To)
	}
	want := func(step, want string) {
		t.Helper()
		if got := take(); got != want {
			t.Errorf("%s: got %s, want %s", step, got, want)
		}
	}
	want("empty", "wait 0s")
	o.add(change("a", tokens.Unavailable))
	o.add(change("b", tokens.NeedsSignin))
	o.add(change("a", tokens.Ready))
	want("oldest first", "b signin_required")
	want("one at a time", "wait 0s")
	o.settle(now, change("b", tokens.NeedsSignin), false)
	want("after a failure", "wait 5s")
	now = now.Add(5 * time.Second)
	want("others come first", "a ready")
	o.settle(now, change("a", tokens.Ready), false)
	want("after two failures", "wait 10s")
	o.add(change("b", tokens.Ready))
	want("a newer state at once", "a ready")
	o.settle(now, change("a", tokens.Ready), true)
	want("the newest", "b ready")
	o.release(change("b", tokens.Ready))
	want("after an interruption", "b ready")
	o.add(change("b", tokens.SignedOut))
	o.settle(now, change("b", tokens.Ready), false)
	now = now.Add(time.Hour)
	want("a newer one came during a failure", "b signed_out")
	now = now.Add(noticeLife)
	o.settle(now, notice{Account: "b", At: now.Add(-noticeLife)}, false)
	now = now.Add(time.Hour)
	want("too old to be news", "wait 0s")
}

func TestChannelTriesAgainAfterGrowingPauses(t *testing.T) {
	clock := testclock.New(time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC))
	started := clock.Now()
	tried := make(chan time.Duration)
	c := &channel{outbox: new(outbox), clock: clock, log: zap.NewNop(), send: func(context.Context, notice) error {
		tried <- clock.Now().Sub(started)
		return errors.New("down")
	}}
	c.outbox.add(notice{Account: "a", At: started})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { c.run(ctx) })
	for _, want := range []time.Duration{0, 5, 15, 35, 75, 155, 315, 615, 915} {
		if got := <-tried; got != want*time.Second {
			t.Errorf("got a try after %s, want %d s", got, want)
		}
		clock.Waiters(1)
		clock.Advance(c.outbox.pause(clock.Now()))
	}
	cancel()
	go func() { <-tried }()
	running.Wait()
}

// pause returns how long the outbox waits.
func (o *outbox) pause(now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.notBefore.Sub(now)
}

func TestNotifyWithoutGoroutineLeak(t *testing.T) {
	m, s, h := startMicrosoft(t), newServer(t), startHook(t)
	empty := "{\nadmin off\npersist_config off\n}\nhttp://:" + s.port() + " {\nbind 127.0.0.1\n}"
	s.mustLoad(empty)
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	before := goleak.IgnoreCurrent()
	h.respond(http.StatusInternalServerError)
	s.mustLoad(s.config(notifying(m, "webhook "+h.URL+"\nexec sleep 60"), "onenote "+m.url))
	s.signIn(browser(), "default", "someone@outlook.com")
	eventually(t, "the webhook fails", func() bool { return h.times() > 0 })
	s.mustLoad(empty)
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	if got := heldMemories(); got != 0 {
		t.Errorf("in the pool: got %d entries, want none", got)
	}
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"),
		goleak.IgnoreAnyFunction("github.com/DeRuina/timberjack.(*Logger).millRun"),
		goleak.IgnoreAnyFunction("net/http.(*conn).serve"),
	)
}

func TestInvalidNotifyIsRefused(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	for options, want := range map[string]string{
		"":                           "notify names nobody",
		"webhook {env.NO_SUCH_HOOK}": "set the environment variable NO_SUCH_HOOK",
	} {
		if err := s.load(s.config(notifying(m, options), "onenote "+m.url)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", options, err, want)
		}
	}
	for options, want := range map[string]string{
		"webhook hooks.example":       "notify: webhook: expected a URL such as",
		"webhook ftp://hooks.example": "expected a URL such as",
		"mail someone@example.com":    `unrecognized notify option "mail"; expected webhook or exec`,
		"exec":                        "expected: exec <command> [<args...>]",
	} {
		if _, err := adapt(s.config(notifying(m, options), "onenote "+m.url)); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(want, "notify: ")) {
			t.Errorf("%q: got %v, want %q", options, err, want)
		}
	}
	s.mustLoad(s.config(notifying(m, "webhook http://hooks.example/x"), "onenote "+m.url))
	if !strings.Contains(s.log(), "hooks.example is reached without TLS") {
		t.Error("a webhook over plain http causes no warning")
	}
}
