// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// A stateTest brings an account into a state, and says what tells so.
type stateTest struct {
	state  tokens.State
	signIn bool                               // somebody is signed in before
	bring  func(s *caddyServer, m *microsoft) // into the state
	change string                             // the states from and to
	class  string                             // of the failure
	code   string                             // of the failure
	page   []string                           // words on the page
	ready  int                                // status of /readyz
	exit   int                                // exit code of the command status
	level  string                             // of the line about the change
	errors int                                // lines with the level error
}

func (s *caddyServer) refreshFails(m *microsoft, status int, body string) {
	s.t.Helper()
	m.control("POST", "faults", fmt.Sprintf(`{"path":%q,"status":%d,"body":%q}`, tokenPath, status, body))
	if res := s.adminDo("POST", "/onenote/accounts/default/refresh", ""); res.StatusCode < 400 {
		s.t.Fatalf("refresh: got %s, want a failure", res.Status)
	}
}

var stateTests = []stateTest{
	{
		state: tokens.SigningIn, change: "signed_out signing_in", page: []string{"Signing in"}, ready: 503, exit: 3, level: "info",
		bring: func(s *caddyServer, _ *microsoft) {
			s.adminDo("POST", "/onenote/accounts/default/signin", `{"flow":"code"}`)
		},
	},
	{
		state: tokens.Ready, signIn: true, change: "signing_in ready", page: []string{"Ready", "2 notebooks"}, ready: 200, exit: 0, level: "info",
		bring: func(s *caddyServer, _ *microsoft) { s.get(notebooks).want(s.t, 200, "") },
	},
	{
		state: tokens.SignedOut, signIn: true, change: "ready signed_out", page: []string{"Signed out"}, ready: 503, exit: 3, level: "info",
		bring: func(s *caddyServer, _ *microsoft) {
			s.adminDo("DELETE", "/onenote/accounts/default", "")
			s.get(notebooks).want(s.t, 401, "signin_required")
		},
	},
	{
		state: tokens.Degraded, signIn: true, change: "ready degraded", class: "transient", code: "http_503",
		page: []string{"Degraded", "http_503"}, ready: 200, exit: 0, level: "info",
		bring: func(s *caddyServer, m *microsoft) {
			s.refreshFails(m, 503, "")
			s.get(notebooks).want(s.t, 200, "")
		},
	},
	{
		state: tokens.Unavailable, signIn: true, change: "ready unavailable", class: "transient", code: "http_503",
		page: []string{"Unavailable", "http_503"}, ready: 503, exit: 1, level: "info",
		bring: func(s *caddyServer, m *microsoft) {
			m.control("POST", "tokens/revoke", `{"kind":"access"}`)
			m.control("POST", "faults", `{"path":"`+tokenPath+`","status":503}`)
			s.get(notebooks).want(s.t, 503, "identity_unavailable")
		},
	},
	{
		state: tokens.NeedsSignin, signIn: true, change: "ready signin_required", class: "signin_required", code: "invalid_grant",
		page: []string{"Sign-in required", "invalid_grant", "Sign in again"}, ready: 503, exit: 3, level: "info", errors: 1,
		bring: func(s *caddyServer, m *microsoft) {
			m.control("POST", "tokens/revoke", `{"kind":"all"}`)
			s.get(notebooks).want(s.t, 401, "signin_required")
		},
	},
	{
		state: tokens.NeedsOperator, signIn: true, change: "ready misconfigured", class: "misconfigured", code: "invalid_client",
		page: []string{"Misconfigured", "invalid_client"}, ready: 503, exit: 1, level: "info", errors: 1,
		bring: func(s *caddyServer, m *microsoft) {
			m.control("POST", "tokens/revoke", `{"kind":"access"}`)
			s.refreshFails(m, 401, `{"error":"invalid_client"}`)
			s.get(notebooks).want(s.t, 500, "misconfigured")
		},
	},
	{
		state: tokens.Refused, signIn: true, change: "ready refused", class: "misconfigured", code: "40001",
		page: []string{"Refused", "40001", "licence"}, ready: 503, exit: 1, level: "error", errors: 1,
		bring: func(s *caddyServer, m *microsoft) {
			m.control("POST", "faults", `{"path":"`+notebooks+`","status":401,"body":"{\"error\":{\"code\":\"40001\"}}"}`)
			s.get(notebooks).want(s.t, 401, "")
			s.get(notebooks).want(s.t, 401, "")
		},
	},
}

