// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// faultTests is what can go wrong around the proxy. It is the test, and docs/faults.md is
// written from it.
var faultTests = []faultTest{
	{
		of: identityProvider, what: "responds with 503", provoke: tokenFault(`"status":503`),
		good: served, ended: refusal(503, "identity_unavailable"), state: tokens.Unavailable,
	},
	{
		of: identityProvider, what: "throttles (429)", provoke: tokenFault(`"status":429,"headers":{"Retry-After":"7"}`),
		good: served, ended: refusal(503, "identity_unavailable"), state: tokens.Unavailable,
	},
	{
		of: identityProvider, what: "closes connections without a response", provoke: tokenFault(`"cut":0`),
		good: served, ended: refusal(503, "identity_unavailable"), state: tokens.Unavailable,
	},
	{
		of: identityProvider, what: "closes the connection that was kept since the last refresh", provoke: func(f *faultRun) { f.stale.Store(true) },
		good: served, ended: served, state: tokens.Ready,
	},
	{
		of: identityProvider, what: "is replaced by the page of a hotel's network", provoke: tokenFault(`"status":200,"body":"<html>Welcome</html>"`),
		good: served, ended: refusal(503, "identity_unavailable"), state: tokens.Unavailable,
	},
	{
		of: identityProvider, what: "refuses the refresh token (`invalid_grant`)", provoke: tokenFault(`"status":400,"body":{"error":"invalid_grant"}`),
		good: served, ended: refusal(401, "signin_required"), state: tokens.NeedsSignin, after: bySignIn,
	},
	{
		of: identityProvider, what: "refuses the client (`invalid_client`)", provoke: tokenFault(`"status":401,"body":{"error":"invalid_client"}`),
		good: served, ended: refusal(500, "misconfigured"), state: tokens.NeedsOperator, after: byOperator,
	},
	{
		of: theAPI, what: "refuses the access token once (401)", provoke: func(f *faultRun) { f.microsoft.control("POST", "tokens/revoke", `{"kind":"access"}`) },
		good: served, ended: served, state: tokens.Ready,
	},
	{
		of: theAPI, what: "refuses fresh tokens too (401)", provoke: apiFault(`"status":401,"body":{"error":{"code":"40001"}}`),
		good: passed(401), ended: passed(401), state: tokens.Refused,
	},
	{
		of: theAPI, what: "responds with 503", provoke: apiFault(`"status":503`),
		good: passed(503), ended: passed(503), state: tokens.Ready,
	},
	{
		of: theAPI, what: "throttles (429)", provoke: apiFault(`"status":429`),
		good: passed(429), ended: passed(429), state: tokens.Ready,
	},
	{
		of: theAPI, what: "closes connections without a response", provoke: apiFault(`"cut":0`),
		good: refusal(502, "upstream_unreachable"), ended: refusal(502, "upstream_unreachable"), state: tokens.Ready,
	},
	{
		of: theAPI, what: "does not respond in time", provoke: apiFault(`"delay":"1m"`),
		site: "transport {\nresponse_header_timeout 2s\n}",
		good: refusal(504, "upstream_timeout"), ended: refusal(504, "upstream_timeout"), state: tokens.Ready,
	},
	{
		of: theAPI, what: "stops in the middle of a body", provoke: apiFault(`"cut":20`),
		good: cutOff, ended: cutOff, state: tokens.Ready,
	},
	{
		of: theStorage, what: "cannot be read, account of Microsoft", provoke: (*faultRun).breakStorage,
		good: served, ended: served, state: tokens.Degraded,
	},
	{
		of: theStorage, what: "cannot be read, account of another provider", custom: true, provoke: (*faultRun).breakStorage,
		good: served, ended: refusal(503, "identity_unavailable"), state: tokens.Unavailable,
	},
	{
		of: theStorage, what: "is empty, because its volume is not mounted", provoke: func(f *faultRun) { f.must(os.RemoveAll(f.storage())) },
		good: served, ended: served, state: tokens.Ready,
	},
	{
		of: theProcess, what: "loads another configuration", provoke: func(f *faultRun) { f.server.mustLoad(f.config()) },
		good: served, ended: served, state: tokens.Ready,
	},
	{
		of: theProcess, what: "is restarted", provoke: func(f *faultRun) { f.must(caddy.Stop()); f.server.mustLoad(f.config()) },
		good: served, ended: served, state: tokens.Ready,
	},
}

