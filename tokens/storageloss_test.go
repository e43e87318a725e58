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
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// downStorage is a storage whose server is down while down is set.
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

// signedIn is the grant of a sign-in.
func (r *rig) signedIn(access, refresh string) *oauth.Grant {
	now := r.clock.Now()
	return &oauth.Grant{AccessToken: oauth.Secret(access), RefreshToken: oauth.Secret(refresh), ObtainedAt: now, Expiry: now.Add(time.Hour), User: oauth.User{ID: "me"}, RedirectURI: redirectURI}
}

func TestSignInIsKeptWhenStorageIsDown(t *testing.T) {
	r := newRig(t)
	away := &downStorage{Storage: r.storage}
	r.storage = away
	away.down.Store(true)
	config := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	a := r.account(config)
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
	a.refreshInBackground(context.Background())
	wantState(t, a, Ready)
	if authorization, _, err := r.account(config).Token(context.Background()); err != nil || authorization != "Bearer t" {
		t.Errorf("after a restart: got %q, %v", authorization, err)
	}
}

func TestStatusIsUnavailableWhenStorageIsDown(t *testing.T) {
	r := newRig(t)
	away := &downStorage{Storage: r.storage}
	r.storage = away
	a := r.account(r.config())
	r.wantToken(a)
	away.down.Store(true)
	wantState(t, a, Ready) // by the token in memory
	r.wantToken(a)
	fresh := r.account(r.config())
	s := wantState(t, fresh, Unavailable)
	if s.Error == nil || s.Error.Code != "storage" || s.Error.Hint == "" {
		t.Errorf("got error %+v, want storage with a hint", s.Error)
	}
	_, _, err := fresh.Token(context.Background())
	wantFailure(t, err, oauth.Transient, "storage")
	away.down.Store(false)
	wantState(t, fresh, Ready)
}

func TestSignOutFailsWhenStorageIsDown(t *testing.T) {
	r := newRig(t)
	away := &downStorage{Storage: r.storage}
	r.storage = away
	a := r.account(r.config())
	r.wantToken(a)
	away.down.Store(true)
	wantFailure(t, a.SignOut(context.Background()), oauth.Transient, "storage_lock")
	away.down.Store(false)
	r.wantToken(a) // nothing was deleted
}

// A replica that lags returns an earlier record.
func TestStaleRecordFromStorageIsIgnored(t *testing.T) {
	r := newRig(t)
	r.control("POST", "strict", map[string]bool{"on": true})
	a := r.account(r.config())
	r.wantToken(a)
	old := load(t, r.storage, RecordKey("default"))
	r.clock.Advance(2 * time.Hour)
	authorization, _ := r.wantToken(a)
	store(t, r.storage, RecordKey("default"), old)
	if err := a.load(context.Background()); err != nil {
		t.Fatal(err)
	}
	if again, _ := r.wantToken(a); again != authorization {
		t.Error("the token in use was replaced by an older one")
	}
	r.clock.Advance(2 * time.Hour)
	r.wantToken(a) // with the older refresh token the provider would have revoked the grant
}

func TestLateFailureDoesNotUndoSignOut(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	r.wantToken(a)
	if err := r.storage.Delete(context.Background(), RecordKey("default")); err != nil {
		t.Fatal(err)
	}
	// The response to a refresh that was in flight arrives after that.
	rec, _ := a.state.known()
	f := a.failure(oauth.SigninRequired, "invalid_grant", "refused", "Sign in again.")
	if _, err := a.refreshFailed(context.Background(), demand{}, rec, f); err == nil {
		t.Fatal("got a token")
	}
	wantState(t, r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil })), SignedOut)
}

// emptied makes the storage one whose files can all be removed at once, as if its
// volume were unmounted.
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

