// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// The states of an account
//
// An account is in exactly one State. No field stores it: it is computed from
// four facts (condition.state), so that it cannot contradict the fields below.
//
//   - failure: the failure that still matters (Account.currentFailure);
//   - token: there is an access token that can be used. It has not expired, it is
//     the expected user's, and the upstream has not refused it;
//   - signing in: somebody is signing in at this moment;
//   - refused: an upstream has refused two requests with one fresh token, and has
//     accepted none since (refusal.established).
//
// The first row that fits is the state:
//
//	state            failure                             token  signing in  refused
//	misconfigured    misconfigured                       any    any         any
//	refused          none                                any    any         yes
//	refused          transient, the record is not saved  any    any         yes
//	refused          transient                           yes    any         yes
//	refused          no refresh token                    yes    any         yes
//	ready            none                                any    any         no
//	degraded         transient                           yes    any         no
//	degraded         transient, the record is not saved  any    any         no
//	degraded         no refresh token                    yes    any         no
//	signing_in       any other                           no     yes         any
//	unavailable      transient                           no     no          any
//	signed_out       signin_required, nobody signed in   any    any         any
//	signin_required  signin_required, any other          any    any         any
//
// Requests are served in the states ready and degraded. In the other states a
// token that has not expired is still sent, but the next refresh cannot succeed, or
// in the state refused, does not help.
//
// To add a state: add its constant, put it into States, and add its row above and
// its case in condition.state. A test in package signin then asks for the words
// that the pages show for it.
//
// The invariants of accountState
//
//  1. bearer belongs to record: it is nil if record is nil or has no access token,
//     else it has the generation of record. Only put writes either of them.
//  2. A record is never modified, only replaced. What is read without the lock
//     stays true of that generation.
//  3. The storage is written before the record is put into use, so a restart never
//     finds less than a client was given. Where writing fails, the record is used
//     all the same, and unsaved says why until it is stored.
//  4. unsaved is set only where record is. unusable may be set beside record: then
//     another configuration has taken over the stored record. The access token of
//     record serves until it expires, but record is neither refreshed nor stored.
//  5. Of two records the one of the later sign-in wins, and of one sign-in the
//     higher generation. Generations only grow, across sign-outs and processes too.
//     The whole rule is basis.compare; load and save both follow it.
//  6. stored describes the last stored value that record was read from, written to
//     or derived from; never a value that could not be opened.
//  7. version changes whenever record or unusable does, also from nil to nil. What
//     was read from the storage is applied only if version is what it was before.
//  8. slow is set only while refreshing is.
//  9. Only who has writer uses watched.
//  10. A refresh token leaves the state only by a newer refresh token, a sign-in or a
//     sign-out. No failure removes one, and no failure writes one.
//  11. failure counts only while record has its generation.
//  12. Whoever changes the stored record has writer and the storage lock. A sign-in
//     and a sign-out are written without the lock where it cannot be had; a refresh
//     is then unsaved.
//  13. refusals has an entry for an upstream from the refusal of the newest token
//     there was until that upstream accepts one, or a sign-out. refusing says
//     whether it has any. No refresh and no sign-in removes one.

// State is the condition of an account in one word.
type State string

// The states of an account.
const (
	// SignedOut: nobody has signed in yet, or somebody signed out.
	SignedOut State = "signed_out"
	// SigningIn: somebody is signing in and nothing else can be used.
	SigningIn State = "signing_in"
	// Ready: requests are served. An imported token that was not used yet counts.
	Ready State = "ready"
	// Degraded: the refresh fails for a transient reason while the old token is good,
	// or there is nothing to refresh it with.
	Degraded State = "degraded"
	// NeedsSignin: only a new sign-in helps.
	NeedsSignin State = "signin_required"
	// NeedsOperator: only a change of the configuration helps.
	NeedsOperator State = "misconfigured"
	// Unavailable: the refresh fails for a transient reason and no token can be used.
	Unavailable State = "unavailable"
	// Refused: the API responds to every request with a 401, although the token is
	// fresh.
	Refused State = "refused"
)

// States returns all states.
func States() []State {
	return []State{SignedOut, SigningIn, Ready, Degraded, NeedsSignin, NeedsOperator, Unavailable, Refused}
}

// Usable reports whether requests are served in this state.
func (s State) Usable() bool { return s == Ready || s == Degraded }

// condition is what decides the state.
type condition struct {
	failure   *oauth.Failure
	token     bool
	signingIn bool
	refused   bool
}

// state is the table above.
func (c condition) state() State {
	class, code := oauth.Class(""), ""
	if c.failure != nil {
		class, code = c.failure.Status.Class, c.failure.Status.Code
	}
	serves := c.failure == nil || code == codeNotSaved ||
		c.token && (class == oauth.Transient || code == codeNoRefreshToken)
	switch {
	case class == oauth.Misconfigured:
		return NeedsOperator
	case serves && c.refused:
		return Refused
	case c.failure == nil:
		return Ready
	case serves:
		return Degraded
	case c.signingIn && !c.token:
		return SigningIn
	case class == oauth.Transient:
		return Unavailable
	case code == codeSignedOut:
		return SignedOut
	}
	return NeedsSignin
}