// otherFaultTests are faults that other tests provoke, because they need a process or a
// clock of their own.
var otherFaultTests = []struct{ of, what, sees, kept, test string }{
	{theStorage, "takes no writes, because the disk is full", "served; `degraded` until it takes writes again", "everything, in memory until then", "tokens TestTokenIsUsedWhenStorageCannotBeWritten"},
	{theStorage, "Redis is restarted, or hangs", "served while the token in memory is good", "everything", "interop/nodes TestRedisIsRestarted"},
	{theProcess, "is killed while it refreshes", "a cut connection; after the restart served", "everything, unless the provider rotates strictly and its response was not saved yet", "tokens TestAccountRecoversFromKillDuringRefresh"},
	{theProcess, "another node is killed or frozen while it refreshes", "served, after the wait for its lock: five seconds with Redis, ten in a folder", "everything; what it brings back late is dropped", "interop/nodes TestNodeIsFrozenInRefresh"},
	{theProcess, "the machine slept while the token expired", "served, after one refresh", "everything", "tokens TestTokenExpiredDuringSleepIsRefreshed"},
}

const (
	identityProvider = "The identity provider"
	theAPI           = "The API"
	theStorage       = "The storage"
	theProcess       = "The process"
)

// What ends a fault for the apps, once its cause is gone.
const (
	byItself   = "the sign-in; requests are served again by themselves"
	bySignIn   = "the refresh token, until somebody signs in again"
	byOperator = "the sign-in; requests are served again once the configuration or the registration is right"
)

// faultTest is a fault, what the app sees of it, and what is kept.
type faultTest struct {
	of, what string
	custom   bool   // the account is one of a custom provider
	site     string // options of the site
	provoke  func(f *faultRun)

	good  sight        // while the access token is good
	ended sight        // when it has expired or was revoked
	state tokens.State // of the account, when it has ended
	after string       // byItself, if it is empty
}

// sight is the response to an app.
type sight struct {
	status int // 0 for a response that is cut
	cause  string
}

var served, cutOff = sight{status: 200}, sight{}

func passed(status int) sight { return sight{status: status} }

func refusal(status int, cause string) sight { return sight{status, cause} }

// words say it in the document.
func (s sight) words() string {
	switch {
	case s == served:
		return "served"
	case s == cutOff:
		return "a cut connection"
	case s.cause == "":
		return fmt.Sprintf("%d of the API", s.status) + s.retryAfter()
	}
	return fmt.Sprintf("%d, [`%s`](../README.md#%s)", s.status, s.cause, s.cause) + s.retryAfter()
}

func (s sight) retryAfter() string {
	if s.status == http.StatusServiceUnavailable || s.status == http.StatusTooManyRequests {
		return ", with `Retry-After`"
	}
	return ""
}

// faultRun is one such fault.
type faultRun struct {
	t         *testing.T
	test      *faultTest
	microsoft *microsoft
	server    *caddyServer
	stale     atomic.Bool // the provider closes connections at their second request
}

func TestFaults(t *testing.T) {
	for _, test := range faultTests {
		for _, ended := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %s, token ended %t", test.of, test.what, ended), func(t *testing.T) {
				f := &faultRun{t: t, test: &test, server: newServer(t)}
				f.startMicrosoft()
				f.run(ended)
			})
		}
	}
}

// requestsOf counts the requests of a connection.
type requestsOf struct{}

// startMicrosoft starts the emulator behind a server that closes stale connections.
func (f *faultRun) startMicrosoft() {
	e := emulator.New(emulator.Options{})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := r.Context().Value(requestsOf{}).(*atomic.Int32).Add(1)
		if r.URL.Path == tokenPath && n > 1 && f.stale.Load() {
			panic(http.ErrAbortHandler)
		}
		e.ServeHTTP(w, r)
	}))
	s.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, requestsOf{}, new(atomic.Int32))
	}
	s.Start()
	f.t.Cleanup(s.Close)
	f.microsoft = &microsoft{t: f.t, url: s.URL}
}

func (f *faultRun) config() string {
	account := importedAccount(f.microsoft)
	if f.test.custom {
		account = "client_id test\nrefresh_token emulator-refresh-token\nprovider custom\nauthorize_url " + f.microsoft.url +
			"/oauth20_authorize.srf\ntoken_url " + f.microsoft.url + tokenPath
	}
	return f.server.config(account, "onenote "+f.microsoft.url+" {\n"+f.test.site+"\n}")
}

func (f *faultRun) run(ended bool) {
	f.server.mustLoad(f.config())
	f.want(served)
	f.refresh() // so that a kept connection has carried a request
	f.test.provoke(f)
	want, state := f.test.good, tokens.Ready
	if ended {
		f.microsoft.control("POST", "tokens/revoke", `{"kind":"access"}`)
		want, state = f.test.ended, f.test.state
	}
	f.want(want)
	if state == tokens.Refused {
		f.want(want) // two requests establish it
	}
	if ended {
		f.wantState(state)
	}
	f.removeCause()
	switch {
	case ended && f.test.after == bySignIn:
		f.server.signIn(browser(), "default", emulator.DefaultAccount)
	case ended:
		f.refresh() // the operator's, so that the test needs no pause
	}
	f.want(served)
	f.wantState(tokens.Ready)

	// What is kept is kept on the disk.
	f.must(caddy.Stop())
	f.server.mustLoad(f.config())
	f.want(served)
}

