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

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// crashAt is the variable that makes the test binary a process that refreshes and
// is killed during it.
const crashAt = "ONENOTE_TEST_CRASH_AT"

// The steps of a refresh at which a process may be killed. Between the response
// and the end of the save, nobody else has the new refresh token: a provider that
// rotates strictly then requires a sign-in, and no client can prevent that.
var crashes = map[string]State{
	"lock":     Ready,       // locked, no request sent yet
	"response": NeedsSignin, // the provider has responded
	"store":    NeedsSignin, // about to be saved
	"stored":   Ready,       // saved, not used yet
	"unlock":   Ready,
}

func TestAccountRecoversFromKillDuringRefresh(t *testing.T) {
	if step := os.Getenv(crashAt); step != "" {
		refreshAndDie(t, step)
		return
	}
	for step, want := range crashes {
		t.Run(step, func(t *testing.T) {
			t.Parallel() // each waits ten seconds for the dead process's lock
			r := newRig(t)
			r.control("POST", "strict", map[string]bool{"on": true})
			// The first refresh runs in a process of its own, too: this process
			// must not have taken the lock itself, because the file storage keeps
			// a lock fresh for some seconds after its release.
			if status, out := r.refreshInProcess("nowhere"); !status.Exited() {
				t.Fatalf("the first process: %v\n%s", status, out)
			}
			if status, out := r.refreshInProcess(step); status.Signal() != syscall.SIGKILL {
				t.Fatalf("the process was not killed at %s: %v\n%s", step, status, out)
			}
			a := r.account(r.config())
			err := a.ForceRefresh(context.Background())
			wantState(t, a, want)
			if want != Ready {
				wantFailure(t, err, oauth.SigninRequired, oauth.AsFailure(err).Status.Code)
				return
			}
			if err != nil {
				t.Errorf("after a kill at %s: %v", step, err)
			}
			r.wantToken(a)
		})
	}
}

func (r *rig) refreshInProcess(step string) (syscall.WaitStatus, []byte) {
	r.t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAccountRecoversFromKillDuringRefresh$")
	cmd.Env = append(os.Environ(), crashAt+"="+step,
		"CRASH_AUTHORITY="+r.server.URL, "CRASH_STORAGE="+r.storage.(*certmagic.FileStorage).Path, "CRASH_KEY="+r.keys.(*KeyFile).Path)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		r.t.Fatal(err)
	}
	return cmd.ProcessState.Sys().(syscall.WaitStatus), out
}

func refreshAndDie(t *testing.T, step string) {
	r := &rig{
		t:       t,
		storage: &killer{Storage: &certmagic.FileStorage{Path: os.Getenv("CRASH_STORAGE")}, at: step},
		keys:    &KeyFile{Path: os.Getenv("CRASH_KEY")},
	}
	c := oauth.Config{
		Name: "default", ClientID: "client", Authority: os.Getenv("CRASH_AUTHORITY"),
		RefreshToken: func() (oauth.Secret, error) { return "emulator-refresh-token", nil },
	}
	c.Complete()
	m := NewCache()
	transport := killAfterResponse{next: http.DefaultTransport, on: step == "response"}
	// The emulator's clock stands where the parent's does: it judges nothing here.
	a := NewAccount(Options{Config: c, Cache: m, Storage: r.storage, Keys: r.keys, Clock: oauth.SystemClock{}, Client: oauth.NewHTTPClient(transport)})
	if err := a.ForceRefresh(context.Background()); err != nil {
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

type killAfterResponse struct {
	next http.RoundTripper
	on   bool
}

func (k killAfterResponse) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := k.next.RoundTrip(req)
	if k.on {
		die()
	}
	return res, err
}
