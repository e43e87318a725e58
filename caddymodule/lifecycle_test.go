// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/goleak"
)

func TestASiteServesTheAPI(t *testing.T) {
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

// The example has to work at once, and again: the second start finds what the
// first stored.
func TestTheExampleWorksTwice(t *testing.T) {
	text, err := os.ReadFile("../Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	defer func(path string) { caddy.DefaultStorage.Path = path }(caddy.DefaultStorage.Path)
	caddy.DefaultStorage.Path = s.dir
	config := strings.NewReplacer(":8080", ":"+s.port(), ":8081", ":"+freePort(t)).Replace(string(text))
	config = strings.Replace(config, "{\n", "{\n\tadmin off\n\tpersist_config off\n", 1)
	for range 2 {
		s.mustLoad(config)
		s.get(notebooks).want(t, 200, "")
		if err := caddy.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASignInSurvivesARestart(t *testing.T) {
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

func TestAReloadKeepsTheToken(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	for range 3 {
		s.mustLoad(s.plain(m, "links off"))
		s.get(notebooks).want(t, 200, "")
	}
	if got := len(m.requests(tokenPath)); got != 1 {
		t.Errorf("renewals: got %d, want 1", got)
	}
}

// A configuration that fails was provisioned halfway; nothing of the running
// one may be gone after it.
func TestAFailedReloadHarmsNothing(t *testing.T) {
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
		t.Errorf("renewals: got %d, want 1", got)
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

func TestRequestsInFlightSurviveAReload(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	// The token dies while the request is under way, so that it also has to
	// renew it under a configuration that is gone.
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

func TestStoppingLeavesNothingBehind(t *testing.T) {
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
