// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sharedRecords are records that several nodes share, in the clear.
type sharedRecords struct {
	mu      sync.Mutex
	values  map[string][]byte
	down    bool
	updates int
	hang    atomic.Bool // updates wait until their time is over
}

func (s *sharedRecords) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *sharedRecords) updated() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.updates
}

var errDown = errors.New("the storage is down")

func (s *sharedRecords) Load(_ context.Context, name string, content any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load(name, content)
}

func (s *sharedRecords) load(name string, content any) error {
	if s.down {
		return errDown
	}
	value, ok := s.values[name]
	if !ok {
		return ErrNoRecord
	}
	return json.Unmarshal(value, content)
}

func (s *sharedRecords) Update(ctx context.Context, name string, content any, change func() bool) error {
	if s.hang.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.updates++
	if err := s.load(name, content); err != nil && !errors.Is(err, ErrNoRecord) {
		return err
	}
	if !change() {
		return nil
	}
	value, err := json.Marshal(content)
	if s.values == nil {
		s.values = make(map[string][]byte)
	}
	s.values[name] = value
	return err
}

// someone is an account with that sign-in.
type someone struct {
	signin SignIn
	stored *SignIn // by another node
	err    error   // why nothing is known
	asked  func()  // called before SignIn returns; may be nil
}

func (s *someone) SignIn(context.Context) (SignIn, error) {
	if s.asked != nil {
		s.asked()
	}
	return s.signin, s.err
}

func (s *someone) Latest(context.Context) (SignIn, error) {
	if s.stored != nil {
		s.signin = *s.stored
	}
	return s.signin, s.err
}

// node is a Service of one process.
type node struct {
	*Service
	account *someone
	seconds atomic.Int64 // the time; what runs in the background reads it too
}

func (n *node) pass(d time.Duration) { n.seconds.Add(int64(d.Seconds())) }

func newNode(t *testing.T, records *sharedRecords, secrets ...string) *node {
	t.Helper()
	n := &node{account: &someone{signin: SignIn{ID: "first", Usable: true}}}
	n.seconds.Store(1_800_000_000)
	clock := func() time.Time { return time.Unix(n.seconds.Load(), 0) }
	var keys [][]byte
	for _, s := range secrets {
		keys = append(keys, []byte(s))
	}
	n.Service = &Service{
		Account: func(name string) Account {
			if name != "notes" {
				return nil
			}
			return n.account
		},
		Memory:      new(Memory),
		Keys:        &Keyring{Secrets: func() ([][]byte, error) { return keys, nil }},
		Revocations: &Revocations{Records: records, Now: clock},
		SigningKey:  &SigningKey{Records: records},
		Now:         clock,
	}
	t.Cleanup(n.Revocations.Close)
	return n
}

func (n *node) key(t *testing.T) string {
	t.Helper()
	key, err := n.sealStatement(accessKind, statement{Account: "notes", SignIn: "first", Grant: "grant"}, keyLife)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (n *node) want(t *testing.T, key string, want error) {
	t.Helper()
	if holder, err := n.Check(t.Context(), key); !errors.Is(err, want) || err == nil && holder.Account != "notes" {
		t.Errorf("got %v, %v, want %v", holder, err, want)
	}
}

func TestKeyOpensItsAccountForAnHour(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	key := n.key(t)
	n.want(t, key, nil)
	n.pass(keyLife - time.Second)
	n.want(t, key, nil)
	n.pass(time.Second)
	n.want(t, key, ErrExpired)
}

func TestKeyOpensOnNodesThatKnowItsSecret(t *testing.T) {
	records := new(sharedRecords)
	key := newNode(t, records, "old").key(t)
	newNode(t, records, "new", "old").want(t, key, nil)
	newNode(t, records, "new").want(t, key, ErrUnknownKey)
}

func TestKeyEndsWithTheSignIn(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	key := n.key(t)
	n.account.signin = SignIn{ID: "second", Usable: true}
	n.want(t, key, ErrEnded)
	n.account.signin = SignIn{}
	n.want(t, key, ErrEnded)
}

func TestKeyOpensOnANodeThatHasNotSeenTheSignInYet(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	key := n.key(t)
	n.account.signin, n.account.stored = SignIn{ID: "before", Usable: true}, &SignIn{ID: "first", Usable: true}
	n.want(t, key, nil)
}

// Where only a new sign-in helps, a new key would be refused as the last one was, and so on.
func TestNoKeyIsGivenWhereSomebodyHasToSignIn(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	site := n.site(t)
	refresh, err := n.sealStatement(refreshKind, statement{Account: "notes", SignIn: "first", Grant: "grant", Client: "app"}, refreshLife)
	if err != nil {
		t.Fatal(err)
	}
	for usable, want := range map[bool]string{true: `"access_token"`, false: `"invalid_grant"`} {
		n.account.signin.Usable = usable
		w := postForm(site, "/oauth20_token.srf", "grant_type=refresh_token&client_id=app&refresh_token="+refresh)
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("usable %t: got %d %s, want %s", usable, w.Code, w.Body, want)
		}
	}
}