func TestEachStateIsToldTheSameEverywhere(t *testing.T) {
	var tested []tokens.State
	for _, test := range stateTests {
		tested = append(tested, test.state)
		t.Run(string(test.state), func(t *testing.T) { test.run(t) })
	}
	for _, state := range tokens.States() {
		if !slices.Contains(tested, state) {
			t.Errorf("no row brings about the state %s", state)
		}
	}
}

func (test stateTest) run(t *testing.T) {
	m, s, h := startMicrosoft(t), newServer(t), startHook(t)
	heardEvents.mu.Lock()
	heardEvents.list = nil
	heardEvents.mu.Unlock()
	s.mustLoad(s.config(notifying(m, "webhook "+h.URL), "onenote "+m.url, "events {\non onenote.state_changed onenote_test\n}"))
	if test.signIn {
		s.signIn(browser(), "default", "someone@outlook.com")
	}
	test.bring(s, m)

	page := s.get("/").body
	for _, words := range test.page {
		if !strings.Contains(page, words) {
			t.Errorf("page: got no %q in %s", words, page)
		}
	}
	var list accountList
	if err := json.Unmarshal([]byte(s.get("/auth/status").body), &list); err != nil || len(list.Accounts) != 1 {
		t.Fatalf("/auth/status: got %+v, %v", list, err)
	}
	status, class, code := list.Accounts[0], "", ""
	if status.Error != nil {
		class, code = string(status.Error.Class), status.Error.Code
	}
	if status.State != test.state || class != test.class || code != test.code {
		t.Errorf("/auth/status: got %s, %q %q; want %s, %q %q", status.State, class, code, test.state, test.class, test.code)
	}
	if res := s.get("/readyz"); res.StatusCode != test.ready || test.ready != 200 && !strings.Contains(res.body, `"state":"`+string(test.state)+`"`) {
		t.Errorf("/readyz: got %s %s, want %d", res.Status, res.body, test.ready)
	}
	for _, state := range tokens.States() {
		want := map[bool]string{true: "1", false: "0"}[state == test.state]
		if got := s.metric(`account_state{account="default",state="` + string(state) + `"}`); got != want {
			t.Errorf("metric of %s: got %q, want %s", state, got, want)
		}
	}
	if got := caddyOneNote(nil, "status", "--address", s.admin); got.code != test.exit || !strings.Contains(got.out, string(test.state)) || !strings.Contains(got.out, test.code) {
		t.Errorf("command status: got %d %s, want %d, the state and the code", got.code, got.out, test.exit)
	}
	event := fmt.Sprintf("onenote.state_changed default %s %s", test.class, test.change)
	eventually(t, "the event "+event, func() bool { return slices.Contains(heard(), event) })
	eventually(t, "the webhook is told "+test.change, func() bool { return slices.Contains(h.changes(), "default "+test.change) })
	test.checkLog(t, s)
}

// A logLine is a line of the log about an account.
type logLine struct {
	Level   string          `json:"level"`
	Logger  string          `json:"logger"`
	Message string          `json:"msg"`
	Account string          `json:"account"`
	From    string          `json:"from"`
	To      string          `json:"to"`
	Error   json.RawMessage `json:"error"`
}

func (s *caddyServer) logLines() []logLine {
	s.t.Helper()
	var lines []logLine
	scanner := bufio.NewScanner(strings.NewReader(s.log()))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var l logLine
		if json.Unmarshal(scanner.Bytes(), &l) == nil {
			lines = append(lines, l)
		}
	}
	return lines
}

