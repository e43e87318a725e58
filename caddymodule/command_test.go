// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// ran is what a command did.
type ran struct {
	out, err string
	code     int
}

// caddyOneNote runs the command with these arguments.
func caddyOneNote(in io.Reader, args ...string) ran {
	root := &cobra.Command{Use: "onenote", SilenceUsage: true}
	addSubcommands(root)
	var out, errs bytes.Buffer
	root.SetIn(in)
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(append([]string{}, args...)) // nil would be those of the test binary
	return ran{code: exitCodeOf(root.Execute()), out: out.String(), err: errs.String()}
}

var exitStatus = regexp.MustCompile(`exiting with status (\d+)`)

// exitCodeOf returns the code with which Caddy ends for that error. The type
// that carries it is Caddy's own; its text says it.
func exitCodeOf(err error) int {
	if err == nil {
		return 0
	}
	if found := exitStatus.FindStringSubmatch(err.Error()); found != nil {
		code, _ := strconv.Atoi(found[1])
		return code
	}
	return exitFailed
}

func (r ran) want(t *testing.T, code int, texts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code: got %d, want %d; out %s, err %s", r.code, code, r.out, r.err)
	}
	for _, text := range texts {
		if !strings.Contains(r.out+r.err, text) {
			t.Errorf("got %s%s, want %q in it", r.out, r.err, text)
		}
	}
}

func TestCommandsManageAccountsOfTheRunningServer(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m)+"\naccount home\naccount work {\nrefresh_token none-of-mine\n}",
		"onenote "+m.url+" {\naccount home\n}"))
	caddyOneNote(nil, "status", "--address", s.admin, "home").want(t, 0, "home", "ready")
	caddyOneNote(nil, "refresh", "--address", s.admin, "home").want(t, 0, "home: refreshed, valid until")
	caddyOneNote(nil, "refresh", "--address", s.admin, "work").want(t, exitSigninRequired, "Error: account work")
	res := caddyOneNote(nil, "status", "--address", s.admin)
	res.want(t, exitSigninRequired, "home", "work", "signin_required", "sign in at "+s.url+"/auth/work/signin")
	if strings.Contains(res.err, "Error") {
		t.Errorf("the state of an account must not be an error of the command: %s", res.err)
	}
	var list accountList
	if err := json.Unmarshal([]byte(caddyOneNote(nil, "status", "--json", "--address", s.admin).out), &list); err != nil || len(list.Accounts) != 2 {
		t.Errorf("status --json: got %+v, %v", list, err)
	}
	caddyOneNote(nil, "signout", "--address", s.admin, "home").want(t, 0, "home: signed out")
	caddyOneNote(nil, "status", "--address", s.admin, "home").want(t, exitSigninRequired, "signed_out")

	caddyOneNote(nil, "refresh", "--address", s.admin).want(t, exitUsage, "there are several accounts (home, work); say which one")
	caddyOneNote(nil, "refresh", "--address", s.admin, "nobody").want(t, exitFailed, `there is no account "nobody"`)
	caddyOneNote(nil, "status", "--address", "127.0.0.1:"+freePort(t)).want(t, exitFailed, "is it running, and is that its admin endpoint?")
}

func TestWrongUsageExitsWithItsOwnCode(t *testing.T) {
	for _, args := range [][]string{
		{"sign-in"}, {"status", "--jsn"}, {"status", "a", "b"}, {"keygen", "x"}, {"signin", "--device", "--paste"}, {"signin", "--device=perhaps"},
	} {
		caddyOneNote(nil, args...).want(t, exitUsage, "Error: ")
	}
	caddyOneNote(nil).want(t, 0, "keygen", "signin")
	caddyOneNote(nil, "statsu").want(t, exitUsage, "Did you mean this?\n\tstatus\n")
	caddyOneNote(nil, "zzz").want(t, exitUsage, `unknown command "zzz"`)
	caddyOneNote(nil, "status", "--jsn").want(t, exitUsage, "unknown flag: --jsn; did you mean --json?")
}

func TestRenamedCommandSaysItsNewName(t *testing.T) {
	caddyOneNote(nil, "renew", "work").want(t, exitUsage, "the command renew is now: caddy onenote refresh")
}

