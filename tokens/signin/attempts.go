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
)

// Bounds of the pending sign-ins. Beginning one costs nothing, so whoever may
// begin any could otherwise fill the memory with them.
const (
	maxAttempts           = 256
	maxAttemptsPerAccount = 32
)

// attemptLife is how long a sign-in may take, how long a decision about it may
// take, and how long its result is remembered.
const attemptLife = 10 * time.Minute

// Attempts holds the sign-ins under way: at most 32 for an account and 256 in
// all, the oldest giving way, each for ten minutes. It outlives the Pages that
// use it, so that a reload of the configuration between the button and the
// provider's answer ends no sign-in; it holds data only, no account, logger,
// storage or clock. The zero value is not ready; see [NewAttempts].
type Attempts struct {
	mu     sync.Mutex
	list   []*attempt // oldest first
	closed bool
	polls  sync.WaitGroup
}

// NewAttempts returns an empty store of pending sign-ins.
func NewAttempts() *Attempts { return new(Attempts) }

// Close ends all attempts, waits for those who poll for one, and lets no new
// attempt in. It always returns nil.
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

// Why a provider's answer is not accepted. None of them ends an attempt:
// otherwise a stray request could end somebody else's sign-in.
var (
	errNoState      = errors.New("the answer carries no state")
	errUnknownState = errors.New("the state is unknown or too old")
	errUsedState    = errors.New("the state was used before")
	errOtherAccount = errors.New("the state belongs to another account")
	errOtherBrowser = errors.New("the state belongs to another browser")
	errClosed       = errors.New("the server is shutting down")
)

// add takes a new attempt in and returns it as it is kept, with an id.
func (s *Attempts) add(now time.Time, t attempt) (attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return attempt{}, errClosed
	}
	t.id = randomText()
	t.ctx, t.end = context.WithCancelCause(context.Background())
	s.sweep(now)
	s.makeRoom(t.account)
	s.list = append(s.list, &t)
	return t, nil
}

// makeRoom drops the oldest attempt of the account, and the oldest of all,
// where the bound is reached.
func (s *Attempts) makeRoom(account string) {
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

// sweep ends what took too long and forgets results that are old.
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
			t.failure = &tokens.StatusError{
				Class:   tokens.SigninRequired,
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

// settle ends an attempt and erases what it needed; its result stays a while.
func (t *attempt) settle(now time.Time, p phase) {
	t.phase = p
	t.expires = now.Add(attemptLife)
	t.verifier, t.grant, t.other, t.url = "", nil, nil, ""
	t.end(nil)
}

// find returns the attempt with that id, still under the lock.
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

// byState returns the attempt with that state, still under the lock.
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

// peek returns a copy of the attempt that waits for this state, and leaves it
// waiting.
func (s *Attempts) peek(now time.Time, account, state string) (attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.byState(now, account, state)
	if err != nil {
		return attempt{}, err
	}
	return *t, nil
}

// take uses a waiting attempt up, before anything is done with the answer: of
// two answers with one state the second finds nothing. accept has the last
// word; when it refuses, the attempt goes on waiting.
func (s *Attempts) take(now time.Time, account, state string, accept func(*attempt) error) (attempt, error) {
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

// takeNewest is take for what names no attempt: the newest one in that phase
// that accept knows for the caller's own is meant.
func (s *Attempts) takeNewest(now time.Time, account string, p phase, accept func(*attempt) error) (attempt, error) {
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

// succeed notes who signed in.
func (s *Attempts) succeed(now time.Time, id, user string) {
	s.update(now, id, func(t *attempt) {
		t.settle(now, done)
		t.user = user
	})
}

// fail notes why nobody did.
func (s *Attempts) fail(now time.Time, id string, e *tokens.StatusError) {
	s.update(now, id, func(t *attempt) {
		t.settle(now, failed)
		t.failure = e
	})
}

// hold keeps a grant until the user has said whether it was meant.
func (s *Attempts) hold(now time.Time, id string, g *tokens.Grant, other *tokens.OtherUserError) {
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

// waits reports whether a browser sign-in of the account is under way.
func (s *Attempts) waits(now time.Time, account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	return slices.ContainsFunc(s.list, func(t *attempt) bool {
		return t.account == account && t.phase == waiting && t.device == nil && !t.operator
	})
}

// Forget drops all attempts of an account, and the tokens that some may hold.
// It belongs to a sign-out: nothing that was begun before brings the user back,
// not even an answer that is being redeemed.
func (s *Attempts) Forget(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
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

// startPolling makes the caller the only one who polls for a device sign-in.
// It must call stopPolling when it is done.
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

// stopPolling lets another one take over.
func (s *Attempts) stopPolling(now time.Time, id string) {
	s.update(now, id, func(t *attempt) { t.polled = false })
	s.polls.Done()
}
