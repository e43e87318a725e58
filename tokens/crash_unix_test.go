// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tokens

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/caddyserver/certmagic"
)

// crashAt is the variable that makes the test binary a process that renews and
// is killed on the way.
const crashAt = "ONENOTE_TEST_CRASH_AT"

// The steps of a renewal at which a process may die. Between the answer and
// the end of the save, the new refresh token is known to nobody: a provider
// that rotates strictly then wants to see the user again, and no client can
// help it.
var crashes = map[string]State{
	"lock":   Ready,       // locked, not asked yet
	"answer": NeedsSignin, // the provider has answered
	"store":  NeedsSignin, // about to be saved
	"stored": Ready,       // saved, not used yet
	"unlock": Ready,
}

func TestKilledWhileRenewing(t *testing.T) {
	if step := os.Getenv(crashAt); step != "" {
		renewAndDie(t, step)
		return
	}
	for step, want := range crashes {
		t.Run(step, func(t *testing.T) {
			t.Parallel() // each waits ten seconds for the dead process's lock
			r := newRig(t)
			r.control("POST", "strict", map[string]bool{"on": true})
			// The first process lives long enough to end, as this one must not
			// have held the lock itself: the file storage goes on refreshing
			// for some seconds what it locked, whoever holds it by then.
			if status, out := r.renewInProcess("nowhere"); !status.Exited() {
				t.Fatalf("the first process: %v\n%s", status, out)
			}
			if status, out := r.renewInProcess(step); status.Signal() != syscall.SIGKILL {
				t.Fatalf("the process was not killed at %s: %v\n%s", step, status, out)
			}
			a := r.account(r.config())
			err := a.Retry(context.Background())
			wantState(t, a, want)
			if want != Ready {
				wantFailure(t, err, SigninRequired, asFailure(err).Code)
				return
			}
			if err != nil {
				t.Errorf("after a kill at %s: %v", step, err)
			}
			r.wantToken(a)
		})
	}
}

func (r *rig) renewInProcess(step string) (syscall.WaitStatus, []byte) {
	r.t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileRenewing$")
	cmd.Env = append(os.Environ(), crashAt+"="+step,
		"CRASH_AUTHORITY="+r.server.URL, "CRASH_STORAGE="+r.storage.(*certmagic.FileStorage).Path, "CRASH_KEY="+r.keys.(KeyFile).Path)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		r.t.Fatal(err)
	}
	return cmd.ProcessState.Sys().(syscall.WaitStatus), out
}

func renewAndDie(t *testing.T, step string) {
	r := &rig{
		t:       t,
		storage: &killer{Storage: &certmagic.FileStorage{Path: os.Getenv("CRASH_STORAGE")}, at: step},
		keys:    KeyFile{Path: os.Getenv("CRASH_KEY")},
	}
	c := Config{
		Name: "default", ClientID: "client", Authority: os.Getenv("CRASH_AUTHORITY"),
		RefreshToken: func() (Secret, error) { return "emulator-refresh-token", nil },
	}
	c.Complete()
	m := NewMemory()
	transport := killAfterAnswer{next: http.DefaultTransport, on: step == "answer"}
	// The emulator's clock stands where the parent's does: it judges nothing here.
	a := NewAccount(Options{Config: c, Memory: m, Storage: r.storage, Keys: r.keys, Clock: SystemClock{}, Client: NewClient(transport)})
	if err := a.Retry(context.Background()); err != nil {
		t.Fatal(err)
	}
	m.Close()
}

func die() {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// killer kills the process at a step.
type killer struct {
	Storage
	at string
}

func (k *killer) Lock(ctx context.Context, name string) error {
	err := k.Storage.Lock(ctx, name)
	if k.at == "lock" {
		die()
	}
	return err
}

func (k *killer) Store(ctx context.Context, key string, value []byte) error {
	if k.at == "store" {
		die()
	}
	err := k.Storage.Store(ctx, key, value)
	if k.at == "stored" {
		die()
	}
	return err
}

func (k *killer) Unlock(ctx context.Context, name string) error {
	err := k.Storage.Unlock(ctx, name)
	if k.at == "unlock" {
		die()
	}
	return err
}

type killAfterAnswer struct {
	next http.RoundTripper
	on   bool
}

func (k killAfterAnswer) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := k.next.RoundTrip(req)
	if k.on {
		die()
	}
	return res, err
}