func TestKeygenPrintsADifferentKeyEachTime(t *testing.T) {
	one, two := caddyOneNote(nil, "keygen"), caddyOneNote(nil, "keygen")
	if one.out == two.out {
		t.Error("two keys are the same")
	}
	if _, err := tokens.ParseKey(strings.TrimSpace(one.out)); err != nil || one.code != 0 {
		t.Errorf("got %d, %v", one.code, err)
	}
}

var offeredURL = regexp.MustCompile(`(?m)^    (http\S+)$`)

func TestSigninCommandEndsWithAPastedAddress(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url))
	in, keyboard := io.Pipe()
	out := new(lockedBuffer)
	root := &cobra.Command{Use: "onenote", SilenceUsage: true}
	addSubcommands(root)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(out)
	root.SetArgs([]string{"signin", "--paste", "--address", s.admin})
	ended := make(chan error)
	go func() { ended <- root.Execute() }()

	var offered []string
	eventually(t, "an address is printed", func() bool {
		offered = offeredURL.FindStringSubmatch(out.String())
		return offered != nil
	})
	client := browser()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res := s.submit(client, offered[1], url.Values{"user": {"one@outlook.com"}, "decision": {"accept"}})
	io.WriteString(keyboard, "\nhttps://evil.example/?code=x\n"+res.Header.Get("Location")+"\n")
	if err := <-ended; err != nil {
		t.Errorf("got %v: %s", err, out)
	}
	for _, want := range []string{"account default: ", "Paste it again", "default: signed in"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got %s, want %q in it", out, want)
		}
	}
	s.get(notebooks).want(t, 200, "")
}

// TestSigninCommandAsksForAddressIfRedirectLeadsElsewhere: without --paste, and it ends
// too if the response comes back by itself after all.
func TestSigninCommandAsksForAddressIfRedirectLeadsElsewhere(t *testing.T) {
	for _, pasted := range []bool{true, false} {
		m, s := startMicrosoft(t), newServer(t)
		s.mustLoad(s.config("client_id test\nauthority "+m.url+"\nredirect_uri http://localhost:1/cb", "onenote "+m.url))
		in, keyboard := io.Pipe()
		out := new(lockedBuffer)
		root := &cobra.Command{Use: "onenote", SilenceUsage: true}
		addSubcommands(root)
		root.SetIn(in)
		root.SetOut(out)
		root.SetErr(out)
		root.SetArgs([]string{"signin", "--address", s.admin})
		ended := make(chan error)
		go func() { ended <- root.Execute() }()
		var offered []string
		eventually(t, "an address is printed", func() bool {
			offered = offeredURL.FindStringSubmatch(out.String())
			return offered != nil && strings.Contains(out.String(), "paste the whole address")
		})
		client := browser()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		res := s.submit(client, offered[1], url.Values{"user": {"one@outlook.com"}, "decision": {"accept"}})
		address := res.Header.Get("Location")
		if !strings.HasPrefix(address, "http://localhost:1/cb?") {
			t.Fatalf("the provider sent the browser to %q", address)
		}
		if pasted {
			io.WriteString(keyboard, address+"\n")
		} else {
			s.get("/auth/default/callback?"+strings.SplitN(address, "?", 2)[1]).want(t, http.StatusSeeOther, "")
		}
		if err := <-ended; err != nil {
			t.Errorf("got %v: %s", err, out)
		}
		if !strings.Contains(out.String(), "default: signed in") {
			t.Errorf("got %s, want that somebody signed in", out)
		}
		keyboard.Close()
	}
}

func TestSigninCommandEndsWhenTheDeviceCodeIsEntered(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config("client_id test\nauthority "+m.url, "onenote "+m.url))
	out := new(lockedBuffer)
	root := &cobra.Command{Use: "onenote", SilenceUsage: true}
	addSubcommands(root)
	root.SetOut(out)
	root.SetErr(out)
	root.SetArgs([]string{"signin", "--device", "--address", s.admin})
	ended := make(chan error)
	go func() { ended <- root.Execute() }()
	code := regexp.MustCompile(`Open (\S+) and enter the code\n\n    (\S+)\n`)
	var offered []string
	eventually(t, "a code is printed", func() bool {
		offered = code.FindStringSubmatch(out.String())
		return offered != nil
	})
	s.submit(browser(), offered[1], url.Values{"user_code": {offered[2]}, "user": {"one@outlook.com"}, "decision": {"accept"}})
	if err := <-ended; err != nil {
		t.Errorf("got %v: %s", err, out)
	}
	s.get(notebooks).want(t, 200, "")
}