// Codes of failures that decide the state.
const (
	codeNotSaved       = "not_saved"
	codeSignedOut      = "signed_out"
	codeNoRefreshToken = "no_refresh_token"
	codeNoTokenYet     = "no_token_yet"
)

// accountState is the state of one account under one fingerprint. It survives
// reloads.
type accountState struct {
	// bearer is the token in use, ready to be sent. The hot path reads nothing
	// else.
	bearer atomic.Pointer[bearer]

	// sent says that bearer was sent since it was obtained: an idle account is
	// refreshed daily, not hourly.
	sent atomic.Bool

	// hasMarker says that the storage is known to have the account's marker.
	hasMarker atomic.Bool

	// refreshingAhead says that a refresh ahead of expiry is in flight.
	refreshingAhead atomic.Bool

	// flight makes all callers wait for one refresh.
	flight singleflight.Group

	// writer is taken by whoever changes the record. It is a lock that obeys
	// contexts.
	writer chan struct{}

	watched *watchedLock // whoever has writer may use it; nil for none

	// accepted is the token that an upstream has accepted last, and refusing says
	// that refusals has any: what Account.Accepted reads of each request.
	accepted atomic.Pointer[acceptance]
	refusing atomic.Bool

	// unreleased is a storage lock that could not be released; nil for none.
	unreleased atomic.Pointer[unreleasedLock]

	mu sync.Mutex // guards what follows

	record   *record    // the record in use; nil where there is none
	version  uint64     // changes with record and unusable
	stored   lastStored // the stored value that record comes from
	unusable error      // why the stored record cannot be used
	unsaved  error      // why record is not stored yet
	leftover bool       // the storage still has a record that a sign-out ended
	loadedAt time.Time  // when the storage was read last

	failure     *failureNote // the last failure of a refresh
	failureRead uint64       // the generation whose stored failure was looked for

	refreshing bool // a refresh is in flight
	slow       bool // somebody has stopped waiting for it

	refusedGeneration uint64              // refused by an upstream last
	refusals          map[string]*refusal // of the newest token, by upstream
	partlyRefused     map[string]refusal  // those that ended with a success of the same token
	acceptances       map[string]uint64   // the generation accepted last, by upstream

	signingInUntil time.Time // the end of the sign-in in progress; past or zero for none
}

// bearer is a token ready to be sent.
type bearer struct {
	authorization string
	generation    uint64
	from, until   time.Time
	refreshOn     time.Time
	user          oauth.User
	signIn        string // the id of the sign-in
}

func (b *bearer) usable(now time.Time) bool {
	return b != nil && now.Before(b.until) && now.After(b.from)
}

// put puts a record into use. The caller holds the lock.
func (s *accountState) put(r *record) {
	s.record = r
	s.version++
	s.unusable = nil
	s.slow = false
	if r == nil {
		s.unsaved = nil
	}
	if r == nil || r.AccessToken == "" {
		s.bearer.Store(nil)
		return
	}
	if old := s.bearer.Load(); old == nil || old.generation != r.Generation {
		s.sent.Store(false)
	}
	s.bearer.Store(&bearer{
		authorization: "Bearer " + r.AccessToken,
		generation:    r.Generation,
		from:          r.ObtainedAt.Add(-skewAllowed),
		until:         r.Expiry.Add(-r.hardMargin()),
		refreshOn:     r.RefreshOn,
		user:          r.User,
		signIn:        r.signInID(),
	})
}

// known returns the record in use, and why the stored one cannot be used.
func (s *accountState) known() (r *record, unusable error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record, s.unusable
}

// basis returns what a change begins from.
func (s *accountState) basis() basis {
	s.mu.Lock()
	defer s.mu.Unlock()
	return basis{record: s.record, stored: s.stored, version: s.version, hadMarker: s.hasMarker.Load()}
}

// unsavedError returns why the record is not stored yet.
func (s *accountState) unsavedError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unsaved
}

func (s *accountState) hasLeftover() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leftover
}

func (s *accountState) endLeftover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leftover = false
}

// apply makes the state follow from what was read. It reports whether the record in
// memory has turned out to be missing in the storage. The caller holds the lock.
func (s *accountState) apply(v verdict, f found) (lost bool) {
	switch v {
	case unchanged:
		s.unusable = nil
		if s.record != nil && s.stored.generation == s.record.Generation {
			s.unsaved = nil
		}
	case keep:
		lost = s.unsaved == nil
		if lost {
			s.unsaved = f.reasonToSave()
		}
	case same:
		s.stored, s.unsaved = f.lastStored(), nil
	case take:
		s.stored, s.unsaved = f.lastStored(), nil
		s.put(f.record)
	case gone:
		s.stored, s.leftover = lastStored{}, f.record != nil
		if s.record != nil || s.unusable != nil {
			s.put(nil)
		}
	case foreign:
		if s.unusable == nil {
			s.version++
		}
		s.unusable, s.unsaved = f.unusable, nil
	}
	return lost
}

// forget removes the record, after a sign-out.
func (s *accountState) forget(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loadedAt = now
	s.stored, s.failure = lastStored{}, nil
	s.forgetRefusals()
	s.put(nil)
}

// setSigningIn notes until when a sign-in is in progress; the zero time for none.
func (s *accountState) setSigningIn(until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signingInUntil = until
}
