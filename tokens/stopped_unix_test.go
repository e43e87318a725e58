// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tokens

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func httpServer(t *testing.T, serve http.HandlerFunc) (address string) {
	t.Helper()
	s := httptest.NewServer(serve)
	t.Cleanup(s.Close)
	return s.URL
}

// A process is stopped in the middle of a refresh for so long that the other one gets
// its lock. Whatever the other one does then is what counts.
func TestStoppedProcessDoesNotUndoWhatAnotherDid(t *testing.T) {
	type step struct{ step, command string }
	for name, test := range map[string]struct {
		stop step // of the first process
		fail bool // its request fails
		do   []string
		want string // the token of both processes afterwards
	}{
		"before its request, the other refreshes":   {stop: step{"locked", "refresh"}, do: []string{"refresh"}, want: "Bearer alice"},
		"after a 503, the other refreshes":          {stop: step{"responded", "refresh"}, fail: true, do: []string{"refresh"}, want: "Bearer alice"},
		"after a 503, the other signs out":          {stop: step{"responded", "refresh"}, fail: true, do: []string{"sign-out"}, want: "signed_out"},
		"after a 503, the other signs in":           {stop: step{"responded", "refresh"}, fail: true, do: []string{"sign-in bob"}, want: "Bearer bob"},
		"after a success, the other signs out":      {stop: step{"responded", "refresh"}, do: []string{"sign-out"}, want: "signed_out"},
		"after a success, the other signs in":       {stop: step{"responded", "refresh"}, do: []string{"sign-in bob"}, want: "Bearer bob"},
		"after comparing, the other signs out":      {stop: step{"store", "refresh"}, do: []string{"sign-out"}, want: "signed_out"},
		"during a poll, the other signs out":        {stop: step{"loaded", "poll"}, do: []string{"sign-out"}, want: "signed_out"},
		"during its sign-out, the other signs in":   {stop: step{"locked", "sign-out"}, do: []string{"sign-in bob"}, want: "signed_out"},
		"out, then in, after a success of the old":  {stop: step{"responded", "refresh"}, do: []string{"sign-out", "sign-in bob"}, want: "Bearer bob"},
		"in, then out, after a 503 of the old user": {stop: step{"responded", "refresh"}, fail: true, do: []string{"sign-in bob", "sign-out"}, want: "signed_out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newStrictRig(t)
			r.issue("alice")
			r.issue("bob")
			a, b := r.start(), r.start()
			a.want("sign-in alice", "")
			b.want("token", "Bearer alice")
			if test.fail {
				r.fail()
			}
			a.stopAt(test.stop.step, test.stop.command)
			for _, command := range test.do {
				b.want(command, "")
			}
			t.Logf("the stopped process ends with %q", a.resume())
			for range 2 { // one repairs, the other sees it
				a.want("poll", "")
				b.want("poll", "")
			}
			for name, p := range map[string]*master{"stopped": a, "other": b, "new": r.start()} {
				if got := p.do("token"); got != test.want {
					t.Errorf("the %s process: got %q, want %q", name, got, test.want)
				}
			}
			if test.want != "signed_out" {
				a.want("refresh", "")
				b.want("poll", "")
				b.want("refresh", "")
			}
			r.wantNoReuse()
		})
	}
}

func TestStoppedImportDoesNotReplaceWhatAnotherDid(t *testing.T) {
	for name, test := range map[string]struct {
		token string
		do    string
		want  string
	}{
		"mistyped, the other refreshes": {"mistyped", "refresh", "Bearer alice"},
		"good, the other signs in":      {"carol-1", "sign-in bob", "Bearer bob"},
		"good, the other signs out":     {"carol-1", "sign-out", "signed_out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newStrictRig(t)
			for _, family := range []string{"alice", "bob", "carol"} {
				r.issue(family)
			}
			b := r.start()
			b.want("sign-in alice", "")
			a := r.start(func(s *processSetup) { s.Import = test.token })
			a.stopAt("responded", "background")
			b.want(test.do, "")
			a.resume()
			a.want("poll", "")
			for name, p := range map[string]*master{"stopped": a, "other": b, "new": r.start()} {
				if got := p.do("token"); got != test.want {
					t.Errorf("the %s process: got %q, want %q", name, got, test.want)
				}
			}
			r.wantNoReuse()
		})
	}
}

func TestSignOutElsewhereEndsWhatFullDiskKeptInMemory(t *testing.T) {
	t.Parallel()
	r := newStrictRig(t)
	r.issue("alice")
	a, b := r.start(), r.start()
	a.want("sign-in alice", "")
	a.want("full yes", "")
	a.want("refresh", "")
	a.want("state", "degraded")
	b.want("sign-out", "")
	a.want("full no", "")
	a.want("poll", "")
	for name, p := range map[string]*master{"full": a, "other": b, "new": r.start()} {
		if got := p.do("token"); got != "signed_out" {
			t.Errorf("the %s process: got %q, want signed_out", name, got)
		}
	}
	r.wantNoReuse()
}

func TestStoppedProcessOfOldClientDoesNotReplaceSignInOfNewOne(t *testing.T) {
	t.Parallel()
	r := newStrictRig(t)
	r.issue("alice")
	r.issue("bob")
	fresh := func(s *processSetup) { s.Client = "another" }
	a, b := r.start(), r.start(fresh)
	a.want("sign-in alice", "")
	a.stopAt("responded", "refresh")
	b.want("sign-in bob", "")
	a.resume()
	a.want("poll", "")
	a.want("state", "signin_required")
	b.want("refresh", "")
	r.start(fresh).want("token", "Bearer bob")
	r.wantNoReuse()
}
