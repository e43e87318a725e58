// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
)

// downStorage is one whose server is away while down is set.
type downStorage struct {
	Storage
	down atomic.Bool
}

var errDown = errors.New("connection refused")

func (s *downStorage) Store(ctx context.Context, key string, value []byte) error {
	if s.down.Load() {
		return errDown
	}
	return s.Storage.Store(ctx, key, value)
}

func (s *downStorage) Load(ctx context.Context, key string) ([]byte, error) {
	if s.down.Load() {
		return nil, errDown
	}
	return s.Storage.Load(ctx, key)
}

func (s *downStorage) Delete(ctx context.Context, key string) error {
	if s.down.Load() {
		return errDown
	}
	return s.Storage.Delete(ctx, key)
}

func (s *downStorage) Lock(ctx context.Context, name string) error {
	if s.down.Load() {
		return errDown
	}
	return s.Storage.Lock(ctx, name)
}

func (s *downStorage) Unlock(ctx context.Context, name string) error {
	if s.down.Load() {
		return errDown
	}
	return s.Storage.Unlock(ctx, name)
}

// signedIn is a grant as a sign-in ends with it.
func (r *rig) signedIn(access, refresh string) *Grant {
	now := r.clock.Now()
	return &Grant{accessToken: Secret(access), refreshToken: Secret(refresh), obtained: now, expiry: now.Add(time.Hour), user: user{ID: "me"}, redirectURI: wireRedirect}
}

func TestSigninWhileTheStorageIsAwayIsKept(t *testing.T) {
	for name, shared := range map[string]bool{"alone": false, "shared": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			away := &downStorage{Storage: r.storage}
			r.storage = away
			away.down.Store(true)
			config := r.config(func(c *Config) { c.RefreshToken = nil })
			a := r.account(config, func(o *Options) { o.Shared = shared })
			if err := a.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
				t.Fatalf("the sign-in was lost: %v", err)
			}
			if authorization, _, err := a.Token(context.Background()); err != nil || authorization != "Bearer t" {
				t.Errorf("got %q, %v, want the token of the sign-in", authorization, err)
			}
			if s := wantState(t, a, Degraded); s.Error == nil || s.Error.Code != "not_saved" {
				t.Errorf("got error %+v, want not_saved", s.Error)
			}
			away.down.Store(false)
			a.tend(context.Background())
			wantState(t, a, Ready)
			if authorization, _, err := r.account(config).Token(context.Background()); err != nil || authorization != "Bearer t" {
				t.Errorf("after a restart: got %q, %v", authorization, err)
			}
		})
	}
}

func TestStatusWhileTheStorageIsAway(t *testing.T) {
	r := newRig(t)
	away := &downStorage{Storage: r.storage}
	r.storage = away
	a := r.account(r.config())
	r.wantToken(a)
	away.down.Store(true)
	wantState(t, a, Ready) // what is in memory serves
	r.wantToken(a)
	fresh := r.account(r.config())
	s := wantState(t, fresh, Unavailable)
	if s.Error == nil || s.Error.Code != "storage" || s.Error.Hint == "" {
		t.Errorf("got error %+v, want storage with a hint", s.Error)
	}
	_, _, err := fresh.Token(context.Background())
	wantFailure(t, err, Passing, "storage")
	away.down.Store(false)
	wantState(t, fresh, Ready)
}

func TestSignOutSaysThatTheStorageIsAway(t *testing.T) {
	r := newRig(t)
	away := &downStorage{Storage: r.storage}
	r.storage = away
	a := r.account(r.config(), func(o *Options) { o.Shared = true })
	r.wantToken(a)
	away.down.Store(true)
	wantFailure(t, a.SignOut(context.Background()), Passing, "storage_lock")
	away.down.Store(false)
	r.wantToken(a) // nothing was half done
}

// A replica that lags answers with what was there before.
func TestStorageThatLagsBringsNoUsedTokenBack(t *testing.T) {
	r := newRig(t)
	r.control("POST", "strict", map[string]bool{"on": true})
	a := r.account(r.config())
	r.wantToken(a)
	old := load(t, r.storage, RecordKey("default"))
	r.clock.Advance(2 * time.Hour)
	authorization, _ := r.wantToken(a)
	store(t, r.storage, RecordKey("default"), old)
	if err := a.look(context.Background()); err != nil {
		t.Fatal(err)
	}
	if again, _ := r.wantToken(a); again != authorization {
		t.Error("the token in use gave way to an older one")
	}
	r.clock.Advance(2 * time.Hour)
	r.wantToken(a) // with the older refresh token the provider would have ended the family
}

