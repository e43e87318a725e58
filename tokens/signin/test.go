// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"slices"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// A Test is what an API responded to a request with an account's token. Only a
// request shows whether the API takes the tokens that the provider gives.
type Test struct {
	// API is the host of the API.
	API string `json:"api"`

	// Refused says that the API does not take the token. It is false, too, where
	// the API could not be reached.
	Refused bool `json:"refused"`

	// Result says what the API responded, such as "2 notebooks".
	Result string `json:"result"`

	// Owner is the name of the person whose notebooks they are, where the API tells
	// it. Providers do not tell the name of a personal account.
	Owner string `json:"owner,omitempty"`
}

// saysNow reports whether the tests still say something about an account in that state:
// that a token was taken once is no news of one that cannot be used.
func (t tested) saysNow(state tokens.State) bool {
	if len(t.tests) == 0 || state == tokens.SignedOut {
		return false
	}
	return state.Usable() || slices.ContainsFunc(t.tests, func(t Test) bool { return t.Refused })
}

// ownerFor returns the name that an API has told for a user; empty where none did. What
// was told of another user, who was signed in at the time, says nothing.
func (t tested) ownerFor(u oauth.User) string {
	if t.user != u {
		return ""
	}
	for _, t := range t.tests {
		if t.Owner != "" {
			return t.Owner
		}
	}
	return ""
}

// tested are the tests of an account, when they were made, and of whose token.
type tested struct {
	tests []Test
	at    time.Time
	user  oauth.User
}

// Tested notes what the APIs responded last to requests with an account's token, for
// the status page.
func (s *Attempts) Tested(now time.Time, a *tokens.Account, tests []Test) {
	u, _ := a.User(context.Background()) // no storage is read: there was a token
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tests == nil {
		s.tests = make(map[string]tested)
	}
	s.tests[a.Name()] = tested{tests, now, u}
}

func (s *Attempts) lastTests(account string) tested {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tests[account]
}

// askName tests an account whose user has no name, once a process: the API may tell one.
// The page shows it the next time. Pages at a port of their own, apart from the API, cause
// no request to it.
func (p *Pages) askName(a *tokens.Account) {
	if p.Test == nil || p.PagesOnly || !p.Attempts.beginTest(a.Name()) {
		return
	}
	ctx, stop, ok := p.background(context.Background())
	if !ok {
		return
	}
	go func() {
		defer p.polls.Done()
		defer stop()
		p.test(ctx, a)
	}()
}

// beginTest reports whether no test of the account was made or begun.
func (s *Attempts) beginTest(account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, begun := s.tests[account]; begun {
		return false
	}
	if s.tests == nil {
		s.tests = make(map[string]tested)
	}
	s.tests[account] = tested{}
	return true
}

// test sends a request with the token of a sign-in to each API that the account is
// for.
func (p *Pages) test(ctx context.Context, a *tokens.Account) []Test {
	if p.Test == nil {
		return nil
	}
	tests := p.Test(ctx, a.Name())
	p.Attempts.Tested(p.clock().Now(), a, tests)
	return tests
}
