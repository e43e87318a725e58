// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"container/list"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// wrongKeyBurst is how many wrong keys an address may send in a row before
	// it must wait.
	wrongKeyBurst = 10

	// wrongKeyInterval is how long an address then waits for each further one.
	wrongKeyInterval = 10 * time.Second

	// maxAddresses bounds the memory. Beyond it the address that was silent
	// for longest is forgotten.
	maxAddresses = 4096
)

// A rateLimiter slows down the guessing of keys. Each address has an allowance
// of its own, so that no client can lock out a client at another address. A key
// that was accepted from an address stays accepted from there, so that clients
// behind one router or one container gateway cannot lock each other out either.
//
// While an address must wait, its guesses are not judged: a right one gets the
// same response as a wrong one, or guessing would not be slow at all. But a wrong
// key that is sent again is not a guess: it comes from an app that was given the
// wrong key. That app must wait, and a first right key from the same address is
// still accepted.
type rateLimiter struct {
	now func() time.Time

	mu     sync.Mutex
	byNet  map[netip.Prefix]*list.Element // of *addressLimit
	recent *list.List                     // most recent first
}

// An addressLimit is what the limiter knows of one address.
type addressLimit struct {
	net netip.Prefix

	all     allowance // of wrong keys
	guesses allowance // of those that were not sent before

	wrong    [wrongKeyBurst]keyHash // the last guesses
	next     int                    // index in wrong of the next guess
	accepted []int                  // indices of the keys that came from here
}

// An allowance is the time at which all that was taken from it will be back (the
// theoretical arrival time of the generic cell rate algorithm).
type allowance time.Time

func newRateLimiter(now func() time.Time) *rateLimiter {
	return &rateLimiter{
		now:    now,
		byNet:  make(map[netip.Prefix]*list.Element),
		recent: list.New(),
	}
}

// wait judges a credential that came from addr: the key that it is, nil for a
// wrong one, and its hash. It returns how long the address must wait, or zero if
// the credential may be judged now. It takes a wrong one off the allowance.
func (l *rateLimiter) wait(addr netip.Addr, key *hashedKey, hash keyHash) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	limit := l.limitOf(network(addr))
	switch {
	case key != nil && slices.Contains(limit.accepted, key.index):
		return 0
	case key == nil && slices.Contains(limit.wrong[:], hash):
		return limit.all.take(now)
	case limit.guesses.wait(now) > 0:
		// Nothing here may depend on whether the guess is right.
		return max(limit.guesses.wait(now), limit.all.wait(now))
	case key != nil:
		limit.accepted = append(limit.accepted, key.index)
		return 0
	}
	limit.guesses.take(now)
	limit.wrong[limit.next] = hash
	limit.next = (limit.next + 1) % len(limit.wrong)
	return limit.all.take(now)
}

// network returns what counts as one address: with IPv6 a whole /64, the
// smallest network that a client is given.
func network(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // of the zero Addr: the zero Prefix, which is as good a key
	return p
}

func (l *rateLimiter) limitOf(net netip.Prefix) *addressLimit {
	if e := l.byNet[net]; e != nil {
		l.recent.MoveToFront(e)
		return e.Value.(*addressLimit)
	}
	if l.recent.Len() >= maxAddresses {
		oldest := l.recent.Back()
		l.recent.Remove(oldest)
		delete(l.byNet, oldest.Value.(*addressLimit).net)
	}
	limit := &addressLimit{net: net}
	l.byNet[net] = l.recent.PushFront(limit)
	return limit
}

// wait returns how long it takes until one more wrong key may be sent.
func (a allowance) wait(now time.Time) time.Duration {
	first := time.Time(a).Add(-(wrongKeyBurst - 1) * wrongKeyInterval)
	return max(0, first.Sub(now))
}

// take takes one wrong key off the allowance, or returns how long to wait for
// that.
func (a *allowance) take(now time.Time) time.Duration {
	if wait := a.wait(now); wait > 0 {
		return wait
	}
	if time.Time(*a).Before(now) {
		*a = allowance(now)
	}
	*a = allowance(time.Time(*a).Add(wrongKeyInterval))
	return 0
}