func TestCheckPrintsWarningsAndErrors(t *testing.T) {
	check := func(caddyfile string, args ...string) ran {
		t.Helper()
		path := filepath.Join(t.TempDir(), "Caddyfile")
		write(t, path, caddyfile)
		return caddyOneNote(nil, append([]string{"check", "--config", path}, args...)...)
	}
	const site = "http://:8080 {\nbind 127.0.0.1\nonenote\n}\n"
	check("{\nadmin off\npersist_config off\nonenote {\nclient_id x\nclient_secret literal\n}\n}\n"+site).
		want(t, 0, "warning: account default: client_secret is written out in the configuration", "account default: ok (microsoft_account, code flow)")
	check("{\nonenote {\nprovider azure_ad\nclient_id x\ntenant consumers\n}\n}\n"+site).want(t, exitFailed, "account default")
	check("{\nadmin off\npersist_config off\nonenote {\nclient_id x\n}\n}\nhttp://:8080 {\nonenote graph\n}\n").
		want(t, exitFailed, "the tokens of account default are for the onenote API")
	check("{\nonenote {\nclient x\n}\n}\n").want(t, exitFailed, `Error: unrecognized onenote option "client", at `, "did you mean client_id?")
	check("{\nonenote {\nclient_id x\n}\n}\n:80 {\nonenote {\nacount x\n}\n}\n").want(t, exitFailed, `Error: unrecognized subdirective acount, at `, "did you mean account?")
	check("{\nonenote {\nclient_id x\naccount a\naccount b\n}\n}\n:80 {\nroute /x* {\nonenote\n}\n}\n").want(t, exitFailed, "Error: account is missing: there are several (a, b)")
	for uri, want := range map[string]string{
		"http://localhost":                            "does not lead here",
		"http://localhost:3000/cb":                    "does not lead here",
		"https://legacy.example.com/oauth/callback":   "does not lead here",
		"http://localhost:3000/auth/default/callback": "that no site with onenote has",
	} {
		check("{\nadmin off\npersist_config off\nonenote {\nclient_id x\nredirect_uri "+uri+"\n}\n}\n"+site).
			want(t, 0, "warning: account default: redirect_uri "+uri, want, "account default: ok")
	}
	for _, uri := range []string{"localhost:8080/callback", "/auth/default/callback", "legacy.example.com/cb"} {
		check("{\nadmin off\npersist_config off\nonenote {\nclient_id x\nredirect_uri "+uri+"\n}\n}\n"+site).
			want(t, exitFailed, "account default: redirect_uri", "not a whole address")
	}
	if out := check("{\nadmin off\npersist_config off\nonenote {\nclient_id x\nredirect_uri http://localhost:8080/auth/default/callback\n}\n}\n" + site); strings.Contains(out.out, "warning") {
		t.Errorf("a redirect URI that leads here: got %s, want no warning", out.out)
	}
	check("http://:8080 {\nrespond ok\n}\n").want(t, exitFailed, "the configuration has no onenote option")
}

