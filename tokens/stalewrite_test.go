// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// lostLock is a storage whose locks stop nobody, as when a process was stopped for
// so long that its lock went stale.
type lostLock struct{ Storage }

func (lostLock) Lock(context.Context, string) error   { return nil }
func (lostLock) Unlock(context.Context, string) error { return nil }

// transportFunc is an http.RoundTripper.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func tokenResponse(req *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Request: req, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

// during is an account on a storage that does not lock, whose next token request gets
// a response after something else was done.
func (r *rig) during(status int, body string, do func()) *Account {
	a := r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil }), func(o *Options) {
		o.Storage = lostLock{r.storage}
		o.Client = oauth.NewHTTPClient(transportFunc(func(req *http.Request) (*http.Response, error) {
			do()
			return tokenResponse(req, status, body), nil
		}))
	})
	return a
}

// storedRecord returns what the storage has.
func (r *rig) storedRecord() *record {
	r.t.Helper()
	rec := new(record)
	value := load(r.t, r.storage, RecordKey("default"))
	if _, err := openRecord(r.keys, RecordKey("default"), r.config().Fingerprint(), value, rec); err != nil {
		r.t.Fatal(err)
	}
	return rec
}

var lateResponses = map[string]struct {
	status int
	body   string
}{
	"success": {200, `{"access_token":"late","refresh_token":"late-refresh","expires_in":3600}`},
	"503":     {503, ""},
	"refusal": {400, `{"error":"invalid_grant"}`},
}

func TestLateRefreshDoesNotUndoSignOutElsewhere(t *testing.T) {
	for name, response := range lateResponses {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
			other := r.account(none)
			if err := other.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
				t.Fatal(err)
			}
			a := r.during(response.status, response.body, func() {
				r.clock.Advance(time.Second)
				if err := other.SignOut(context.Background()); err != nil {
					t.Error(err)
				}
			})
			if err := a.ForceRefresh(context.Background()); err == nil {
				t.Error("got a token after the sign-out")
			}
			_, _, err := a.Token(context.Background())
			wantFailure(t, err, oauth.SigninRequired, codeSignedOut)
			wantState(t, a, SignedOut)
			wantState(t, r.account(none), SignedOut)
		})
	}
}

func TestLateRefreshDoesNotReplaceNewerSignIn(t *testing.T) {
	for name, response := range lateResponses {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
			other := r.account(none)
			if err := other.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
				t.Fatal(err)
			}
			a := r.during(response.status, response.body, func() {
				r.clock.Advance(time.Second)
				if err := other.Adopt(context.Background(), r.signedIn("newer", "newer-refresh"), true); err != nil {
					t.Error(err)
				}
			})
			if err := a.ForceRefresh(context.Background()); err != nil {
				t.Errorf("got %v, want the token of the newer sign-in", err)
			}
			for _, p := range []*Account{a, r.account(none)} {
				if authorization, _, err := p.Token(context.Background()); err != nil || authorization != "Bearer newer" {
					t.Errorf("got %q, %v, want the token of the newer sign-in", authorization, err)
				}
			}
			if got := r.storedRecord().RefreshToken; got != "newer-refresh" {
				t.Errorf("got refresh token %q in the storage, want the newer one", got)
			}
		})
	}
}

// A strict provider would end the sign-in at the next use of the old token.
func TestLateFailureDoesNotWriteUsedRefreshToken(t *testing.T) {
	r := newRig(t)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	other := r.account(none, func(o *Options) {
		o.Client = oauth.NewHTTPClient(transportFunc(func(req *http.Request) (*http.Response, error) {
			return tokenResponse(req, 200, `{"access_token":"second","refresh_token":"RT2","expires_in":3600}`), nil
		}))
	})
	if err := other.Adopt(context.Background(), r.signedIn("first", "RT1"), false); err != nil {
		t.Fatal(err)
	}
	a := r.during(503, "", func() {
		r.clock.Advance(time.Minute)
		if err := other.ForceRefresh(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := a.ForceRefresh(context.Background()); err != nil {
		t.Errorf("got %v, want the token of the other process", err)
	}
	if got := r.storedRecord(); got.RefreshToken != "RT2" || got.LastFailure != nil {
		t.Errorf("got refresh token %q and failure %v in the storage, want RT2 and none", got.RefreshToken, got.LastFailure)
	}
	wantState(t, a, Ready)
}

func TestFailuresDoNotWriteRecord(t *testing.T) {
	for name, response := range lateResponses {
		if response.status == 200 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			a := r.during(response.status, response.body, func() {})
			if err := a.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
				t.Fatal(err)
			}
			before := load(t, r.storage, RecordKey("default"))
			if err := a.ForceRefresh(context.Background()); err == nil {
				t.Fatal("got a token from a provider that fails")
			}
			if !bytes.Equal(load(t, r.storage, RecordKey("default")), before) {
				t.Error("a failure wrote the record")
			}
		})
	}
}