func (test stateTest) checkLog(t *testing.T, s *caddyServer) {
	changes, errors := 0, 0
	for _, l := range s.logLines() {
		if l.Level == "error" && l.Logger == "onenote" {
			errors++
		}
		if l.Message != "state changed" || l.From+" "+l.To != test.change {
			continue
		}
		changes++
		if l.Level != test.level || l.Account != "default" || !strings.Contains(string(l.Error), test.code) {
			t.Errorf("log: got %+v, want level %s and code %s", l, test.level, test.code)
		}
	}
	if changes != 1 || errors != test.errors {
		t.Errorf("log: got %d lines about the change and %d errors, want 1 and %d:\n%s", changes, errors, test.errors, s.log())
	}
}

func TestRefusedAccountIsReadyAgainAfterASuccess(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	m.control("POST", "faults", `{"path":"`+notebooks+`","status":401,"times":3}`)
	s.get(notebooks).want(t, 401, "")
	s.get("/readyz").want(t, 200, "")
	s.get(notebooks).want(t, 401, "")
	s.get("/readyz").want(t, 503, "")
	s.mustLoad(s.plain(m, "links off")) // a reload tests a refused account
	eventually(t, "the account is ready again", func() bool { return s.get("/readyz").StatusCode == 200 })
}

func TestAccountIsNotRefusedForAnItem(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.plain(m))
	s.get(notebooks).want(t, 200, "")
	before := len(m.requests(tokenPath))
	const body = `{"error":{"code":"40003","message":"The user has no permission."}}`
	m.control("POST", "faults", fmt.Sprintf(`{"path":%q,"status":401,"body":%q}`, notebooks, body))
	for range 5 {
		res := s.get(notebooks)
		res.want(t, 401, "")
		if res.body != body {
			t.Errorf("got %s, want the API's own response", res.body)
		}
	}
	s.get("/readyz").want(t, 200, "")
	if got := len(m.requests(tokenPath)); got != before {
		t.Errorf("got %d refreshes, want none", got-before)
	}
}

// TestSignInIsTestedAtTheAPI: page and command say at once whether the API takes the
// token.
func TestSignInIsTestedAtTheAPI(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url))
	if res := s.signIn(browser(), "default", "someone@outlook.com"); !strings.Contains(res.body, "2 notebooks") {
		t.Errorf("page: got %s, want what the API responded", res.body)
	}
	sent := m.requests(notebooks)
	if len(sent) != 1 || sent[0].Method != "GET" || !strings.Contains(sent[0].Query, "$top=1") {
		t.Errorf("got requests %+v, want one for a notebook", sent)
	}
	if got := s.metric(`requests_total{account="default",outcome="ok"}`); got != "" && got != "0" {
		t.Errorf("the test counts as a request of an app: got %s", got)
	}
	out := runSignin(t, s, m)
	if !strings.Contains(out, "default: tested: 2 notebooks") {
		t.Errorf("command: got %s", out)
	}
	m.control("POST", "faults", `{"path":"`+notebooks+`","status":401,"body":"{\"error\":{\"code\":\"40001\",\"message\":\"no\\u001b[2J\\nvalid token\"}}"}`)
	out = runSignin(t, s, m)
	if !strings.Contains(out, "default: tested: the API responded with status 401 (40001): no [2J valid token") || !strings.Contains(out, "does not take the token") {
		t.Errorf("command: got %q, want what the API responded", out)
	}
	s.get("/readyz").want(t, 503, "")
	if page := s.get("/").body; !strings.Contains(page, "Refused") || !strings.Contains(page, "status 401 (40001)") {
		t.Errorf("page: got %s, want what the API responded", page)
	}
	// Caddy logs each request to its admin endpoint.
	asked := 0
	for _, l := range s.logLines() {
		if l.Message == "received request" {
			asked++
		}
	}
	if asked > 20 {
		t.Errorf("got %d lines about requests to the admin endpoint", asked)
	}
}

// An API that is down says nothing about the token.
func TestSignInSucceedsWhileTheAPIIsDown(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url))
	m.control("POST", "faults", `{"path":"`+notebooks+`","cut":0}`)
	if res := s.signIn(browser(), "default", "someone@outlook.com"); !strings.Contains(res.body, "the API could not be reached") {
		t.Errorf("page: got %s, want that the API could not be reached", res.body)
	}
	s.get("/readyz").want(t, 200, "")
}

