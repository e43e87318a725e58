// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// Reported as caddy issue 7528: the admin endpoint refuses a command by its Host or
// Origin, and the message does not say what to change.
func TestCommandThatAdminEndpointRefusesSaysWhatToChange(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	s.mustLoad(strings.Replace(s.plain(m), "admin "+s.admin, "admin "+s.admin+" {\norigins other.example\nenforce_origin\n}", 1))
	caddyOneNote(nil, "status", "--address", s.admin).want(t, exitFailed, "admin endpoint at "+s.admin, "host not allowed", "origins")
}

// A response that is not the admin endpoint's is most often that of a site.
func TestCommandSaysThatAnotherServerResponds(t *testing.T) {
	const hostile = "\x1b[2J\nFAKE account: ok"
	for name, tt := range map[string]struct {
		status int
		body   string
	}{
		"an error of the API": {404, `{"error":{"code":"20102","message":"there is nothing at this path"}}`},
		"a page":              {404, "<html>" + hostile + strings.Repeat("x", 3000)},
		"a page that is fine": {200, "<html>hello"},
		"an empty error":      {502, ""},
		"nothing":             {200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer other.Close()
			address := strings.TrimPrefix(other.URL, "http://")
			res := caddyOneNote(nil, "status", "--address", address)
			res.want(t, exitFailed, address, "is that the admin endpoint?", "--address")
			if len(res.err) > 1000 || strings.ContainsAny(res.err, "\x1b") || strings.Contains(res.err, "\nFAKE") {
				t.Errorf("got %q", res.err)
			}
		})
	}
}

// Why there is no response is said, and the advice is one that can help.
func TestCommandSaysWhyAdminEndpointDoesNotRespond(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	for name, tt := range map[string]struct {
		address string
		code    int
		want    []string
	}{
		"refused":      {"127.0.0.1:" + freePort(t), exitFailed, []string{"refused", "is it running"}},
		"closed":       {l.Addr().String(), exitFailed, []string{l.Addr().String(), "is that its admin endpoint"}},
		"unknown name": {"admin.invalid:2019", exitFailed, []string{"admin.invalid", "look at the name"}},
		"no socket":    {"unix/" + filepath.Join(t.TempDir(), "x.sock"), exitFailed, []string{"no such file", "is it running"}},
		"with scheme":  {"http://localhost:2019", exitUsage, []string{"http://localhost:2019", "without a scheme", "localhost:2019"}},
	} {
		t.Run(name, func(t *testing.T) {
			caddyOneNote(nil, "status", "--address", tt.address).want(t, tt.code, tt.want...)
		})
	}
}

func TestCommandWithoutRightToSocketSaysSo(t *testing.T) {
	got := adviceFor(io.EOF)
	if !strings.Contains(got, "is it running") {
		t.Errorf("got %q", got)
	}
	denied := &net.OpError{Op: "dial", Net: "unix", Err: errDenied{}}
	if got := adviceFor(denied); !strings.Contains(got, "this user may not use that socket") {
		t.Errorf("got %q, want who may use the socket", got)
	}
}

type errDenied struct{}

func (errDenied) Error() string { return "connect: permission denied" }