// stopping is a storage that stops the process once, after it has read the record.
type stopping struct {
	Storage
	stop func()
}

func (s *stopping) Load(ctx context.Context, key string) ([]byte, error) {
	value, err := s.Storage.Load(ctx, key)
	if stop := s.stop; stop != nil && key == RecordKey("default") {
		s.stop = nil
		stop()
	}
	return value, err
}

// A lock of a file storage lives ten seconds without its holder, one of Redis five.
func TestUsedRefreshTokenIsNotSentAfterStop(t *testing.T) {
	for _, stopped := range []time.Duration{5 * time.Second, 11 * time.Second} {
		t.Run(stopped.String(), func(t *testing.T) {
			r := newRig(t)
			r.control("POST", "strict", map[string]bool{"on": true})
			other := r.account(r.config(), func(o *Options) { o.Storage = lostLock{r.storage} })
			r.wantToken(other)
			s := &stopping{Storage: lostLock{r.storage}}
			a := r.account(r.config(), func(o *Options) { o.Storage = s })
			r.wantToken(a)
			r.clock.Advance(2 * time.Hour)
			lock, err := a.lock(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			s.stop = func() { // for long enough to lose the lock, after the record was read under it
				r.clock.Advance(stopped)
				r.wantToken(other)
			}
			if err := a.read(context.Background()); err != nil {
				t.Fatal(err)
			}
			if _, err := a.refreshLocked(context.Background(), lock, demand{}); !errors.Is(err, errOutlived) {
				t.Errorf("got %v, want that the lock is not trusted", err)
			}
			lock.unlock()
			r.wantToken(a) // the refresh begins again, and finds the new token
			r.clock.Advance(2 * time.Hour)
			r.wantToken(a)
		})
	}
}

func TestOldClientDoesNotOverwriteRecordOfNewClient(t *testing.T) {
	r := newRig(t)
	none := func(id string) oauth.Config {
		return r.config(func(c *oauth.Config) { c.RefreshToken, c.ClientID = nil, id })
	}
	old := r.account(none("client"))
	if err := old.Adopt(context.Background(), r.signedIn("old", "emulator-refresh-token"), false); err != nil {
		t.Fatal(err)
	}
	fresh := r.account(none("another"))
	r.clock.Advance(time.Second)
	if err := fresh.Adopt(context.Background(), r.signedIn("new", "refresh"), true); err != nil {
		t.Fatal(err)
	}
	before := load(t, r.storage, RecordKey("default"))
	if err := old.ForceRefresh(context.Background()); err == nil {
		t.Error("the old client's sign-in was refreshed")
	}
	old.followStorage(context.Background())
	if !bytes.Equal(load(t, r.storage, RecordKey("default")), before) {
		t.Error("the process of the old client has overwritten the record of the new one")
	}
	wantState(t, old, NeedsSignin)
	wantState(t, fresh, Ready)
}

// noMarker is a storage that takes no marker, so that no sign-out is noted.
type noMarker struct{ Storage }

func (s noMarker) Store(ctx context.Context, key string, value []byte) error {
	if key == markerKey("default") {
		return errDown
	}
	return s.Storage.Store(ctx, key, value)
}

// A record that was read before a sign-out may arrive after it.
func TestSlowLoadDoesNotUndoSignOut(t *testing.T) {
	for name, storage := range map[string]func(Storage) Storage{
		"noted":     func(s Storage) Storage { return s },
		"not noted": func(s Storage) Storage { return noMarker{s} },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
			if err := r.account(none).Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
				t.Fatal(err)
			}
			s := &stopping{Storage: storage(r.storage)}
			a := r.account(none, func(o *Options) { o.Storage = s })
			s.stop = func() {
				r.clock.Advance(time.Second)
				if err := a.SignOut(context.Background()); err != nil {
					t.Error(err)
				}
			}
			if err := a.load(context.Background()); err != nil {
				t.Fatal(err)
			}
			if rec, _ := a.state.known(); rec != nil {
				t.Error("the record is back in memory after the sign-out")
			}
			wantState(t, a, SignedOut)
		})
	}
}

// afterStore is a storage that calls after each value is stored.
type afterStore struct {
	Storage
	after func(key string)
}

func (s *afterStore) Store(ctx context.Context, key string, value []byte) error {
	err := s.Storage.Store(ctx, key, value)
	if s.after != nil {
		s.after(key)
	}
	return err
}

