// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// custom is the configuration of an account at a provider that may rotate strictly.
func (r *rig) custom() oauth.Config {
	return r.config(func(c *oauth.Config) {
		c.Provider, c.RefreshToken = oauth.Custom, nil
		c.AuthorizeURL, c.TokenURL = r.server.URL+"/oauth20_authorize.srf", r.server.URL+"/oauth20_token.srf"
		c.Authority = ""
	})
}

// brokenLock writes a lock file as a power loss leaves it.
func (r *rig) brokenLock(content []byte, age time.Duration) (path string) {
	r.t.Helper()
	path = r.storage.(*certmagic.FileStorage).Filename("locks/onenote_account_default.lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		r.t.Fatal(err)
	}
	at := r.clock.Now().Add(-age)
	if err := os.Chtimes(path, at, at); err != nil {
		r.t.Fatal(err)
	}
	return path
}

func TestAbandonedLockFileIsRemoved(t *testing.T) {
	for name, content := range map[string][]byte{
		"NUL bytes": bytes.Repeat([]byte{0}, 100),
		"half":      []byte(`{"created":"2026-11-21T0`),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			a := r.account(r.custom())
			if err := a.Adopt(context.Background(), r.signedIn("t", "emulator-refresh-token"), false); err != nil {
				t.Fatal(err)
			}
			r.brokenLock(content, time.Minute)
			if err := a.ForceRefresh(context.Background()); err != nil {
				t.Fatal(err)
			}
			wantState(t, a, Ready)
			r.brokenLock(content, time.Minute)
			if err := a.SignOut(context.Background()); err != nil {
				t.Fatal(err)
			}
			wantState(t, a, SignedOut)
		})
	}
}

// It may be a lock that is being written.
func TestYoungUndecodableLockIsKept(t *testing.T) {
	r := newRig(t)
	a := r.account(r.custom())
	if err := a.Adopt(context.Background(), r.signedIn("t", "emulator-refresh-token"), false); err != nil {
		t.Fatal(err)
	}
	path := r.brokenLock([]byte("\x00"), time.Second)
	wantFailure(t, a.ForceRefresh(context.Background()), oauth.Transient, "storage_lock")
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the lock is gone: %v", err)
	}
	if s := wantState(t, a, Degraded); s.Error == nil || s.Error.Code != "storage_lock" {
		t.Errorf("got error %+v, want storage_lock", s.Error)
	}
}

// waiting is a storage whose lock another process has for ever, and keeps alive.
type waiting struct {
	*certmagic.FileStorage
	rig *rig
}

func (s waiting) Lock(context.Context, string) error {
	path := s.Filename("locks/onenote_account_default.lock")
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	s.rig.clock.Advance(lockLimit)
	s.rig.brokenLock([]byte(`{"created":"2026-11-21T09:00:00Z","updated":"`+s.rig.clock.Now().Format(time.RFC3339)+`"}`), 0)
	return context.DeadlineExceeded
}

func (waiting) Unlock(context.Context, string) error { return nil }

func TestLockThatOneOwnerHasForTooLongIsRemoved(t *testing.T) {
	r := newRig(t)
	a := r.account(r.custom(), func(o *Options) { o.Storage = waiting{r.storage.(*certmagic.FileStorage), r} })
	if err := a.Adopt(context.Background(), r.signedIn("t", "emulator-refresh-token"), false); err != nil {
		t.Fatal(err)
	}
	r.brokenLock([]byte(`{"created":"2026-11-21T09:00:00Z"}`), 0)
	began := r.clock.Now()
	for a.ForceRefresh(context.Background()) != nil {
		if r.clock.Now().Sub(began) > 2*longestHold {
			t.Fatal("the lock stops the account for ever")
		}
	}
	if waited := r.clock.Now().Sub(began); waited < longestHold {
		t.Errorf("the lock was removed after %v, while its owner may still have needed it", waited)
	}
	wantState(t, a, Ready)
}

// unlockable is a storage whose locks cannot be had.
type unlockable struct {
	Storage
	refuse atomic.Bool
}

func (s *unlockable) Lock(ctx context.Context, name string) error {
	if s.refuse.Load() {
		return errors.New("decoding lockfile contents: invalid character")
	}
	return s.Storage.Lock(ctx, name)
}

func TestStateSaysThatStorageCannotBeLocked(t *testing.T) {
	r := newRig(t)
	s := &unlockable{Storage: r.storage}
	a := r.account(r.custom(), func(o *Options) { o.Storage = s })
	if err := a.Adopt(context.Background(), r.signedIn("t", "emulator-refresh-token"), false); err != nil {
		t.Fatal(err)
	}
	s.refuse.Store(true)
	r.clock.Advance(2 * time.Hour)
	_, _, err := a.Token(context.Background())
	wantFailure(t, err, oauth.Transient, "storage_lock")
	if s := wantState(t, a, Unavailable); s.Error == nil || s.Error.Code != "storage_lock" {
		t.Errorf("got error %+v, want storage_lock", s.Error)
	}
	s.refuse.Store(false)
	a.state.sent.Store(false) // nobody asks; it recovers all the same
	a.refreshInBackground(context.Background())
	for a.state.refreshingAhead.Load() {
		time.Sleep(time.Millisecond)
	}
	wantState(t, a, Ready)
	r.wantToken(a)
}

