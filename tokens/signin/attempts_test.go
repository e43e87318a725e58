// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// pending adds an attempt and returns it with its state parameter.
func pending(t testing.TB, s *Attempts, account string) (attempt, string) {
	t.Helper()
	state := randomText()
	a, err := s.add(noon, attempt{account: account, state: digestOf(state), expires: noon.Add(attemptLife)})
	if err != nil {
		t.Fatal(err)
	}
	return a, state
}

func anybody(*attempt) error { return nil }

func TestOldestAttemptIsDroppedAtTotalBound(t *testing.T) {
	s := NewAttempts()
	defer s.Close()
	first, _ := pending(t, s, "a0")
	for i := range 2 * maxAttempts {
		pending(t, s, fmt.Sprint("a", i))
		if len(s.list) > maxAttempts {
			t.Fatalf("attempts: got %d, want at most %d", len(s.list), maxAttempts)
		}
	}
	if _, ok := s.byID(noon, first.account, first.id); ok {
		t.Error("the oldest attempt is still there")
	}
	if first.ctx.Err() == nil {
		t.Error("the attempt that gave way was not ended")
	}
}

func TestOldestAttemptIsDroppedAtAccountBound(t *testing.T) {
	s := NewAttempts()
	defer s.Close()
	other, _ := pending(t, s, "other")
	for range 2 * maxAttemptsPerAccount {
		pending(t, s, "one")
	}
	if got, want := len(s.list), maxAttemptsPerAccount+1; got != want {
		t.Errorf("attempts: got %d, want %d", got, want)
	}
	if _, ok := s.byID(noon, other.account, other.id); !ok {
		t.Error("the attempt of another account gave way")
	}
}

func TestRedeemUsesUpOnlyAcceptedAttempt(t *testing.T) {
	s := NewAttempts()
	defer s.Close()
	_, state := pending(t, s, "one")
	refusal := errors.New("not you")
	if _, err := s.redeem(noon, "one", state, func(*attempt) error { return refusal }); err != refusal {
		t.Fatalf("refused: got %v, want %v", err, refusal)
	}
	if _, err := s.redeem(noon, "two", state, anybody); err != errOtherAccount {
		t.Fatalf("other account: got %v, want %v", err, errOtherAccount)
	}
	if _, err := s.redeem(noon, "one", state, anybody); err != nil {
		t.Fatalf("accepted: got %v", err)
	}
	if _, err := s.redeem(noon, "one", state, anybody); err != errUsedState {
		t.Errorf("again: got %v, want %v", err, errUsedState)
	}
}

// TestAttemptFailsAfterItsLifetime: a state ends with its ten minutes, its outcome is known for ten
// more, and then nothing is.
func TestAttemptFailsAfterItsLifetime(t *testing.T) {
	s := NewAttempts()
	defer s.Close()
	a, state := pending(t, s, "one")
	if _, err := s.peek(noon.Add(attemptLife-1), "one", state); err != nil {
		t.Errorf("at the end: got %v, want it live", err)
	}
	late := noon.Add(attemptLife)
	if _, err := s.redeem(late, "one", state, anybody); err != errUnknownState {
		t.Errorf("after the end: got %v, want %v", err, errUnknownState)
	}
	got, ok := s.byID(late, a.account, a.id)
	if !ok || got.phase != failed || got.failure.Code != "expired" {
		t.Errorf("outcome: got %+v, %t; want it failed because it expired", got.failure, ok)
	}
	if _, ok := s.byID(late.Add(attemptLife), a.account, a.id); ok {
		t.Error("the outcome is still known")
	}
	if len(s.list) != 0 {
		t.Errorf("attempts: got %d, want none", len(s.list))
	}
}

// TestSettledAttemptHasNoSecrets: verifier, grant and address go when the
// outcome is known.
func TestSettledAttemptHasNoSecrets(t *testing.T) {
	s := NewAttempts()
	defer s.Close()
	for name, end := range map[string]func(id string){
		"success": func(id string) { s.succeed(noon, id, "ada", nil, nil) },
		"failure": func(id string) { s.fail(noon, id, &oauth.FailureStatus{}) },
		"expiry":  func(id string) { s.byID(noon.Add(attemptLife), "one", id) },
	} {
		a, err := s.add(noon, attempt{
			account: "one", state: digestOf(name), expires: noon.Add(attemptLife),
			verifier: "verifier", url: "https://login.example/?state=" + name, grant: new(oauth.Grant), other: new(tokens.OtherUserError),
		})
		if err != nil {
			t.Fatal(err)
		}
		end(a.id)
		got, ok := s.byID(noon, a.account, a.id)
		if !ok || got.verifier != "" || got.url != "" || got.grant != nil || got.other != nil {
			t.Errorf("%s: got %+v, want nothing but the outcome", name, got)
		}
		if a.ctx.Err() == nil {
			t.Errorf("%s: the polling for the attempt is not stopped", name)
		}
	}
}

func TestClosedAttemptsRefuseNewOnes(t *testing.T) {
	s := NewAttempts()
	a, state := pending(t, s, "one")
	s.Close()
	if a.ctx.Err() == nil {
		t.Error("the attempt was not ended")
	}
	if _, err := s.peek(noon, "one", state); err != errUnknownState {
		t.Errorf("state: got %v, want %v", err, errUnknownState)
	}
	if _, err := s.add(noon, attempt{}); err != errClosed {
		t.Errorf("adding: got %v, want %v", err, errClosed)
	}
	if _, ok := s.startPolling(noon, a.id); ok {
		t.Error("polling was started")
	}
}

// TestSignOutDuringExchangeWins: a response that is being redeemed while the
// user signs out does not sign them in again.
func TestSignOutDuringExchangeWins(t *testing.T) {
	memory := tokens.NewCache()
	defer memory.Close()
	c := oauth.Config{Name: "one", ClientID: "app", Flow: oauth.FlowToken}
	c.Complete()
	storage := new(witness)
	a := tokens.NewAccount(tokens.Options{Config: c, Cache: memory, Storage: storage, Keys: tokens.FixedKeys{make([]byte, 32)}})
	p := &Pages{Attempts: NewAttempts(), Accounts: []*tokens.Account{a}}
	defer p.Attempts.Close()
	_, state := pending(t, p.Attempts, "one")
	taken, err := p.Attempts.redeem(noon, "one", state, anybody)
	if err != nil {
		t.Fatal(err)
	}
	g, err := a.Client().FragmentGrant(url.Values{"access_token": {"x"}, "token_type": {"bearer"}, "expires_in": {"3600"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	p.Attempts.Forget("one")
	p.adopt(t.Context(), a, taken, g, nil)
	if storage.stored {
		t.Error("the tokens of the sign-in were stored")
	}
}

// witness is a storage that only sees whether anything is stored.
type witness struct{ stored bool }

func (w *witness) Store(context.Context, string, []byte) error { w.stored = true; return nil }
func (*witness) Load(context.Context, string) ([]byte, error)  { return nil, fs.ErrNotExist }
func (*witness) Delete(context.Context, string) error          { return nil }
func (*witness) Lock(context.Context, string) error            { return nil }
func (*witness) Unlock(context.Context, string) error          { return nil }