func TestKeyThatWasChangedOpensNothing(t *testing.T) {
	n := newNode(t, new(sharedRecords), "secret")
	key := n.key(t)
	for i := len(marker) + 1; i < len(key); i += 7 {
		c := byte('A')
		if key[i] == c {
			c = 'B'
		}
		n.want(t, key[:i]+string(c)+key[i+1:], ErrUnknownKey)
	}
	for _, other := range []string{"", marker, key[:len(key)-1], key + "A", key + "=", key + "\n", strings.Replace(key, marker+"a", marker+"r", 1), marker + "a" + strings.Repeat("A", 20_000)} {
		n.want(t, other, ErrUnknownKey)
	}
}

func TestRevocationReachesOtherNodesAndStays(t *testing.T) {
	records := new(sharedRecords)
	n, other := newNode(t, records, "secret"), newNode(t, records, "secret")
	key := n.key(t)
	other.want(t, key, nil)
	n.Revocations.revoke(t.Context(), "grant")
	n.want(t, key, ErrRevoked)
	newNode(t, records, "secret").want(t, key, ErrRevoked) // after a restart
	other.pass(revocationsEvery)
	_, _ = other.Check(t.Context(), key) // reads in the background
	other.Revocations.Close()
	other.want(t, key, ErrRevoked)
}

func TestIdleNodeReadsRevocationsBeforeItOpensAKey(t *testing.T) {
	records := new(sharedRecords)
	n, other := newNode(t, records, "secret"), newNode(t, records, "secret")
	key := n.key(t)
	other.want(t, key, nil)
	n.Revocations.revoke(t.Context(), "grant")
	other.pass(revocationsStale)
	other.want(t, key, ErrRevoked)
}

func TestKeyIsNotDeadWhileRevocationsCannotBeRead(t *testing.T) {
	records := &sharedRecords{down: true}
	n := newNode(t, records, "secret")
	key := n.key(t)
	if _, err := n.Check(t.Context(), key); !errors.Is(err, errDown) || IsDead(err) {
		t.Errorf("got %v, want the failure of the storage", err)
	}
	records.down = false
	n.want(t, key, nil)
	records.down = true
	n.Revocations.revoke(t.Context(), "grant")
	n.want(t, key, ErrRevoked) // also if it cannot be stored
}

func TestRevocationsAreBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	until := map[string]int64{"old": now.Unix(), "oldest": now.Unix() + 1}
	for i := range maxRevocations {
		until[strings.Repeat("g", i+1)] = now.Unix() + 2
	}
	trim(until, now)
	if _, ok := until["oldest"]; ok || len(until) != maxRevocations {
		t.Errorf("got %d revocations, want the newest %d", len(until), maxRevocations)
	}
}

func TestNodesShareTheSigningKey(t *testing.T) {
	records := new(sharedRecords)
	first, second := newNode(t, records, "secret"), newNode(t, records, "secret")
	a, err := first.SigningKey.public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := second.SigningKey.public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Keys) != 1 || a.Keys[0].KeyID != b.Keys[0].KeyID || !a.Keys[0].IsPublic() {
		t.Errorf("got %v and %v, want one public key", a, b)
	}
}

func FuzzKey(f *testing.F) {
	f.Add("onpxkey1a", "grant_type=refresh_token&refresh_token=x&client_id=y")
	f.Fuzz(func(t *testing.T, key, form string) {
		n := newNode(t, new(sharedRecords), "secret")
		if holder, err := n.Check(t.Context(), key); !errors.Is(err, ErrUnknownKey) || holder != (Holder{}) {
			t.Fatalf("%q: got %v, %v", key, holder, err)
		}
		p := parseParams(form)
		for name := range p.twice {
			if !p.has(name) {
				t.Fatalf("%q: %q is given twice, and not at all", form, name)
			}
		}
	})
}
