// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checked runs the command check on a Caddyfile.
func checked(t *testing.T, config string) ran {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Caddyfile")
	write(t, path, config)
	return caddyOneNote(nil, "check", "--config", path, "--adapter", "caddyfile")
}

func TestCheckWarnsOfWhatIsMostLikelyNotMeant(t *testing.T) {
	t.Setenv("ONENOTE_CLIENT_ID", "id")
	const global = "{\nadmin off\npersist_config off\nauto_https disable_redirects\nonenote {\nclient_id {env.ONENOTE_CLIENT_ID}\n}\n}\n"
	for _, tt := range []struct{ name, config, want string }{
		{"one spelling of loopback", global + "http://localhost:8080 {\nonenote\n}\n",
			"warning: a site serves localhost only: requests for 127.0.0.1 get an empty response from Caddy itself; write its address without a host"},
		{"the other spelling", global + "http://127.0.0.1:8080 {\nonenote\n}\n", "requests for localhost get an empty response"},
		{"both spellings", global + "http://localhost:8080, http://127.0.0.1:8080 {\nbind 127.0.0.1\nonenote\n}\n", ""},
		{"a host of the network", global + "http://notes.internal:8080 {\nonenote {\nallowed_hosts notes.internal\n}\n}\n", ""},
		{"TLS", global + "https://localhost:8443 {\nbind 127.0.0.1\ntls internal\nonenote\n}\n", ""},
		{"every interface", global + "http://:8080 {\nonenote\n}\n",
			"warning: a site listens on every network interface (:8080) but only this machine may use it: write bind 127.0.0.1 [::1] into it"},
		{"every interface, with a key", global + "http://:8080 {\nonenote {\nclient_key app {env.ONENOTE_CLIENT_ID}\n}\n}\n", ""},
		{"no site", global + "http://:8080 {\nbind 127.0.0.1\nrespond ok\n}\n", "warning: no site has the directive onenote"},
		{"a named route", global + "&(notes) {\nonenote\n}\nhttp://:8080 {\nbind 127.0.0.1\ninvoke notes\n}\n", ""},
		{"status pages alone", global + "http://:8080 {\nbind 127.0.0.1\nonenote_status\n}\n", ""},
		{"a variable of the shell", "{\nadmin off\npersist_config off\nonenote {\nclient_id $ONENOTE_CLIENT_ID\n}\n}\nhttp://:8080 {\nbind 127.0.0.1\nonenote\n}\n",
			"warning: account default: client_id is the text $ONENOTE_CLIENT_ID itself, because Caddy does not replace variables of the shell; write {env.ONENOTE_CLIENT_ID}"},
		{"a secret that is a variable of the shell", global + "http://:8080 {\nbind 127.0.0.1\nonenote {\nclient_key app ${KEY}\n}\n}\n",
			"warning: client_key app is the text ${KEY} itself"},
		{"an option of a site", global + "http://:8080 {\nbind 127.0.0.1\nonenote {\nallowed_hosts %HOST%\n}\n}\n", "is the text %HOST% itself"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := checked(t, tt.config)
			if !strings.Contains(got.out+got.err, tt.want) || tt.want == "" && strings.Contains(got.out, "warning:") {
				t.Errorf("got %d: %s%s\nwant %s", got.code, got.out, got.err, tt.want)
			}
		})
	}
}

func TestCheckSaysWhichVariableToSet(t *testing.T) {
	if err := os.Unsetenv("ONENOTE_CLIENT_ID"); err != nil {
		t.Fatal(err)
	}
	got := checked(t, "{\nadmin off\nonenote {\nclient_id {env.ONENOTE_CLIENT_ID}\n}\n}\nhttp://:8080 {\nonenote\n}\n")
	got.want(t, exitFailed)
	if want := "Error: account default: client_id: set the environment variable ONENOTE_CLIENT_ID\n"; got.err != want {
		t.Errorf("got  %swant %s", got.err, want)
	}
}

// Caddy's own message is a chain of prefixes, one for each module on the way.
func TestRefusedConfigurationIsLoggedInOneSentence(t *testing.T) {
	if err := os.Unsetenv("ONENOTE_CLIENT_ID"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, account, site, logger, want string }{
		{"an account", "client_id {env.ONENOTE_CLIENT_ID}", "onenote", "onenote", "account default: client_id: set the environment variable ONENOTE_CLIENT_ID"},
		{"a site", "client_id test", "onenote {\naccount nobody\n}", "http.handlers.onenote", `account: there is no account \"nobody\"`},
		{"a page", "client_id test", "onenote_status {\naccount nobody\n}", "http.handlers.onenote_status", `account: there is no account \"nobody\"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			if err := s.load(s.config(tt.account, tt.site)); err == nil {
				t.Fatal("the configuration is not refused")
			}
			want := `"logger":"` + tt.logger + `","msg":"the configuration is refused","error":"` + tt.want
			if got := strings.Count(s.log(), "the configuration is refused"); got != 1 || !strings.Contains(s.log(), want) {
				t.Errorf("got %d lines in\n%s\nwant one with %s", got, s.log(), want)
			}
		})
	}
}

func TestStartLogsAdviceAboutSites(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	config := s.plain(m)
	s.mustLoad(strings.Replace(config, "http://:", "http://localhost:", 1))
	if !strings.Contains(s.log(), "a site serves localhost only") {
		t.Errorf("got %s", s.log())
	}
}
