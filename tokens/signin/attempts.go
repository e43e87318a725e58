// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Bounds of the pending sign-ins. Beginning one costs nothing, so a client that may
// begin one could otherwise fill the memory with them.
const (
	maxAttempts           = 256
	maxAttemptsPerAccount = 32
)

// attemptLife is how long a sign-in may take, how long a decision about it may
// take, and how long its result is kept.
const attemptLife = 10 * time.Minute

// Attempts keeps the sign-ins in progress: at most 32 for an account and 256 in
// all, each for ten minutes; a new one drops the oldest. It outlives the Pages that
// use it, so that a reload of the configuration between the button and the
// provider's response ends no sign-in; it has data only, no account, logger,
// storage or clock. The zero value is not ready; see [NewAttempts].
type Attempts struct {
	mu     sync.Mutex
	list   []*attempt        // oldest first
	tests  map[string]tested // by account
	closed bool
	polls  sync.WaitGroup
}

// NewAttempts returns an empty store of pending sign-ins.
func NewAttempts() *Attempts { return new(Attempts) }

// Close ends all attempts, waits for the polling to end, and refuses new attempts.
// It always returns nil.
func (s *Attempts) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, t := range s.list {
		t.end(nil)
	}
	s.list = nil
	s.mu.Unlock()
	s.polls.Wait()
	return nil
}

// Why a provider's response is not accepted. None of them ends an attempt:
// otherwise a stray request could end another user's sign-in.
var (
	errNoState      = errors.New("the response has no state")
	errUnknownState = errors.New("the state is unknown or too old")
	errUsedState    = errors.New("the state was used before")
	errOtherAccount = errors.New("the state belongs to another account")
	errOtherBrowser = errors.New("the state belongs to another browser")
	errClosed       = errors.New("the server is shutting down")
)

// add adds a new attempt and returns it with its id.
func (s *Attempts) add(now time.Time, t attempt) (attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return attempt{}, errClosed
	}
	t.id = randomText()
	t.ctx, t.end = context.WithCancelCause(context.Background())
	s.sweep(now)
	s.dropOldest(t.account)
	s.list = append(s.list, &t)
	return t, nil
}

// dropOldest drops the oldest attempt of the account, and the oldest of all, where
// the bound is reached.
func (s *Attempts) dropOldest(account string) {
	oldest, count := -1, 0
	for i, t := range s.list {
		if t.account != account {
			continue
		}
		if oldest < 0 {
			oldest = i
		}
		count++
	}
	if count >= maxAttemptsPerAccount {
		s.drop(oldest)
	}
	if len(s.list) >= maxAttempts {
		s.drop(0)
	}
}

func (s *Attempts) drop(i int) {
	s.list[i].end(nil)
	s.list = slices.Delete(s.list, i, i+1)
}

// sweep ends attempts that took too long and deletes old results.
func (s *Attempts) sweep(now time.Time) {
	kept := s.list[:0]
	for _, t := range s.list {
		switch {
		case now.Before(t.expires):
		case t.phase == done || t.phase == failed:
			t.end(nil)
			continue
		default:
			t.settle(now, failed)
			t.failure = &oauth.FailureStatus{
				Class:   oauth.SigninRequired,
				Code:    "expired",
				Message: "the sign-in was not finished in time",
				Hint:    "Start the sign-in again.",
			}
		}
		kept = append(kept, t)
	}
	clear(s.list[len(kept):])
	s.list = kept
}

// settle ends an attempt and erases its secrets; its result stays for a while.
func (t *attempt) settle(now time.Time, p phase) {
	t.phase = p
	t.expires = now.Add(attemptLife)
	t.verifier, t.grant, t.other, t.url = "", nil, nil, ""
	t.end(nil)
}

// find returns the attempt with that id. The caller has the lock.
func (s *Attempts) find(now time.Time, id string) *attempt {
	s.sweep(now)
	want := digestOf(id)
	for _, t := range s.list {
		if want.is(t.id) {
			return t
		}
	}
	return nil
}

// byID returns a copy of the account's attempt with that id.
func (s *Attempts) byID(now time.Time, account, id string) (attempt, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.find(now, id)
	if t == nil || t.account != account {
		return attempt{}, false
	}
	return *t, true
}

// byState returns the attempt with that state. The caller has the lock.
func (s *Attempts) byState(now time.Time, account, state string) (*attempt, error) {
	if state == "" {
		return nil, errNoState
	}
	s.sweep(now)
	for _, t := range s.list {
		if t.device != nil || !t.state.is(state) {
			continue
		}
		if t.account != account {
			return nil, errOtherAccount
		}
		if t.phase == failed && t.failure.Code == "expired" {
			return nil, errUnknownState
		}
		if t.phase != waiting {
			return nil, errUsedState
		}
		return t, nil
	}
	return nil, errUnknownState
}