func TestRefreshFailsWhenRecordVanishesAfterItsSave(t *testing.T) {
	r := newRig(t)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	s := &afterStore{Storage: lostLock{r.storage}}
	a := r.account(none, func(o *Options) { o.Storage = s })
	if err := a.Adopt(context.Background(), r.signedIn("t", "emulator-refresh-token"), false); err != nil {
		t.Fatal(err)
	}
	other := r.account(none)
	s.after = func(key string) {
		if key != RecordKey("default") {
			return
		}
		s.after = nil
		r.clock.Advance(time.Second)
		if err := other.SignOut(context.Background()); err != nil {
			t.Error(err)
		}
	}
	wantFailure(t, a.ForceRefresh(context.Background()), oauth.SigninRequired, codeSignedOut)
	wantState(t, a, SignedOut)
}

func TestResealDoesNotSaveVanishedRecord(t *testing.T) {
	r := newRig(t)
	old, fresh := bytes.Repeat([]byte{1}, KeySize), bytes.Repeat([]byte{2}, KeySize)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	r.keys = FixedKeys{old}
	if err := r.account(none).Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	r.keys = FixedKeys{fresh, old}
	a := r.account(none)
	wantState(t, a, Ready)
	r.clock.Advance(time.Second)
	if err := r.account(none).SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	a.resealOld(context.Background())
	wantState(t, a, SignedOut)
	if _, err := r.storage.Load(context.Background(), RecordKey("default")); err == nil {
		t.Error("a record was saved after the sign-out")
	}
}

func TestRecordWrittenAfterSignOutIsDeleted(t *testing.T) {
	r := newRig(t)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	a := r.account(none)
	if err := a.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	late := load(t, r.storage, RecordKey("default"))
	r.clock.Advance(time.Second)
	if err := a.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	store(t, r.storage, RecordKey("default"), late)
	for _, p := range []*Account{a, r.account(none)} {
		wantState(t, p, SignedOut)
	}
	a.followStorage(context.Background())
	if _, err := r.storage.Load(context.Background(), RecordKey("default")); err == nil {
		t.Error("the record is still there")
	}
}

func TestLateRefreshWithoutLockDoesNotReplaceNewerSignInInMemory(t *testing.T) {
	r := newRig(t)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	other := r.account(none)
	if err := other.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	locks := &unlockable{Storage: r.storage}
	locks.refuse.Store(true)
	var a *Account
	a = r.account(none, func(o *Options) {
		o.Storage = locks
		o.Client = oauth.NewHTTPClient(transportFunc(func(req *http.Request) (*http.Response, error) {
			r.clock.Advance(time.Second)
			if err := other.Adopt(context.Background(), r.signedIn("newer", "newer-refresh"), true); err != nil {
				t.Error(err)
			}
			a.followStorage(context.Background())
			return tokenResponse(req, 200, lateResponses["success"].body), nil
		}))
	})
	if err := a.ForceRefresh(context.Background()); err != nil {
		t.Errorf("got %v, want the token of the newer sign-in", err)
	}
	if authorization, _, err := a.Token(context.Background()); err != nil || authorization != "Bearer newer" {
		t.Errorf("got %q, %v, want the token of the newer sign-in", authorization, err)
	}
	wantState(t, a, Ready)
}

// A sign-in without a refresh token keeps the one before. A strict provider refuses
// that one if a refresh that was under way has used it.
func TestSignInDuringRefreshElsewhereGetsItsRefreshToken(t *testing.T) {
	r := newRig(t)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	other := r.account(none)
	if err := other.Adopt(context.Background(), r.signedIn("t", "refresh"), false); err != nil {
		t.Fatal(err)
	}
	a := r.during(200, lateResponses["success"].body, func() {
		r.clock.Advance(time.Second)
		if err := other.Adopt(context.Background(), r.signedIn("newer", ""), false); err != nil {
			t.Error(err)
		}
	})
	if err := a.ForceRefresh(context.Background()); err != nil {
		t.Errorf("got %v, want the token of the newer sign-in", err)
	}
	if got := r.storedRecord(); got.AccessToken != "newer" || got.RefreshToken != "late-refresh" {
		t.Errorf("got tokens %q and %q in the storage, want the newer sign-in with the refreshed token", got.AccessToken, got.RefreshToken)
	}
	other.followStorage(context.Background())
	for _, p := range []*Account{a, other} {
		if rec, _ := p.state.known(); rec.RefreshToken != "late-refresh" || rec.AccessToken != "newer" {
			t.Errorf("got tokens %q and %q in memory", rec.AccessToken, rec.RefreshToken)
		}
	}
}