func TestSignOutElsewhereWithoutALockIsNotUndone(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config(), func(o *Options) { o.Shared = true })
	r.wantToken(a)
	if err := r.storage.Delete(context.Background(), RecordKey("default")); err != nil {
		t.Fatal(err)
	}
	// The answer to a renewal that was under way arrives after that.
	rec, _ := a.held.known()
	f := a.failure(SigninRequired, "invalid_grant", "refused", "Sign in again.")
	if _, err := a.renewalFailed(context.Background(), demand{}, rec, f); err == nil {
		t.Fatal("got a token")
	}
	wantState(t, r.account(r.config(func(c *Config) { c.RefreshToken = nil })), SignedOut)
}

// emptied is a file storage whose files all go at once, as those of a volume
// that is not mounted any more.
func (r *rig) emptied() (empty func()) {
	dir := r.t.TempDir() + "/volume"
	r.storage = &certmagic.FileStorage{Path: dir}
	return func() {
		r.t.Helper()
		if err := os.RemoveAll(dir); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestStorageThatIsEmptiedCostsNoSignIn(t *testing.T) {
	for name, shared := range map[string]bool{"alone": false, "shared": true} {
		for _, restarted := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", restarted ", restarted), func(t *testing.T) {
				r := newRig(t)
				empty := r.emptied()
				config := r.config(func(c *Config) { c.RefreshToken = nil })
				a := r.account(config, func(o *Options) { o.Shared = shared })
				if err := a.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
					t.Fatal(err)
				}
				if restarted { // one that has read the sign-in, and never saved it
					a = r.account(config, func(o *Options) { o.Shared = shared })
					wantState(t, a, Ready)
				}
				empty()
				if err := a.look(context.Background()); err != nil {
					t.Fatal(err)
				}
				if s := wantState(t, a, Degraded); s.Error == nil || s.Error.Code != "not_saved" || !strings.Contains(s.Error.Hint, "mounted") {
					t.Errorf("got error %+v, want not_saved and a hint at the volume", s.Error)
				}
				if authorization, _, err := a.Token(context.Background()); err != nil || authorization != "Bearer t" {
					t.Errorf("got %q, %v, want the token of the sign-in", authorization, err)
				}
				a.tend(context.Background())
				wantState(t, a, Ready)
				if authorization, _, err := r.account(config).Token(context.Background()); err != nil || authorization != "Bearer t" {
					t.Errorf("after a restart: got %q, %v, want what was saved back", authorization, err)
				}
			})
		}
	}
}

// Of a storage that is not empty a record goes only by a sign-out, also where
// it was empty in between.
func TestSignOutElsewhereFromAStorageThatWasEmptied(t *testing.T) {
	r := newRig(t)
	empty := r.emptied()
	a := r.account(r.config(), func(o *Options) { o.Shared = true })
	r.wantToken(a)
	empty()
	if err := a.look(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Degraded)
	if err := r.account(r.config(func(c *Config) { c.RefreshToken = nil })).SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	a.tend(context.Background())
	wantState(t, a, SignedOut)
	wantState(t, r.account(r.config(func(c *Config) { c.RefreshToken = nil })), SignedOut)
}

// One that was never marked says nothing by being empty.
func TestRecordThatGoesFromAStorageWithoutMarker(t *testing.T) {
	r := newRig(t)
	r.wantToken(r.account(r.config()))
	a := r.account(r.config(func(c *Config) { c.RefreshToken = nil }))
	if err := r.storage.Delete(context.Background(), markerKey("default")); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Ready)
	if err := r.storage.Delete(context.Background(), RecordKey("default")); err != nil {
		t.Fatal(err)
	}
	if err := a.look(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, SignedOut)
}

// The storage fails in the moment between the question for the record and that
// for the marker.
func TestStorageThatGoesAwayWhileItIsRead(t *testing.T) {
	r := newRig(t)
	away := &downStorage{Storage: r.storage}
	r.storage = unmarkedStorage{away}
	a := r.account(r.config())
	r.wantToken(a)
	if err := away.Delete(context.Background(), RecordKey("default")); err != nil {
		t.Fatal(err)
	}
	away.down.Store(true)
	if err := a.look(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Ready)
	r.wantToken(a)
}

// unmarkedStorage is one that says of records that they are not there, and is
// away for all else.
type unmarkedStorage struct{ *downStorage }

func (s unmarkedStorage) Load(ctx context.Context, key string) ([]byte, error) {
	if s.down.Load() && key != markerKey("default") {
		return nil, fs.ErrNotExist
	}
	return s.downStorage.Load(ctx, key)
}