// peek returns a copy of the attempt that waits for this state, and does not use it
// up.
func (s *Attempts) peek(now time.Time, account, state string) (attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.byState(now, account, state)
	if err != nil {
		return attempt{}, err
	}
	return *t, nil
}

// withState returns a copy of the attempt with this state, used or not.
func (s *Attempts) withState(now time.Time, account, state string) (attempt, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	for _, t := range s.list {
		if t.account == account && state != "" && t.device == nil && t.state.is(state) {
			return *t, true
		}
	}
	return attempt{}, false
}

// redeem uses up the attempt that waits for this state, before the response is
// processed: of two responses with one state the second finds no attempt. If accept
// returns an error, the attempt goes on waiting.
func (s *Attempts) redeem(now time.Time, account, state string, accept func(*attempt) error) (attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.byState(now, account, state)
	if err == nil {
		err = accept(t)
	}
	if err != nil {
		return attempt{}, err
	}
	t.phase = redeeming
	return *t, nil
}

// redeemNewest is redeem for a request that names no attempt: it uses the newest
// one in that phase that accept accepts.
func (s *Attempts) redeemNewest(now time.Time, account string, p phase, accept func(*attempt) error) (attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	for _, t := range slices.Backward(s.list) {
		if t.account == account && t.phase == p && accept(t) == nil {
			t.phase = redeeming
			return *t, nil
		}
	}
	return attempt{}, errUnknownState
}

// succeed records who signed in, what the APIs responded to the token, and what
// should be done all the same; nil for nothing.
func (s *Attempts) succeed(now time.Time, id, user string, tests []Test, warning *oauth.FailureStatus) {
	s.update(now, id, func(t *attempt) {
		t.settle(now, done)
		t.user, t.tested, t.warning = user, tests, warning
	})
}

// fail records why nobody did.
func (s *Attempts) fail(now time.Time, id string, e *oauth.FailureStatus) {
	s.update(now, id, func(t *attempt) {
		t.settle(now, failed)
		t.failure = e
	})
}

// awaitDecision keeps a grant until the user has confirmed or declined it.
func (s *Attempts) awaitDecision(now time.Time, id string, g *oauth.Grant, other *tokens.OtherUserError) {
	s.update(now, id, func(t *attempt) {
		t.phase, t.expires = deciding, now.Add(attemptLife)
		t.grant, t.other = g, other
	})
}

func (s *Attempts) update(now time.Time, id string, change func(*attempt)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.find(now, id); t != nil {
		change(t)
	}
}

// hasPending reports whether a browser sign-in of the account is in progress.
func (s *Attempts) hasPending(now time.Time, account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	return slices.ContainsFunc(s.list, func(t *attempt) bool {
		return t.account == account && t.phase == waiting && t.device == nil && !t.operator
	})
}

// pendingCode returns the newest device sign-in of the account that waits for its code to be
// typed in, unless an operator began it.
func (s *Attempts) pendingCode(now time.Time, account string) (attempt, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	for _, t := range slices.Backward(s.list) {
		if t.account == account && t.phase == waiting && t.device != nil && !t.operator && now.Before(t.device.ExpiresAt) {
			return *t, true
		}
	}
	return attempt{}, false
}

// Forget drops all attempts of an account, and the tokens that some may have. It is
// part of a sign-out: no sign-in that was begun before it may succeed after it, not
// even one whose response is being redeemed.
func (s *Attempts) Forget(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tests, account)
	s.list = slices.DeleteFunc(s.list, func(t *attempt) bool {
		if t.account != account {
			return false
		}
		t.end(errForgotten)
		return true
	})
}

// errForgotten ends an attempt whose tokens must not be used any more.
var errForgotten = errors.New("the account was signed out during the sign-in")

// startPolling makes the caller the only one that polls for a device sign-in. The
// caller must call stopPolling at the end.
func (s *Attempts) startPolling(now time.Time, id string) (attempt, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.find(now, id)
	if t == nil || s.closed || t.device == nil || t.polled || t.phase != waiting {
		return attempt{}, false
	}
	t.polled = true
	s.polls.Add(1)
	return *t, true
}

// stopPolling lets another caller poll.
func (s *Attempts) stopPolling(now time.Time, id string) {
	s.update(now, id, func(t *attempt) { t.polled = false })
	s.polls.Done()
}
