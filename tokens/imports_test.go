// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func TestImportListSurvivesKeyRotation(t *testing.T) {
	r := newRig(t)
	old, fresh := bytes.Repeat([]byte{1}, KeySize), bytes.Repeat([]byte{2}, KeySize)
	r.keys = FixedKeys{old}
	r.wantToken(r.account(r.config()))
	r.keys = FixedKeys{fresh, old}
	r.account(r.config()).begin(context.Background())
	r.keys = FixedKeys{fresh}
	a := r.account(r.config())
	wantState(t, a, Ready)
	r.clock.Advance(2 * time.Hour)
	r.wantToken(a)
}

func TestUnreadableImportListStopsOnlyImports(t *testing.T) {
	r := newRig(t)
	r.keys = FixedKeys{bytes.Repeat([]byte{1}, KeySize)}
	r.wantToken(r.account(r.config()))
	r.keys = FixedKeys{bytes.Repeat([]byte{2}, KeySize)} // the first is lost
	a := r.account(r.config())
	wantState(t, a, NeedsOperator)
	// A sign-in fixes it, whatever is left of the list.
	now := r.clock.Now()
	g := &oauth.Grant{AccessToken: "t", RefreshToken: "emulator-refresh-token", ObtainedAt: now, Expiry: now.Add(time.Hour)}
	if err := a.Adopt(context.Background(), g, false); err != nil {
		t.Fatal(err)
	}
	wantState(t, a, Ready)
	b := r.account(r.config())
	wantState(t, b, Ready)
	r.clock.Advance(2 * time.Hour)
	r.wantToken(b)
}

// imported is a configuration with a refresh token to import.
func imported(token oauth.Secret) func(*oauth.Config) {
	return func(c *oauth.Config) { c.RefreshToken = func() (oauth.Secret, error) { return token, nil } }
}

// background lets the account do what it does without a request.
func background(a *Account) {
	a.begin(context.Background())
	a.refreshInBackground(context.Background())
	for a.state.refreshingAhead.Load() {
		runtime.Gosched()
	}
}