// runSignin signs in by the command and returns what it prints.
func runSignin(t *testing.T, s *caddyServer, m *microsoft) string {
	t.Helper()
	out := new(lockedBuffer)
	root := &cobra.Command{Use: "onenote", SilenceUsage: true}
	addSubcommands(root)
	root.SetOut(out)
	root.SetErr(out)
	root.SetIn(strings.NewReader(""))
	root.SetArgs([]string{"signin", "--address", s.admin})
	ended := make(chan error, 1)
	go func() { ended <- root.Execute() }()
	var offered []string
	eventually(t, "an address is printed", func() bool {
		offered = offeredURL.FindStringSubmatch(out.String())
		return offered != nil
	})
	s.submit(browser(), offered[1], map[string][]string{"user": {"someone@outlook.com"}, "decision": {"accept"}})
	<-ended // what it prints says whether it worked
	return out.String()
}

func TestFirstStartLogsAddressToOpen(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	config := s.config("client_id test\nauthority "+m.url, "onenote "+m.url)
	count := func() int { return strings.Count(s.log(), "nobody is signed in; open "+s.url+"/ in a browser") }
	s.mustLoad(config)
	eventually(t, "the address is logged", func() bool { return count() == 1 })
	s.mustLoad(config + "\n# another\n")
	s.signIn(browser(), "default", "someone@outlook.com")
	s.adminDo("DELETE", "/onenote/accounts/default", "")
	s.mustLoad(config)
	s.get("/readyz").want(t, 503, "")
	if got := count(); got != 1 {
		t.Errorf("got %d lines, want 1 for the process", got)
	}
}

// Probes come every few seconds, and a configuration may stay broken for days.
func TestProbesOfABrokenConfigurationFillNoLog(t *testing.T) {
	m := startMicrosoft(t)
	for name, account := range map[string]string{
		"import that cannot be read": "client_id test\nauthority " + m.url + "\nrefresh_token {file./nonexistent/token}",
		"wrong secret":               "client_id test\nclient_secret {file./nonexistent/secret}\nauthority " + m.url + "\nrefresh_token emulator-refresh-token",
		"app without a provider":     "provider entra\ntenant contoso.example\nflow client_credentials\nscopes https://onenote.com//.default\nclient_id test\nclient_secret x\nauthority http://127.0.0.1:" + freePort(t),
		"imported token is refused":  "client_id test\nauthority " + m.url + "\nrefresh_token never-issued",
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.mustLoad(s.config(account, "log\nonenote "+m.url))
			s.get(notebooks) // what it gets is not the question
			lines := func() (n int) {
				for _, l := range s.logLines() {
					if l.Level != "debug" && l.Message != "handled request" && l.Message != "received request" {
						n++
					}
				}
				return n
			}
			for range 5 {
				s.get("/readyz")
			}
			before := lines()
			for range 50 {
				s.get("/readyz").want(t, http.StatusServiceUnavailable, "")
				s.get("/healthz").want(t, 200, "")
			}
			if got := lines() - before; got > 3 {
				t.Errorf("got %d more lines after 50 probes, want hardly any:\n%s", got, s.log())
			}
		})
	}
}

// The page of a device code loads itself again every few seconds.
func TestPageThatWaitsForASignInFillsNoLog(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url+"\nflow device", "log\nonenote "+m.url))
	client := browser()
	page := s.submit(client, s.url+"/auth/default/signin", nil)
	if !page.Request.URL.Query().Has("attempt") {
		t.Fatalf("got %s, want the page of the code", page.Request.URL)
	}
	lines := func() (n int) {
		for _, l := range s.logLines() {
			if l.Level != "debug" {
				n++
			}
		}
		return n
	}
	before := lines()
	for range 20 {
		res, err := client.Get(page.Request.URL.String())
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	if got := lines() - before; got != 0 {
		t.Errorf("got %d more lines, want none:\n%s", got, s.log())
	}
}