func TestSignInSurvivesEmptiedStorage(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		t.Run(fmt.Sprint("restarted ", restarted), func(t *testing.T) {
			r := newRig(t)
			empty := r.emptied()
			config := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
			a := r.account(config)
			if err := a.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
				t.Fatal(err)
			}
			if restarted { // a process that has loaded the sign-in and never saved it
				a = r.account(config)
				wantState(t, a, Ready)
			}
			empty()
			if err := a.load(context.Background()); err != nil {
				t.Fatal(err)
			}
			if s := wantState(t, a, Degraded); s.Error == nil || s.Error.Code != "not_saved" || !strings.Contains(s.Error.Hint, "mounted") {
				t.Errorf("got error %+v, want not_saved and a hint at the volume", s.Error)
			}
			if authorization, _, err := a.Token(context.Background()); err != nil || authorization != "Bearer t" {
				t.Errorf("got %q, %v, want the token of the sign-in", authorization, err)
			}
			a.refreshInBackground(context.Background())
			wantState(t, a, Ready)
			if authorization, _, err := r.account(config).Token(context.Background()); err != nil || authorization != "Bearer t" {
				t.Errorf("after a restart: got %q, %v, want the record that was saved again", authorization, err)
			}
		})
	}
}

func TestSignOutIsSeenAfterStorageWasEmptied(t *testing.T) {
	r := newRig(t)
	empty := r.emptied()
	a := r.account(r.config())
	r.wantToken(a)
	empty()
	if err := a.load(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Degraded)
	if err := r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil })).SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	a.refreshInBackground(context.Background())
	wantState(t, a, SignedOut)
	wantState(t, r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil })), SignedOut)
}

func TestMissingRecordWithoutMarkerIsSignOut(t *testing.T) {
	r := newRig(t)
	r.wantToken(r.account(r.config()))
	a := r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil }))
	if err := r.storage.Delete(context.Background(), markerKey("default")); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Ready)
	if err := r.storage.Delete(context.Background(), RecordKey("default")); err != nil {
		t.Fatal(err)
	}
	if err := a.load(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, SignedOut)
}

// The storage fails between the reads of the record and of the marker.
func TestRecordIsKeptWhenStorageFailsBetweenReads(t *testing.T) {
	r := newRig(t)
	away := &downStorage{Storage: r.storage}
	r.storage = unmarkedStorage{away}
	a := r.account(r.config())
	r.wantToken(a)
	if err := away.Delete(context.Background(), RecordKey("default")); err != nil {
		t.Fatal(err)
	}
	away.down.Store(true)
	if err := a.load(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Ready)
	r.wantToken(a)
}

// unmarkedStorage reports every record as missing while it is down, and fails for
// the marker.
type unmarkedStorage struct{ *downStorage }

func (s unmarkedStorage) Load(ctx context.Context, key string) ([]byte, error) {
	if s.down.Load() && key != markerKey("default") {
		return nil, fs.ErrNotExist
	}
	return s.downStorage.Load(ctx, key)
}

// missingOnce is a storage that comes back after the record was read in vain.
type missingOnce struct {
	Storage
	missing atomic.Bool
}

func (s *missingOnce) Load(ctx context.Context, key string) ([]byte, error) {
	if key == RecordKey("default") && s.missing.Swap(false) {
		return nil, fs.ErrNotExist
	}
	return s.Storage.Load(ctx, key)
}

func TestStorageThatComesBackBetweenReadsIsNoSignOut(t *testing.T) {
	r := newRig(t)
	s := &missingOnce{Storage: r.storage}
	a := r.account(r.config(), func(o *Options) { o.Storage = s })
	r.wantToken(a)
	s.missing.Store(true)
	if err := a.load(context.Background()); err != nil {
		t.Fatal(err)
	}
	if rec, _ := a.state.known(); rec == nil {
		t.Error("it was mistaken for a sign-out")
	}
	r.wantToken(a)
}

func TestRunLoadsRecordWhenStorageIsBack(t *testing.T) {
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
	if rec, _ := a.state.known(); rec != nil {
		t.Fatal("a record was loaded from a storage that is down")
	}
	away.down.Store(false)
	r.clock.Advance(backgroundEvery)
	r.clock.Waiters(1)
	if rec, _ := a.state.known(); rec == nil {
		t.Error("the storage is back, and the record was not loaded")
	}
}