func TestStorageThatComesBackIsNoticedByItself(t *testing.T) {
	r := newRig(t)
	r.wantToken(r.account(r.config()))
	away := &downStorage{Storage: r.storage}
	away.down.Store(true)
	a := r.account(r.config(), func(o *Options) { o.Storage = away })
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		a.Run(ctx)
		close(ended)
	}()
	defer func() { cancel(); <-ended }()
	r.clock.Waiters(1)
	if rec, _ := a.held.known(); rec != nil {
		t.Fatal("learnt something from a storage that is away")
	}
	away.down.Store(false)
	r.clock.Advance(tendEvery)
	r.clock.Waiters(1)
	if rec, _ := a.held.known(); rec == nil {
		t.Error("the storage is back, and nobody looked")
	}
}

func TestKeysThatAReloadChanges(t *testing.T) {
	r := newRig(t)
	memory := NewMemory()
	defer memory.Close()
	old, fresh := FixedKeys{bytes.Repeat([]byte{1}, KeySize)}, FixedKeys{bytes.Repeat([]byte{2}, KeySize)}
	none := func(c *Config) { c.RefreshToken = nil }
	with := func(keys FixedKeys) func(*Options) {
		return func(o *Options) { o.Memory, o.Keys = memory, keys }
	}
	r.wantToken(r.account(r.config(), with(old)))
	both := r.account(r.config(none), with(FixedKeys{fresh[0], old[0]}))
	both.learn(context.Background())
	r.keys = fresh
	wantState(t, r.account(r.config(none)), Ready) // sealed anew at the reload

	// The older key again, and the newer one gone: what is in memory serves,
	// and is sealed with the key that is there at the next renewal.
	back := r.account(r.config(none), with(old))
	r.wantToken(back)
	r.clock.Advance(2 * time.Hour)
	r.wantToken(back)
	r.keys = old
	wantState(t, r.account(r.config(none)), Ready)
}

// What one account saves back says nothing of another's.
func TestStorageThatIsEmptiedCostsNoAccountItsSignIn(t *testing.T) {
	r := newRig(t)
	empty := r.emptied()
	var accounts []*Account
	for _, name := range []string{"home", "work"} {
		a := r.account(r.config(func(c *Config) { c.Name, c.RefreshToken = name, nil }))
		if err := a.Adopt(context.Background(), r.signedIn(name, "refresh"), false); err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, a)
	}
	empty()
	for _, a := range accounts {
		if err := a.look(context.Background()); err != nil {
			t.Fatal(err)
		}
		a.tend(context.Background())
		wantState(t, a, Ready)
	}
	for _, a := range accounts {
		b := r.account(a.Config())
		wantState(t, b, Ready)
	}
}

// The renewed token is newer than the one that stands in the configuration,
// which may be worth nothing any more.
func TestStorageThatIsEmptiedBringsBackNoImport(t *testing.T) {
	for name, renewed := range map[string]bool{"saved back": false, "saved with a renewal": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			empty := r.emptied()
			a := r.account(r.config())
			r.wantToken(a)
			if err := a.Adopt(context.Background(), r.signedIn("t", "newer"), true); err != nil {
				t.Fatal(err)
			}
			empty()
			if renewed {
				if err := a.Adopt(context.Background(), r.signedIn("t", "newer"), true); err != nil {
					t.Fatal(err)
				}
			} else if err := a.look(context.Background()); err != nil {
				t.Fatal(err)
			}
			a.tend(context.Background())
			b := r.account(r.config())
			wantState(t, b, Ready)
			if got, _ := b.held.known(); got.RefreshToken != "newer" {
				t.Errorf("after a restart: got refresh token %q, want the newer one", got.RefreshToken)
			}
		})
	}
}

// Another process that looks while the sign-in is being saved back must not
// take it for signed out.
func TestLookWhileASignInIsSavedBack(t *testing.T) {
	r := newRig(t)
	empty := r.emptied()
	config := r.config(func(c *Config) { c.RefreshToken = nil })
	a := r.account(config)
	if err := a.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	b := r.account(config)
	wantState(t, b, Ready)
	empty()
	if err := a.look(context.Background()); err != nil {
		t.Fatal(err)
	}
	a.storage = storing{a.storage, func() {
		if err := b.look(context.Background()); err != nil {
			t.Error(err)
		}
		if r, _ := b.held.known(); r == nil {
			t.Error("the other process has taken it for a sign-out")
		}
	}}
	a.tend(context.Background())
	wantState(t, a, Ready)
}

// storing calls before each value is stored.
type storing struct {
	Storage
	before func()
}

func (s storing) Store(ctx context.Context, key string, value []byte) error {
	s.before()
	return s.Storage.Store(ctx, key, value)
}