func TestImportReplacesSignInOnlyAfterItWorked(t *testing.T) {
	for name, test := range map[string]struct {
		fault fault
		token oauth.Secret
		want  string
	}{
		"works":             {nil, "emulator-refresh-token", "imported"},
		"mistyped":          {nil, "emulator-refresh-tokne", "kept"},
		"provider is down":  {fault{"path": "/oauth20_token.srf", "status": 503}, "emulator-refresh-token", "kept"},
		"wrong secret":      {fault{"path": "/oauth20_token.srf", "status": 401, "body": `{"error":"invalid_client"}`}, "emulator-refresh-token", "kept"},
		"an empty response": {fault{"path": "/oauth20_token.srf", "status": 200, "body": ""}, "emulator-refresh-token", "kept"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
			if err := r.account(none).Adopt(context.Background(), r.signedIn("t", "good"), false); err != nil {
				t.Fatal(err)
			}
			r.clock.Advance(time.Second)
			if test.fault != nil {
				defer r.fault(test.fault)()
			}
			a := r.account(r.config(imported(test.token)))
			background(a)
			wantState(t, a, Ready)
			if got := r.storedRecord().RefreshToken == "good"; got != (test.want == "kept") {
				t.Errorf("the earlier sign-in is kept: %v, want it to be %s", got, test.want)
			}
			if _, _, err := a.Token(context.Background()); err != nil {
				t.Error(err)
			}
			// Taking the option out again leaves what there is.
			b := r.account(none)
			wantState(t, b, Ready)
			if _, _, err := b.Token(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefusedImportIsNotTriedAgain(t *testing.T) {
	r := newRig(t)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	if err := r.account(none).Adopt(context.Background(), r.signedIn("t", "good"), false); err != nil {
		t.Fatal(err)
	}
	background(r.account(r.config(imported("mistyped"))))
	before := r.tokenRequests()
	background(r.account(r.config(imported("mistyped"))))
	if n := r.tokenRequests() - before; n != 0 {
		t.Errorf("got %d token requests, want 0", n)
	}
}

func TestImportIsTriedAgainAfterTransientFailure(t *testing.T) {
	r := newRig(t)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	if err := r.account(none).Adopt(context.Background(), r.signedIn("t", "good"), false); err != nil {
		t.Fatal(err)
	}
	r.fault(fault{"path": "/oauth20_token.srf", "status": 503, "times": 1})
	a := r.account(r.config())
	background(a)
	before := r.tokenRequests()
	background(a)
	if n := r.tokenRequests() - before; n != 0 {
		t.Errorf("got %d token requests at once, want 0", n)
	}
	r.clock.Advance(misconfiguredPause)
	background(a)
	if got := r.storedRecord().RefreshToken; got == "good" {
		t.Error("the import was not tried again")
	}
	r.wantToken(a)
}

func TestImportReplacesRecordThatCannotBeUsed(t *testing.T) {
	r := newRig(t)
	old := r.config(func(c *oauth.Config) { c.RefreshToken, c.ClientID = nil, "old" })
	if err := r.account(old).Adopt(context.Background(), r.signedIn("t", "good"), false); err != nil {
		t.Fatal(err)
	}
	before := load(t, r.storage, RecordKey("default"))
	mistyped := r.account(r.config(imported("mistyped")))
	_, _, err := mistyped.Token(context.Background())
	wantFailure(t, err, oauth.SigninRequired, "other_client")
	wantState(t, mistyped, NeedsSignin)
	if !bytes.Equal(load(t, r.storage, RecordKey("default")), before) {
		t.Error("an import that did not work replaced the record of another client")
	}
	a := r.account(r.config())
	wantState(t, a, Ready)
	r.wantToken(a)
}

func TestSignOutEndsImportThatWasNotTried(t *testing.T) {
	r := newRig(t)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	if err := r.account(none).Adopt(context.Background(), r.signedIn("t", "good"), false); err != nil {
		t.Fatal(err)
	}
	a := r.account(r.config())
	wantState(t, a, Ready)
	if err := a.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	background(a)
	wantState(t, a, SignedOut)
	wantState(t, r.account(r.config()), SignedOut)
}

func TestSignInAfterSignOutIsNotReplacedByEarlierImport(t *testing.T) {
	r := newRig(t)
	none := r.config(func(c *oauth.Config) { c.RefreshToken = nil })
	if err := r.account(none).Adopt(context.Background(), r.signedIn("t", "good"), false); err != nil {
		t.Fatal(err)
	}
	a := r.account(r.config())
	wantState(t, a, Ready)
	r.clock.Advance(time.Second)
	if err := a.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Second)
	if err := a.Adopt(context.Background(), r.signedIn("t", "newer"), false); err != nil {
		t.Fatal(err)
	}
	background(a)
	if got := r.storedRecord().RefreshToken; got != "newer" {
		t.Errorf("got refresh token %q, want that of the sign-in", got)
	}
}

// failingImports is a storage that does not store the list of imports.
type failingImports struct {
	Storage
	fail bool
}

func (s *failingImports) Store(ctx context.Context, key string, value []byte) error {
	if s.fail && key == importsKey("default") {
		return errDown
	}
	return s.Storage.Store(ctx, key, value)
}

func TestUnsavedImportListDoesNotRepeatImport(t *testing.T) {
	r := newRig(t)
	r.control("POST", "strict", map[string]bool{"on": true})
	s := &failingImports{Storage: r.storage, fail: true}
	r.wantToken(r.account(r.config(), func(o *Options) { o.Storage = s }))
	// The list is missing at the next start, and is saved then.
	b := r.account(r.config())
	background(b)
	r.clock.Advance(2 * time.Hour)
	r.wantToken(b)
	if err := b.Adopt(context.Background(), r.signedIn("t", "newer"), true); err != nil {
		t.Fatal(err)
	}
	c := r.account(r.config())
	background(c)
	if got := r.storedRecord().RefreshToken; got != "newer" {
		t.Errorf("got refresh token %q, want that of the sign-in", got)
	}
}

func TestUnsavedImportListIsSavedLater(t *testing.T) {
	r := newRig(t)
	s := &failingImports{Storage: r.storage, fail: true}
	a := r.account(r.config(), func(o *Options) { o.Storage = s })
	r.wantToken(a)
	s.fail = false
	a.followStorage(context.Background())
	load(t, r.storage, importsKey("default"))
}

func TestImportThatIsTriedAgainDoesNotMakeRefusedAccountReady(t *testing.T) {
	r := newRig(t)
	other := r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil }))
	if err := other.Adopt(context.Background(), r.signedIn("t", "refused"), false); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(2 * time.Hour)
	if err := other.ForceRefresh(context.Background()); err == nil {
		t.Fatal("got a token for a refresh token that the provider does not know")
	}
	r.fault(fault{"path": "/oauth20_token.srf", "status": 503})
	a := r.account(r.config())
	for range 3 {
		if _, _, err := a.Token(context.Background()); err == nil {
			t.Fatal("got a token from a provider that fails")
		}
		r.clock.Advance(misconfiguredPause + time.Second)
		if s := a.Status(context.Background()); s.State.Usable() {
			t.Errorf("got state %s, want what requests get", s.State)
		}
	}
}
