// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Token returns the value of the Authorization header for a request and the
// generation of the token in it. While the token is good this reads one pointer.
// Near its expiry it is refreshed in the background; after it, callers wait for
// one refresh, each with its own context. The error is an *oauth.Failure, or the
// context's.
func (a *Account) Token(ctx context.Context) (authorization string, generation uint64, err error) {
	return a.send(a.current(ctx))
}

// current returns the token in use, or waits for one.
func (a *Account) current(ctx context.Context) (*bearer, error) {
	b := a.state.bearer.Load()
	now := a.clock.Now()
	if !a.mayUse(b, now) {
		return a.obtain(ctx, demand{})
	}
	if now.After(b.refreshOn) {
		a.refreshAhead()
	}
	return b, nil
}

// send returns a token to a caller and notes that it is in use.
func (a *Account) send(b *bearer, err error) (string, uint64, error) {
	if err != nil {
		return "", 0, err
	}
	if !a.state.sent.Load() {
		a.state.sent.Store(true)
	}
	return b.authorization, b.generation, nil
}

// Refresh returns a token of another generation than the one that the upstream
// refused with a 401, and refreshes if there is none yet. claims is the decoded
// claims challenge of the 401, or empty. The same generation comes back when no
// refresh helps: a fresh token was refused a moment ago, or this is the newest that
// can be had.
func (a *Account) Refresh(ctx context.Context, upstream string, generation uint64, claims string) (authorization string, next uint64, err error) {
	return a.send(a.another(ctx, upstream, generation, claims))
}

// another returns a token of another generation, if there is one.
func (a *Account) another(ctx context.Context, upstream string, generation uint64, claims string) (*bearer, error) {
	b := a.state.bearer.Load()
	if a.mayUse(b, a.clock.Now()) && (b.generation != generation || a.refusedFresh(upstream, generation, claims) || a.isNewest(upstream, generation)) {
		return b, nil
	}
	a.noteAgain(upstream, generation)
	a.state.mu.Lock()
	a.state.refusedGeneration = generation
	a.state.mu.Unlock()
	return a.obtain(ctx, demand{other: generation, claims: claims, refused: true})
}

// ForceRefresh refreshes now, even if the token is good and even if the provider
// asked to wait: the operator has changed something.
func (a *Account) ForceRefresh(ctx context.Context) error {
	if err := a.prepare(ctx); err != nil {
		return err
	}
	var generation uint64
	if b := a.state.bearer.Load(); b != nil {
		generation = b.generation
	}
	_, err := a.obtain(ctx, demand{other: generation, force: true})
	return err
}

// demand is which token a caller needs.
type demand struct {
	other   uint64 // any generation but this one; 0 for any
	claims  string // the claims challenge that the token has to satisfy
	force   bool   // refresh although the last response said not to
	refused bool   // the upstream refused the generation other

	importing bool // try the configured refresh token although the token is good
}

// inUse returns the token in use if it satisfies the demand.
func (a *Account) inUse(d demand) *bearer {
	b := a.state.bearer.Load()
	if a.mayUse(b, a.clock.Now()) && (d.other == 0 || b.generation != d.other) {
		return b
	}
	return nil
}

// mayUse reports whether a token may be sent: it is good, and of a user whom this
// configuration expects. A user who signed in before the option expected_user was
// set was not checked then.
func (a *Account) mayUse(b *bearer, now time.Time) bool {
	return b.usable(now) && (a.config.ExpectedUser == "" || a.unexpected(b.user) == nil)
}

// obtain waits for a token. One refresh serves all who wait. A caller whose
// demand the refresh of another does not satisfy starts again, and a caller that
// forces a refresh does not accept the failure of one that was not forced.
func (a *Account) obtain(ctx context.Context, d demand) (*bearer, error) {
	var timeout <-chan time.Time
	if !d.force {
		c, stop := a.clock.After(waitLimit)
		defer stop()
		timeout = c
	}
	for {
		if b := a.inUse(d); b != nil {
			return b, nil
		}
		if f := a.blockedInMemory(d); f != nil {
			return nil, f
		}
		own := false
		c := a.state.flight.DoChan(refreshFlight, func() (any, error) {
			own = true
			return a.refresh(d)
		})
		select {
		case res := <-c:
			if res.Err != nil && (own || !d.force) {
				return nil, res.Err
			}
			if res.Err != nil {
				continue
			}
			// No bearer: the record vanished in this moment, or the refresh was of
			// an import that did not work. What is there now is looked at again.
			if b := res.Val.(*bearer); b != nil && (own || d.other == 0 || b.generation != d.other) {
				return b, nil
			}
		case <-timeout:
			return nil, a.stopWaiting()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// refreshFlight is the key of the one refresh that all callers wait for.
const refreshFlight = "refresh"

// waitLimit is how long a request waits for a refresh. Apps time out after a
// while and say less than a response of ours does. The refresh goes on for the
// next request.
const waitLimit = 15 * time.Second

// refreshAhead refreshes in the background while the old token is used.
func (a *Account) refreshAhead() {
	if !a.state.refreshingAhead.CompareAndSwap(false, true) {
		return
	}
	b := a.state.bearer.Load()
	d := demand{importing: a.importDue()}
	if b != nil && !d.importing {
		d.other = b.generation
	}
	if a.blockedInMemory(d) != nil {
		a.state.refreshingAhead.Store(false)
		return
	}
	c := a.state.flight.DoChan(refreshFlight, func() (any, error) { return a.refresh(d) })
	go func() {
		<-c
		a.state.refreshingAhead.Store(false)
	}()
}

// A refresh is slow when a caller has stopped waiting for it. It goes on, and
// nobody knows yet how it will end. Until then the account serves no more requests
// than one whose refresh failed, and readiness probes have to know.

func (s *accountState) beginRefresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshing = true
}

// endRefresh notes that no refresh is in flight any more, however it ended.
func (a *Account) endRefresh() {
	a.state.mu.Lock()
	was := a.state.slow
	a.state.refreshing, a.state.slow = false, false
	a.state.mu.Unlock()
	if was {
		a.reportStatus()
	}
}

// stopWaiting returns the failure for a caller that has waited long enough.
func (a *Account) stopWaiting() *oauth.Failure {
	a.state.mu.Lock()
	changed := a.state.refreshing && !a.state.slow
	a.state.slow = a.state.refreshing // it may have ended in this moment
	a.state.mu.Unlock()
	if changed {
		a.reportStatus()
	}
	return a.slowFailure()
}

func (s *accountState) isSlow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slow
}

func (a *Account) slowFailure() *oauth.Failure {
	f := a.failure(oauth.Transient, "timeout", a.config.TokenHost()+" takes long to respond",
		"The refresh goes on; look at the network if it lasts.")
	f.Wait = firstPause
	return f
}
