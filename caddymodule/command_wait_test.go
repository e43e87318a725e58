// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import "testing"

func TestCommandWaitEndsWhenAccountsCanBeUsed(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	wait := func(args ...string) ran {
		return caddyOneNote(nil, append([]string{"wait", "--address", s.admin}, args...)...)
	}
	wait("--timeout", "0").want(t, exitFailed, "is it running")
	wait("--timeout", "-1s").want(t, exitUsage, "expected 0 or more")

	// It waits for the server too, and for its configuration.
	ended := make(chan ran)
	go func() { ended <- wait() }()
	s.mustLoad("{\nadmin " + s.admin + "\npersist_config off\nstorage file_system " + s.dir + "\n}\n")
	s.mustLoad(s.config("client_id test\nauthority "+m.url+"\naccount home {\nrefresh_token emulator-refresh-token\n}\naccount work",
		"onenote "+m.url+" {\naccount home\n}"))
	wait("--timeout", "10s", "home").want(t, 0, "home", "ready")
	wait("--timeout", "100ms", "work").want(t, exitSigninRequired, "signed_out", "caddy onenote signin work")
	wait("--timeout", "10s", "nobody").want(t, exitFailed, `there is no account "nobody"; the accounts are home, work`)
	select {
	case r := <-ended:
		t.Errorf("got %+v before somebody signed in to work", r)
	default:
	}
	s.signIn(browser(), "work", "one@outlook.com")
	(<-ended).want(t, 0, "home", "work")
}