func TestReloadWithOtherKeysKeepsSignIn(t *testing.T) {
	r := newRig(t)
	memory := NewCache()
	defer memory.Close()
	old, fresh := FixedKeys{bytes.Repeat([]byte{1}, KeySize)}, FixedKeys{bytes.Repeat([]byte{2}, KeySize)}
	none := func(c *oauth.Config) { c.RefreshToken = nil }
	with := func(keys FixedKeys) func(*Options) {
		return func(o *Options) { o.Cache, o.Keys = memory, keys }
	}
	r.wantToken(r.account(r.config(), with(old)))
	both := r.account(r.config(none), with(FixedKeys{fresh[0], old[0]}))
	both.begin(context.Background())
	r.keys = fresh
	wantState(t, r.account(r.config(none)), Ready) // resealed at the reload

	// The older key alone again: the record in memory stays in use, and the next
	// refresh seals it with that key.
	back := r.account(r.config(none), with(old))
	r.wantToken(back)
	r.clock.Advance(2 * time.Hour)
	r.wantToken(back)
	r.keys = old
	wantState(t, r.account(r.config(none)), Ready)
}

// The record that one account saves again says nothing of another account.
func TestEmptiedStorageKeepsEveryAccount(t *testing.T) {
	r := newRig(t)
	empty := r.emptied()
	var accounts []*Account
	for _, name := range []string{"home", "work"} {
		a := r.account(r.config(func(c *oauth.Config) { c.Name, c.RefreshToken = name, nil }))
		if err := a.Adopt(context.Background(), r.signedIn(name, "refresh"), false); err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, a)
	}
	empty()
	for _, a := range accounts {
		if err := a.load(context.Background()); err != nil {
			t.Fatal(err)
		}
		a.refreshInBackground(context.Background())
		wantState(t, a, Ready)
	}
	for _, a := range accounts {
		b := r.account(a.Config())
		wantState(t, b, Ready)
	}
}

// The refreshed token is newer than the one in the configuration, which may be
// invalid by now.
func TestEmptiedStorageDoesNotRepeatImport(t *testing.T) {
	for name, signedIn := range map[string]bool{"saved again": false, "saved by a sign-in": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			empty := r.emptied()
			a := r.account(r.config())
			r.wantToken(a)
			if err := a.Adopt(context.Background(), r.signedIn("t", "newer"), true); err != nil {
				t.Fatal(err)
			}
			empty()
			if signedIn {
				if err := a.Adopt(context.Background(), r.signedIn("t", "newer"), true); err != nil {
					t.Fatal(err)
				}
			} else if err := a.load(context.Background()); err != nil {
				t.Fatal(err)
			}
			a.refreshInBackground(context.Background())
			b := r.account(r.config())
			wantState(t, b, Ready)
			if got, _ := b.state.known(); got.RefreshToken != "newer" {
				t.Errorf("after a restart: got refresh token %q, want the newer one", got.RefreshToken)
			}
		})
	}
}

// Another process that loads the record while it is being saved again must not
// mistake it for a sign-out.
func TestLoadDuringSaveIsNoSignOut(t *testing.T) {
	r := newRig(t)
	empty := r.emptied()
	config := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	a := r.account(config)
	if err := a.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	b := r.account(config)
	wantState(t, b, Ready)
	empty()
	if err := a.load(context.Background()); err != nil {
		t.Fatal(err)
	}
	a.storage = storing{a.storage, func() {
		if err := b.load(context.Background()); err != nil {
			t.Error(err)
		}
		if r, _ := b.state.known(); r == nil {
			t.Error("the other process mistook it for a sign-out")
		}
	}}
	a.refreshInBackground(context.Background())
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

// fullDisk refuses to store when it is full.
type fullDisk struct {
	Storage
	mu   sync.Mutex
	full bool
}

func (d *fullDisk) set(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

func (d *fullDisk) Store(ctx context.Context, key string, value []byte) error {
	d.mu.Lock()
	full := d.full
	d.mu.Unlock()
	if full {
		return errors.New("no space left on device")
	}
	return d.Storage.Store(ctx, key, value)
}
