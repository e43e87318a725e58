// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"encoding/json"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestSiteServesAPI(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	res := s.get(notebooks)
	res.want(t, 200, "")
	if want := `"self":"` + s.url + `/api/`; !strings.Contains(res.body, want) {
		t.Errorf("links: got %s, want %s", res.body, want)
	}
	if strings.Contains(res.body, m.url) {
		t.Errorf("an address of the API is left: %s", res.body)
	}
}

// editedExample returns the example with ports of its own, the emulator's being the given
// one. edit changes its text, as a reader does.
func editedExample(t *testing.T, s *caddyServer, emulator string, edit func(text string) string) (config string) {
	t.Helper()
	text, err := os.ReadFile("../Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	previous := caddy.DefaultStorage.Path
	caddy.DefaultStorage.Path = s.dir
	t.Cleanup(func() { caddy.DefaultStorage.Path = previous })
	config = strings.NewReplacer(":8080", ":"+s.port(), ":8081", ":"+emulator).Replace(edit(string(text)))
	return strings.Replace(config, "\n{\n", "\n{\n\tadmin off\n\tpersist_config off\n", 1)
}

// The example has to work at once, and again: the second start finds what the
// first stored.
func TestExampleWorksTwice(t *testing.T) {
	s := newServer(t)
	config := editedExample(t, s, freePort(t), func(text string) string { return text })
	for range 2 {
		s.mustLoad(config)
		s.get(notebooks).want(t, 200, "")
		if err := caddy.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// What the comment in the example says of the line to change: an app notices nothing
// of Microsoft Graph.
func TestExampleIsSwitchedToGraphByOneLine(t *testing.T) {
	const line, graph = "\timport api onenote\n", "\timport api graph\n"
	s, port := newServer(t), freePort(t)
	asked := func(want string, edit func(string) string) []byte {
		t.Helper()
		s.mustLoad(editedExample(t, s, port, edit))
		defer func() {
			if err := caddy.Stop(); err != nil {
				t.Error(err)
			}
		}()
		res := s.get(notebooks)
		res.want(t, 200, "")
		if got := (&microsoft{t: t, url: "http://127.0.0.1:" + port}).requests(want); len(got) != 1 {
			t.Errorf("requests for %s: got %d, want 1", want, len(got))
		}
		return []byte(res.body)
	}
	type list struct {
		Value []struct{ ID, Name, Self, SectionsURL string }
	}
	var direct, translated list
	unmarshal(t, asked(notebooks, func(text string) string { return text }), &direct)
	unmarshal(t, asked("/v1.0/me/onenote/notebooks", func(text string) string {
		if strings.Count(text, line) != 1 {
			t.Fatalf("the example has no line %q, or several", line)
		}
		return strings.Replace(text, line, graph, 1)
	}), &translated)
	if diff := cmp.Diff(direct, translated); diff != "" || len(direct.Value) == 0 {
		t.Errorf("notebooks (-OneNote API +Microsoft Graph):\n%s", diff)
	}
}

func unmarshal(t *testing.T, text []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

func TestSignInSurvivesRestart(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	config := s.config("client_id test\nauthority "+m.url, "onenote "+m.url)
	s.mustLoad(config)
	s.get(notebooks).want(t, 401, "signin_required")
	if res := s.signIn(browser(), "default", "someone@outlook.com"); res.Request.URL.Path != "/" {
		t.Fatalf("the sign-in ended at %s: %s", res.Request.URL, res.body)
	}
	s.get(notebooks).want(t, 200, "")
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	s.mustLoad(config)
	s.get(notebooks).want(t, 200, "")
}

func TestReloadKeepsToken(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	for range 3 {
		s.mustLoad(s.plain(m, "links off"))
		s.get(notebooks).want(t, 200, "")
	}
	if got := len(m.requests(tokenPath)); got != 1 {
		t.Errorf("refreshes: got %d, want 1", got)
	}
}

// A configuration that fails was provisioned halfway; nothing of the running
// one may be gone after it.
func TestRunningConfigurationSurvivesFailedReload(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	before := heldMemories()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, broken := range map[string]string{
		"app":     s.config("authority "+m.url, "onenote "+m.url),
		"handler": s.plain(m, "account nobody"),
		"start":   s.plain(m) + "http://" + taken.Addr().String() + " {\nbind 127.0.0.1\n}\n",
	} {
		if err := s.load(broken); err == nil {
			t.Errorf("%s: the configuration loads", name)
		}
		s.get(notebooks).want(t, 200, "")
		if res := s.adminDo("GET", "/onenote/accounts", ""); res.StatusCode != 200 || !strings.Contains(res.body, `"state":"ready"`) {
			t.Errorf("admin: got %s: %s", res.Status, res.body)
		}
		if got := heldMemories(); got != before {
			t.Errorf("memories in the pool: got %d, want %d", got, before)
		}
	}
	if got := len(m.requests(tokenPath)); got != 1 {
		t.Errorf("refreshes: got %d, want 1", got)
	}
}

// heldMemories counts what the pool holds.
func heldMemories() int {
	n := 0
	pool.Range(func(key, _ any) bool {
		refs, _ := pool.References(key)
		n += refs
		return true
	})
	return n
}

func TestRequestInFlightSurvivesReload(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	// The token dies while the request is under way, so that it also has to
	// refresh it under a configuration that is gone.
	m.control("POST", "faults", `{"path":"`+notebooks+`","times":1,"delay":"700ms"}`)
	m.control("POST", "tokens/revoke", `{"kind":"access"}`)
	var flying sync.WaitGroup
	flying.Go(func() {
		if res, err := s.try("GET", notebooks, ""); err != nil || res.StatusCode != 200 {
			t.Errorf("in flight: got %v, %v", res, err)
		}
	})
	eventually(t, "the request is under way", func() bool { return len(m.requests(notebooks)) > 1 })
	s.mustLoad(s.plain(m, "links off"))
	flying.Wait()
	s.get(notebooks).want(t, 200, "")
}

func TestStopLeavesNoGoroutineOrPoolEntry(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	// Caddy itself starts some goroutines once in a process.
	empty := "{\nadmin off\npersist_config off\n}\nhttp://:" + s.port() + " {\nbind 127.0.0.1\n}"
	s.mustLoad(empty)
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	before := goleak.IgnoreCurrent()

	s.mustLoad(s.plain(m, "images local"))
	s.get(notebooks).want(t, 200, "")
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	if res := s.adminDo("POST", "/onenote/accounts/default/signin", `{"flow":"device"}`); res.StatusCode != 200 {
		t.Errorf("device sign-in: got %s: %s", res.Status, res.body)
	}
	s.mustLoad(empty) // stopping leaves the admin endpoint up
	if err := caddy.Stop(); err != nil {
		t.Fatal(err)
	}
	if got := heldMemories(); got != 0 {
		t.Errorf("in the pool: got %d entries, want none", got)
	}
	goleak.VerifyNone(t, before,
		// Caddy's file storage looks once more, five seconds later, whether its
		// lock is still wanted.
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"),
		// Caddy's log files are tended until the process ends.
		goleak.IgnoreAnyFunction("github.com/DeRuina/timberjack.(*Logger).millRun"),
		// The emulator is still up.
		goleak.IgnoreAnyFunction("net/http.(*conn).serve"),
	)
}