// TestCheckSaysWhichAPIEachSiteSpeaksTo: the account decides it where nothing is written.
func TestCheckSaysWhichAPIEachSiteSpeaksTo(t *testing.T) {
	const (
		graph = "client_id x\nprovider entra\ntenant consumers\nscopes Notes.ReadWrite offline_access openid profile"
		both  = "client_id x\naccount a\naccount b {\nprovider entra\ntenant organizations\nscopes Notes.ReadWrite offline_access\n}"
	)
	for _, tt := range []struct{ name, account, sites, want string }{
		{"an account for the OneNote API", "client_id x", "http://:8080 {\nbind 127.0.0.1\nonenote\n}",
			"site 127.0.0.1:8080 (account default): speaks to the OneNote API at https://www.onenote.com\n"},
		{"an account for Graph", graph, "http://:8080 {\nbind 127.0.0.1\nonenote\n}",
			"site 127.0.0.1:8080 (account default): speaks to Microsoft Graph at https://graph.microsoft.com; /api/ is translated for Microsoft Graph"},
		{"Graph at a URL", graph, "http://:8080 {\nbind 127.0.0.1\nonenote http://127.0.0.1:9 {\nupstream_api graph\n}\n}",
			"site 127.0.0.1:8080 (account default): speaks to Microsoft Graph at http://127.0.0.1:9; /api/ is translated for Microsoft Graph"},
		{"a public URL", graph, "http://:8080 {\nonenote {\npublic_url https://notes.example.com\n}\n}", "site https://notes.example.com (account default): speaks to Microsoft Graph"},
		{"a host", graph, "http://notes.example.com:8080 {\nonenote\n}", "site notes.example.com (account default): speaks to Microsoft Graph"},
		{"two sites, the first", both, "http://:8080 {\nonenote {\naccount a\n}\n}\nhttp://:8081 {\nonenote {\naccount b\n}\n}",
			"site :8080 (account a): speaks to the OneNote API at https://www.onenote.com\nsite :8081 (account b): speaks to Microsoft Graph"},
		{"an account of each request", graph, "http://:8080 {\nonenote {\naccount {http.auth.user.id}\n}\n}", "site :8080 (account of each request): speaks to Microsoft Graph"},
		{"OneDrive", "client_id x\nscopes wl.signin wl.offline_access onedrive.readwrite", "http://:8080 {\nonenote\n}", "speaks to the OneDrive API at https://api.onedrive.com\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "Caddyfile")
			write(t, path, "{\nadmin off\npersist_config off\nonenote {\n"+tt.account+"\n}\n}\n"+tt.sites+"\n")
			caddyOneNote(nil, "check", "--config", path).want(t, 0, tt.want)
		})
	}
}

// TestCheckSaysThatOldScopesAreForOldRegistrations, and what a new one can use.
func TestCheckSaysThatOldScopesAreForOldRegistrations(t *testing.T) {
	const advice = "for a new one, use Microsoft Graph"
	path := filepath.Join(t.TempDir(), "Caddyfile")
	write(t, path, "{\nadmin off\npersist_config off\nonenote {\nclient_id x\naccount old\naccount new {\nprovider entra\nscopes Notes.ReadWrite offline_access\n}\n}\n}\nhttp://:8080 {\nonenote {\naccount new\n}\n}\n")
	res := caddyOneNote(nil, "check", "--config", path)
	res.want(t, 0, "account old: its scopes are of use to app registrations that have had them for years; "+advice)
	if strings.Count(res.out, advice) != 1 {
		t.Errorf("got %s, want the advice for one account", res.out)
	}
}

func TestCheckOfJSONNamesTheMember(t *testing.T) {
	path := filepath.Join(t.TempDir(), "caddy.json")
	write(t, path, `{"apps":{"onenote":{"client_id":"x"},"http":{"servers":{"s":{"listen":[":8080"],"routes":[{"handle":[{"handler":"onenote","acount":"x"}]}]}}}}}`)
	caddyOneNote(nil, "check", "--config", path).want(t, exitFailed, `Error: http.handlers.onenote: json: unknown field "acount"`)
}

func TestCheckOnlineReportsWhetherTheProviderResponds(t *testing.T) {
	m := startMicrosoft(t)
	wrongClock := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	}))
	defer wrongClock.Close()
	check := func(authority string) ran {
		path := filepath.Join(t.TempDir(), "Caddyfile")
		write(t, path, "{\nadmin off\npersist_config off\nonenote {\nclient_id x\nauthority "+authority+"\n}\n}\nhttp://:8080 {\nbind 127.0.0.1\nonenote\n}\n")
		return caddyOneNote(nil, "check", "--online", "--config", path)
	}
	check(m.url).want(t, 0, m.url+"/oauth20_authorize.srf responds", m.url+tokenPath+" responds")
	check(wrongClock.URL).want(t, 0, "warning: the clock of this machine differs by")
	check("http://127.0.0.1:"+freePort(t)).want(t, exitFailed, "does not respond", "the identity provider cannot be reached", "refuses the connection", "look at the port")
}