// Their refresh tokens stay valid after use.
func TestMicrosoftAccountIsRefreshedWhenStorageIsDown(t *testing.T) {
	r := newRig(t)
	away := &downStorage{Storage: r.storage}
	a := r.account(r.config(), func(o *Options) { o.Storage = away })
	r.wantToken(a)
	away.down.Store(true)
	for range 12 { // for a day
		r.clock.Advance(2 * time.Hour)
		r.wantToken(a)
		if s := wantState(t, a, Degraded); s.Error == nil || s.Error.Code != codeNotSaved {
			t.Errorf("got error %+v, want not_saved", s.Error)
		}
		a.followStorage(context.Background())
	}
	away.down.Store(false)
	a.followStorage(context.Background())
	wantState(t, a, Ready)
	before := r.tokenRequests()
	r.wantToken(r.account(r.config()))
	if r.tokenRequests() != before {
		t.Error("the refreshed token was not saved when the storage was back")
	}
}

func TestCustomAccountIsUnavailableWhenStorageIsDown(t *testing.T) {
	r := newRig(t)
	away := &downStorage{Storage: r.storage}
	a := r.account(r.custom(), func(o *Options) { o.Storage = away })
	if err := a.Adopt(context.Background(), r.signedIn("t", "emulator-refresh-token"), false); err != nil {
		t.Fatal(err)
	}
	away.down.Store(true)
	before := r.tokenRequests()
	for range 12 { // for a day
		r.clock.Advance(2 * time.Hour)
		_, _, err := a.Token(context.Background())
		wantFailure(t, err, oauth.Transient, "storage_lock")
		wantState(t, a, Unavailable)
	}
	if r.tokenRequests() != before {
		t.Error("a refresh token was sent that another process may have used")
	}
	away.down.Store(false)
	r.wantToken(a)
	wantState(t, a, Ready)
}

// failingUnlock is a storage that fails to release a lock once.
type failingUnlock struct {
	Storage
	fail bool
}

func (s *failingUnlock) Unlock(ctx context.Context, name string) error {
	if s.fail {
		s.fail = false
		return errDown
	}
	return s.Storage.Unlock(ctx, name)
}

// A file storage keeps a lock alive for as long as its process lives.
func TestLockThatWasNotReleasedIsReleasedLater(t *testing.T) {
	r := newRig(t)
	s := &failingUnlock{Storage: r.storage, fail: true}
	a := r.account(r.custom(), func(o *Options) { o.Storage = s })
	if err := a.Adopt(context.Background(), r.signedIn("t", "emulator-refresh-token"), false); err != nil {
		t.Fatal(err)
	}
	a.followStorage(context.Background())
	if _, err := os.Stat(r.storage.(*certmagic.FileStorage).Filename(a.lockKey())); err == nil {
		t.Error("the lock is still there")
	}
	if err := a.ForceRefresh(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestLostLockIsNotReleased(t *testing.T) {
	r := newRig(t)
	a := r.account(r.custom())
	lock, err := a.lock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	others := []byte(`{"created":"2026-11-21T09:00:30Z","updated":"2026-11-21T09:00:30Z"}`)
	path := r.brokenLock(others, 0)
	r.clock.Advance(time.Minute)
	lock.unlock()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, others) {
		t.Errorf("got %q, %v, want the lock of the other process", got, err)
	}
}

// rewritten is a storage whose lock file is being rewritten when it is read.
type rewritten struct {
	*certmagic.FileStorage
	empty atomic.Int32 // how many reads find nothing in it
}

func (s *rewritten) Load(ctx context.Context, key string) ([]byte, error) {
	if strings.HasPrefix(key, "locks/") && s.empty.Add(-1) >= 0 {
		return nil, nil
	}
	return s.FileStorage.Load(ctx, key)
}

// A process that was stopped rewrites its lock file at the moment at which it goes on.
// If it took that for another one's, it would wait for itself.
func TestLockIsNotLostWhileItsFileIsRewritten(t *testing.T) {
	r := newRig(t)
	s := &rewritten{FileStorage: r.storage.(*certmagic.FileStorage)}
	a := r.account(r.config(), func(o *Options) { o.Storage = s })
	lock, err := a.lock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.unlock()
	r.clock.Advance(lockTrust + time.Second)
	s.empty.Store(10)
	if lock.lost(context.Background()) {
		t.Error("the lock counts as another one's")
	}
}
