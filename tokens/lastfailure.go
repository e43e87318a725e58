// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// lastFailure is why the last refresh failed. It is stored, because other processes
// and later starts have to know: a token that was refused is not sent again, and
// nobody asks the provider before NotBefore.
type lastFailure struct {
	oauth.FailureStatus
	Claims    string    `json:"claims,omitempty"`
	At        time.Time `json:"at"`
	NotBefore time.Time `json:"not_before,omitzero"`

	// Tries counts the failures in a row.
	Tries int `json:"tries"`
}

// UnmarshalJSON also reads the failures in records of earlier versions, which
// had another word for the class transient.
func (l *lastFailure) UnmarshalJSON(b []byte) error {
	type plain lastFailure
	if err := json.Unmarshal(b, (*plain)(l)); err != nil {
		return err
	}
	if l.Class != oauth.SigninRequired && l.Class != oauth.Misconfigured {
		l.Class = oauth.Transient
	}
	return nil
}

// The pauses after transient failures: doubled each time, spread by a fifth.
// Microsoft asks for five seconds at least; where no server was reached an earlier
// try disturbs none, nor where one has closed the connection.
const (
	firstPause   = 5 * time.Second
	shortPause   = time.Second
	longestPause = 5 * time.Minute
)

// recordFailure returns a failure as it is recorded, after an earlier one.
func (a *Account) recordFailure(f *oauth.Failure, earlier *lastFailure) *lastFailure {
	now := a.clock.Now()
	l := &lastFailure{FailureStatus: f.Status, Claims: f.Claims, At: now, Tries: 1}
	if earlier != nil && earlier.Class == l.Class {
		l.Tries = earlier.Tries + 1
	}
	if l.Class != oauth.Transient {
		return l
	}
	pause := firstPause
	if f.RetrySoon {
		pause = shortPause
	}
	for range min(l.Tries-1, 10) {
		pause = min(pause*2, longestPause)
	}
	pause += rand.N(pause*2/5) - pause/5
	l.NotBefore = now.Add(max(pause, f.Wait))
	return l
}

// failure returns a recorded failure as the error of a request made now.
func (l *lastFailure) failure(a *Account) *oauth.Failure {
	f := &oauth.Failure{Account: a.config.Name, Status: l.FailureStatus, Claims: l.Claims}
	if l.Class == oauth.Transient {
		f.Wait = max(l.NotBefore.Sub(a.clock.Now()), 0)
	}
	return f
}

// A refused refresh token is tried once more after a minute: consumer accounts
// are sometimes refused and then not. After a day it is not tried any more.
const (
	retryRefusedAfter = time.Minute
	retryRefusedUntil = 24 * time.Hour
)

// forbidsRefresh reports whether the failure is a reason not to ask the provider
// now.
func (l *lastFailure) forbidsRefresh(now time.Time) bool {
	if l.isOfOtherClock(now) {
		return l.Class == oauth.SigninRequired && l.Tries > 1
	}
	switch l.Class {
	case oauth.Transient:
		return now.Before(l.NotBefore)
	case oauth.SigninRequired:
		return l.Tries > 1 || now.Before(l.At.Add(retryRefusedAfter)) || now.After(l.At.Add(retryRefusedUntil))
	}
	return false
}

// isOfOtherClock reports whether the clock was set back since the failure: its times
// say nothing then, and could forbid a refresh for years.
func (l *lastFailure) isOfOtherClock(now time.Time) bool {
	return l.At.After(now.Add(skewAllowed))
}

// failureNote is the last failure of a generation. It is stored beside the record,
// never in it: a process that was stopped between reading the record and writing it
// would otherwise put a used refresh token back. A note of another generation than
// the record's says nothing.
type failureNote struct {
	Generation uint64       `json:"generation"`
	Failure    *lastFailure `json:"failure"`

	// AccessRefused says that the upstream has refused the access token as well.
	AccessRefused bool `json:"access_refused,omitempty"`
}

func failureKey(account string) string { return "onenote/failures/" + account + ".json" }

// noteFailure keeps a failure of the record's generation, in memory and in the
// storage. A storage that does not take it is no failure: others will ask the
// provider themselves.
func (a *Account) noteFailure(ctx context.Context, n *failureNote) {
	a.state.mu.Lock()
	a.state.setFailure(n, a.clock.Now())
	a.state.mu.Unlock()
	key := failureKey(a.config.Name)
	sealed, err := sealRecord(a.keys, key, a.fingerprint, n)
	if err == nil {
		err = a.storage.Store(ctx, key, sealed)
	}
	if err != nil {
		a.log.Debug("the failure could not be stored", zap.Error(err))
	}
	a.reportStatus()
}

// setFailure puts a note into use, unless a later one of the same generation is. The
// caller holds the lock.
func (s *accountState) setFailure(n *failureNote, now time.Time) {
	old := s.failure
	if old != nil && old.Generation == n.Generation && old.Failure.At.After(n.Failure.At) && !old.Failure.isOfOtherClock(now) {
		return
	}
	s.failure = n
	if n.AccessRefused && s.record.generation() == n.Generation && s.record != nil && s.record.AccessToken != "" {
		s.put(s.record.withoutAccess())
	}
}

// loadFailure reads the stored note where it can matter: while a token is good, it
// does not.
func (a *Account) loadFailure(ctx context.Context) {
	r, _ := a.state.known()
	if r == nil && a.config.Flow != oauth.FlowClientCredentials {
		return
	}
	if now := a.clock.Now(); r != nil && r.usable(now) && now.Before(r.RefreshOn) && a.state.failureOf(r) == nil && !a.state.justLoaded(r) {
		return
	}
	key := failureKey(a.config.Name)
	n := &failureNote{}
	value, err := a.storage.Load(ctx, key)
	if err == nil {
		_, err = openRecord(a.keys, key, a.fingerprint, value, n)
	}
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	a.state.failureRead = r.generation()
	if err == nil && n.Failure != nil && n.Generation == a.state.record.generation() {
		a.state.setFailure(n, a.clock.Now())
	}
}

// failureOf returns the last failure of a record, or nil.
func (s *accountState) failureOf(r *record) *lastFailure {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil && s.failure.Generation == r.generation() {
		return s.failure.Failure
	}
	if r != nil {
		return r.LastFailure // of an earlier version
	}
	return nil
}

// justLoaded reports whether the note of this record was not looked for yet.
func (s *accountState) justLoaded(r *record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failureRead != r.generation()
}

// lastFailure returns why the last refresh failed, as far as it still matters: it
// does not if it was about the user and expected_user was corrected since.
func (a *Account) lastFailure(r *record) *lastFailure {
	l := a.state.failureOf(r)
	if l == nil || r != nil && isAboutUser(l.Code) && a.unexpected(r.User) == nil {
		return nil
	}
	return l
}