// What people read of a command is what it found, not how Caddy came to it.
func TestCommandsLogNothingOfWhatGoesAsItShould(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Caddyfile")
	write(t, path, "{\nadmin off\npersist_config off\nonenote {\nclient_id x\n}\n}\nhttp://:8080 {\nbind 127.0.0.1\nonenote\n}\n")
	for _, command := range []string{"check", "register", "status"} {
		if err := caddy.Validate(new(caddy.Config)); err != nil { // logs as Caddy does
			t.Fatal(err)
		}
		caddyOneNote(nil, command, "--config", path)
		if caddy.Log().Core().Enabled(zapcore.InfoLevel) {
			t.Errorf("%s: got lines of level info, want warnings and errors only", command)
		}
	}
}

func TestRegisterPrintsTheRegistrationOfEachAccount(t *testing.T) {
	res := caddyOneNote(nil, "register", "--config", "testdata/register/Caddyfile")
	res.want(t, 0)
	const golden = "testdata/register/output.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(res.out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, golden), res.out); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
	one := caddyOneNote(nil, "register", "work", "--config", "testdata/register/Caddyfile")
	one.want(t, 0, "account work")
	if strings.Contains(one.out, "account personal") {
		t.Errorf("got other accounts too: %s", one.out)
	}
	caddyOneNote(nil, "register", "nobody", "--config", "testdata/register/Caddyfile").want(t, exitUsage, `there is no account "nobody"`)
}

// Who has no configuration yet learns which kinds there are. Each account that is
// offered can be used as it is printed.
func TestRegisterWithoutConfigurationOffersAccounts(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("ONENOTE_CLIENT_ID", "x")
	res := caddyOneNote(nil, "register")
	res.want(t, 0, "There is no Caddyfile here.", "Microsoft registers apps only for people who belong to a directory", "In an organization,")
	offered := regexp.MustCompile(`(?m)(?:^\t+(?:provider|tenant|client_id|scopes) .*\n)+`).FindAllString(res.out, -1)
	var audiences []string
	for _, account := range offered {
		write(t, "Caddyfile", "{\nadmin off\npersist_config off\nonenote {\n"+account+"}\n}\nhttp://:8080 {\nbind 127.0.0.1\nonenote\n}\n")
		checked := caddyOneNote(nil, "check")
		checked.want(t, 0, "account default: ok")
		if strings.Contains(checked.out, "warning") {
			t.Errorf("%s: got %s, want no warning", account, checked.out)
		}
		_, api, _ := strings.Cut(checked.out, "speaks to ")
		api, _, _ = strings.Cut(api, " at ")
		audiences = append(audiences, api)
	}
	want := []string{"the OneNote API", "Microsoft Graph", "Microsoft Graph", "the OneNote API"}
	if diff := cmp.Diff(want, audiences); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	caddyOneNote(nil, "register", "--config", "nowhere").want(t, exitFailed, "nowhere")
}

// What a provider says of a user must not reach the operator's terminal as
// control characters or as lines of its own.
func TestCommandPrintsNoControlCharactersOfOthers(t *testing.T) {
	const hostile = `bob\u001b]0;x\u0007\u001b[2J\nFAKE account: ok\u202e\u009b31m\u2028x`
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"error":"`+hostile+`"}`)
			return
		}
		_, _ = io.WriteString(w, `{"accounts":[{"name":"home","state":"ready","user":"`+hostile+`","scopes":[]}]}`)
	}))
	defer admin.Close()
	address := strings.TrimPrefix(admin.URL, "http://")
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"refresh", "home"}} {
		res := caddyOneNote(nil, append(args, "--address", address)...)
		if strings.ContainsAny(res.out+res.err, "\x1b\x07\u202e\u009b\u2028") || strings.Contains(res.out+res.err, "\nFAKE") {
			t.Errorf("%v: got %q", args, res.out+res.err)
		}
		if !strings.Contains(res.out+res.err, "bob") {
			t.Errorf("%v: got %q, want the name", args, res.out+res.err)
		}
	}
}
