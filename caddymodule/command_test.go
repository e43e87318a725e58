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
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

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

var exitStatus = regexp.MustCompile(`status (\d)`)

// exitCodeOf returns the code with which Caddy ends for that error. The type
// that carries it is Caddy's own; its text says it.
func exitCodeOf(err error) int {
	if err == nil {
		return 0
	}
	if found := exitStatus.FindStringSubmatch(err.Error()); found != nil {
		return int(found[1][0] - '0')
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

func TestTheCommandLooksAfterAccounts(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(s.config(importedAccount(m)+"\naccount home\naccount work {\nrefresh_token none-of-mine\n}",
		"onenote "+m.url+" {\naccount home\n}"))
	caddyOneNote(nil, "status", "--address", s.admin, "home").want(t, 0, "home", "ready")
	caddyOneNote(nil, "renew", "--address", s.admin, "home").want(t, 0, "home: renewed, good until")
	caddyOneNote(nil, "renew", "--address", s.admin, "work").want(t, exitSigninRequired, "Error: account work")
	res := caddyOneNote(nil, "status", "--address", s.admin)
	res.want(t, exitSigninRequired, "home", "work", "signin_required", "sign in at "+s.url+"/auth/work/signin")
	if strings.Contains(res.err, "Error") {
		t.Errorf("the state of an account is no error of the command: %s", res.err)
	}
	var list accountList
	if err := json.Unmarshal([]byte(caddyOneNote(nil, "status", "--json", "--address", s.admin).out), &list); err != nil || len(list.Accounts) != 2 {
		t.Errorf("status --json: got %+v, %v", list, err)
	}
	caddyOneNote(nil, "signout", "--address", s.admin, "home").want(t, 0, "home: signed out")
	caddyOneNote(nil, "status", "--address", s.admin, "home").want(t, exitSigninRequired, "signed_out")

	caddyOneNote(nil, "renew", "--address", s.admin).want(t, exitUsage, "there are several accounts (home, work); say which one")
	caddyOneNote(nil, "renew", "--address", s.admin, "nobody").want(t, exitFailed, `there is no account "nobody"`)
	caddyOneNote(nil, "status", "--address", "127.0.0.1:"+freePort(t)).want(t, exitFailed, "is it running, and is that its admin endpoint?")
}

func TestWrongUsageHasItsExitCode(t *testing.T) {
	for _, args := range [][]string{
		{"sign-in"}, {"status", "--jsn"}, {"status", "a", "b"}, {"keygen", "x"}, {"signin", "--device", "--paste"}, {"signin", "--device=perhaps"},
	} {
		caddyOneNote(nil, args...).want(t, exitUsage, "Error: ")
	}
	caddyOneNote(nil).want(t, 0, "keygen", "signin")
}

func TestKeygenMakesKeys(t *testing.T) {
	one, two := caddyOneNote(nil, "keygen"), caddyOneNote(nil, "keygen")
	if one.out == two.out {
		t.Error("two keys are the same")
	}
	if _, err := tokens.ParseKey(strings.TrimSpace(one.out)); err != nil || one.code != 0 {
		t.Errorf("got %d, %v", one.code, err)
	}
}

var offeredURL = regexp.MustCompile(`(?m)^    (http\S+)$`)

func TestSigninWithAPastedAddress(t *testing.T) {
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

func TestSigninWithADeviceCode(t *testing.T) {
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

func TestCheckSaysWhatIsWrong(t *testing.T) {
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
	check("{\nonenote {\nclient x\n}\n}\n").want(t, exitFailed, `unrecognized onenote option "client"`)
	check("http://:8080 {\nrespond ok\n}\n").want(t, exitFailed, "the configuration has no onenote option")
}

func TestCheckOnlineAsksTheProvider(t *testing.T) {
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
	check(m.url).want(t, 0, m.url+"/oauth20_authorize.srf answers", m.url+tokenPath+" answers")
	check(wrongClock.URL).want(t, 0, "warning: the clock of this machine is off by")
	check("http://127.0.0.1:"+freePort(t)).want(t, exitFailed, "does not answer", "the identity provider cannot be reached")
}

func TestRegisterPrintsWhatToEnter(t *testing.T) {
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
