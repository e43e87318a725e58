// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func load(t *testing.T, s Storage, key string) []byte {
	t.Helper()
	b, err := s.Load(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func store(t *testing.T, s Storage, key string, value []byte) {
	t.Helper()
	if err := s.Store(context.Background(), key, value); err != nil {
		t.Fatal(err)
	}
}

func TestRecordHasNoPlaintextToken(t *testing.T) {
	r := newRig(t)
	authorization, _ := r.wantToken(r.account(r.config()))
	token := strings.TrimPrefix(authorization, "Bearer ")
	for _, key := range []string{RecordKey("default"), importsKey("default")} {
		stored := load(t, r.storage, key)
		for _, secret := range []string{token, "emulator-refresh-token"} {
			if bytes.Contains(stored, []byte(secret)) {
				t.Errorf("%s has a token in plaintext", key)
			}
		}
	}
}

func TestUnusableRecordIsReportedAndKept(t *testing.T) {
	none := func(c *oauth.Config) { c.RefreshToken = nil }
	change := func(r *rig, change func(*envelope)) {
		var e envelope
		stored := load(r.t, r.storage, RecordKey("default"))
		if err := json.Unmarshal(stored, &e); err != nil {
			r.t.Fatal(err)
		}
		change(&e)
		stored, _ = json.Marshal(e)
		store(r.t, r.storage, RecordKey("default"), stored)
	}
	flip := func(r *rig) { change(r, func(e *envelope) { e.Sealed[len(e.Sealed)/2] ^= 1 }) }
	newer := func(r *rig) { change(r, func(e *envelope) { e.Version = recordVersion + 1 }) }
	for name, test := range map[string]struct {
		harm  func(*rig)
		edit  func(*oauth.Config)
		state State
		code  string
	}{
		"flipped byte": {flip, none, NeedsSignin, "damaged_record"},
		"not JSON": {func(r *rig) { store(r.t, r.storage, RecordKey("default"), []byte("\x00\x01")) },
			none, NeedsSignin, "damaged_record"},
		"empty": {func(r *rig) { store(r.t, r.storage, RecordKey("default"), nil) },
			none, NeedsSignin, "damaged_record"},
		"another account's": {func(r *rig) {
			r.wantToken(r.account(r.config(func(c *oauth.Config) { c.Name = "other" })))
			store(r.t, r.storage, RecordKey("default"), load(r.t, r.storage, RecordKey("other")))
		}, none, NeedsSignin, "damaged_record"},
		"another client":    {func(*rig) {}, func(c *oauth.Config) { c.RefreshToken, c.ClientID = nil, "another" }, NeedsSignin, "other_client"},
		"a newer version's": {newer, none, NeedsOperator, "unknown_key"},
		"another key": {func(r *rig) { r.keys = FixedKeys{bytes.Repeat([]byte{7}, KeySize)} },
			none, NeedsOperator, "unknown_key"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.wantToken(r.account(r.config()))
			test.harm(r)
			before := load(t, r.storage, RecordKey("default"))
			requests := r.tokenRequests()
			a := r.account(r.config(test.edit))
			s := wantState(t, a, test.state)
			if s.Error == nil || s.Error.Code != test.code || s.Error.Hint == "" {
				t.Errorf("got error %+v, want %s with a hint", s.Error, test.code)
			}
			if strings.Contains(s.Error.Hint, "encryption_key") != (name == "another key") {
				t.Errorf("got the hint %q", s.Error.Hint)
			}
			if _, _, err := a.Token(context.Background()); oauth.AsFailure(err) == nil {
				t.Errorf("Token: got %v, want a failure", err)
			}
			if r.tokenRequests() != requests {
				t.Error("the token of an unusable record was sent")
			}
			if !bytes.Equal(load(t, r.storage, RecordKey("default")), before) {
				t.Error("the record was overwritten without a sign-in")
			}
		})
	}
}

func TestKeyRotationResealsRecord(t *testing.T) {
	r := newRig(t)
	old, fresh := bytes.Repeat([]byte{1}, KeySize), bytes.Repeat([]byte{2}, KeySize)
	r.keys = FixedKeys{old}
	r.wantToken(r.account(r.config()))
	r.keys = FixedKeys{fresh, old}
	a := r.account(r.config())
	wantState(t, a, Ready)
	a.resealOld(context.Background())
	r.keys = FixedKeys{fresh}
	wantState(t, r.account(r.config(func(c *oauth.Config) { c.RefreshToken = nil })), Ready)
}

func TestKeyFileIsCreatedOnceAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "seal.key")
	if _, err := (&KeyFile{Path: path}).Keys(false); err != ErrNoKey {
		t.Errorf("got %v before there is one, want ErrNoKey", err)
	}
	first, err := (&KeyFile{Path: path}).Keys(true)
	if err != nil {
		t.Fatal(err)
	}
	again, err := (&KeyFile{Path: path}).Keys(true)
	if err != nil || !bytes.Equal(first[0], again[0]) {
		t.Errorf("the second call got another key (%v)", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != fs.FileMode(0o600) {
		t.Errorf("got mode %v, want 0600", info.Mode())
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".seal-*")); len(left) > 0 {
		t.Errorf("drafts were left behind: %v", left)
	}
}

func FuzzOpenRecord(f *testing.F) {
	keys := FixedKeys{bytes.Repeat([]byte{3}, KeySize)}
	// Sealed once and for all: each fuzzing process would seal another.
	const sealed = "AclYdsBKgBzY4YSF8n513ebIH3/kbLfiIOiema29GOMGNRsxYd4XMJ3nWxH3m6J3eUPkBc6GG3Lpywwj9MWm2r/YoibATlB2mdiVpeyphC75"
	good := []byte(`{"v":1,"key_id":"c95876c0","fingerprint":"print","sealed":"` + sealed + `"}`)
	var r record
	if _, err := openRecord(keys, "key", "print", good, &r); err != nil || r.RefreshToken != "t" {
		f.Fatalf("the record of this version does not open: %v", err)
	}
	f.Add(good)
	f.Add([]byte(`{"v":1}`))
	f.Add([]byte(`{"v":9,"sealed":"AAAA"}`))
	f.Fuzz(func(t *testing.T, stored []byte) {
		var r record
		if _, err := openRecord(keys, "key", "print", stored, &r); err != nil {
			return
		}
		var e envelope
		if json.Unmarshal(stored, &e) != nil || base64.StdEncoding.EncodeToString(e.Sealed) != sealed {
			t.Fatalf("a forged record was opened: %q", stored)
		}
	})
}