// wantState waits for a state: the background work looks at the storage every two seconds.
func (f *faultRun) wantState(want tokens.State) {
	f.t.Helper()
	eventually(f.t, "the state is "+string(want), func() bool { return f.server.status().State == want })
}

// refresh refreshes as the operator does.
func (f *faultRun) refresh() {
	f.t.Helper()
	eventually(f.t, "the account is refreshed", func() bool {
		return f.server.adminDo("POST", "/onenote/accounts/default/refresh", "").StatusCode < 300
	})
}

// want sends a request as an app does.
func (f *faultRun) want(s sight) {
	f.t.Helper()
	if s == cutOff {
		if res, err := f.server.try("GET", notebooks, ""); err == nil {
			f.t.Errorf("got %s: %s, want a cut connection", res.Status, res.body)
		}
		return
	}
	res := f.server.get(notebooks)
	res.want(f.t, s.status, s.cause)
	if s.retryAfter() != "" && res.Header.Get("Retry-After") == "" {
		f.t.Errorf("%s: got no Retry-After", res.Status)
	}
}

func tokenFault(what string) func(*faultRun) { return emulatorFault(tokenPath, what) }

func apiFault(what string) func(*faultRun) { return emulatorFault("/api/*", what) }

func emulatorFault(path, what string) func(*faultRun) {
	return func(f *faultRun) { f.microsoft.control("POST", "faults", fmt.Sprintf(`{"path":%q,%s}`, path, what)) }
}

func (f *faultRun) storage() string { return filepath.Join(f.server.dir, "storage") }

// breakStorage puts a file in the place of the storage's folder.
func (f *faultRun) breakStorage() {
	f.must(os.Rename(f.storage(), f.storage()+".away"))
	f.must(os.WriteFile(f.storage(), nil, 0o600))
}

// removeCause takes the cause away.
func (f *faultRun) removeCause() {
	for id := 1; id < 3; id++ {
		req, err := http.NewRequest("DELETE", fmt.Sprintf("%s/_emulator/faults/%d", f.microsoft.url, id), nil)
		f.must(err)
		res, err := http.DefaultClient.Do(req)
		f.must(err)
		res.Body.Close() // 404 where there was none
	}
	f.stale.Store(false)
	if _, err := os.Stat(f.storage() + ".away"); err == nil {
		f.must(os.RemoveAll(f.storage()))
		f.must(os.Rename(f.storage()+".away", f.storage()))
	}
}

func (f *faultRun) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// docs/faults.md is written from the table above, and names tests that exist.
func TestFaultsAreDocumented(t *testing.T) {
	const golden = "../docs/faults.md"
	got := faultManual()
	if *update {
		write(t, golden, got)
	}
	if diff := cmp.Diff(read(t, golden), got); diff != "" {
		t.Errorf("%s is not what the table says; write it with go test ./caddymodule -run %s -update (-want +got):\n%s", golden, t.Name(), diff)
	}
	for _, o := range otherFaultTests {
		folder, name, _ := strings.Cut(o.test, " ")
		files, err := filepath.Glob("../" + folder + "/*_test.go")
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, file := range files {
			found = found || strings.Contains(read(t, file), "\nfunc "+name+"(")
		}
		if !found {
			t.Errorf("%s has no %s", folder, name)
		}
	}
}

const faultsHead = `<!-- Written from the table in caddymodule/faults_test.go by: go test ./caddymodule -run TestFaultsAreDocumented -update -->

# What an app sees when something fails

The rows are the table of a test, ` + "`TestFaults`" + `, which provokes each fault, sends a request as an app does, takes the
cause away, and restarts. The token has *ended* if it has expired or was revoked. The [README](../README.md#when-something-is-wrong)
explains the causes, [operating.md](operating.md#states) the states.

Whatever fails: a write is never executed twice, and a sign-in is lost only in the cases that
[SECURITY.md](../SECURITY.md#what-is-not-promised) lists.
`

func faultManual() string {
	var b strings.Builder
	b.WriteString(faultsHead)
	for _, of := range []string{identityProvider, theAPI, theStorage, theProcess} {
		fmt.Fprintf(&b, "\n## %s\n\n| it | with a good token | when the token has ended | state then | what is kept |\n| --- | --- | --- | --- | --- |\n", of)
		for _, test := range faultTests {
			if test.of != of {
				continue
			}
			after := test.after
			if after == "" {
				after = byItself
			}
			fmt.Fprintf(&b, "| %s | %s | %s | `%s` | %s |\n", test.what, test.good.words(), test.ended.words(), test.state, after)
		}
		head := "\n| also tested | what the app sees | what is kept | test |\n| --- | --- | --- | --- |\n"
		for _, o := range otherFaultTests {
			if o.of != of {
				continue
			}
			folder, name, _ := strings.Cut(o.test, " ")
			fmt.Fprintf(&b, "%s| %s | %s | %s | `%s` in %s |\n", head, o.what, o.sees, o.kept, name, folder)
			head = ""
		}
	}
	return b.String()
}
