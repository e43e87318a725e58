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
	// freeAttempts is how many wrong keys an address may send in a row before
	// it has to wait.
	freeAttempts = 10

	// attemptInterval is how long one more attempt takes to come back.
	attemptInterval = 10 * time.Second

	// maxAddresses bounds the memory. Beyond it the address not heard of for
	// longest is forgotten.
	maxAddresses = 4096
)

// attempts slows down the guessing of keys. Each address has its own
// allowance, which no other can use up, so nobody locks out anybody else; and
// a key that was accepted from an address stays accepted from there, so that
// neither do the strangers behind one router or one container gateway.
//
// While an address has to wait its guesses are not judged: a right one is
// answered like a wrong one, or guessing would not be slow at all. A wrong key
// that comes again and again is no guess, though: it is an app that was given
// the wrong one, and it has to wait without keeping its neighbours from
// getting in for the first time.
type attempts struct {
	now func() time.Time

	mu     sync.Mutex
	byNet  map[netip.Prefix]*list.Element // of *attempt
	recent *list.List                     // most recent first
}

type attempt struct {
	net netip.Prefix

	all     allowance // of wrong keys
	guesses allowance // of those that were not sent before

	// wrong are the last guesses.
	wrong [freeAttempts]keyHash

	// next is where in wrong the next one goes.
	next int

	// accepted are the indices of the keys that came from here.
	accepted []int
}

// An allowance is when all that was taken from it will have come back (the
// theoretical arrival time of the generic cell rate algorithm).
type allowance time.Time

func newAttempts(now func() time.Time) *attempts {
	return &attempts{
		now:    now,
		byNet:  make(map[netip.Prefix]*list.Element),
		recent: list.New(),
	}
}

// wait judges what came from addr, the key that it is (nil: none) or its hash,
// and returns how long the address has to wait, or zero where the key may be
// taken for what it is. A wrong one is then on the address's account.
func (a *attempts) wait(addr netip.Addr, key *clientKey, hash keyHash) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	at := a.attemptOf(network(addr))
	switch {
	case key != nil && slices.Contains(at.accepted, key.index):
		return 0
	case key == nil && slices.Contains(at.wrong[:], hash):
		return at.all.take(now)
	case at.guesses.wait(now) > 0:
		// Nothing here may depend on whether the guess is right.
		return max(at.guesses.wait(now), at.all.wait(now))
	case key != nil:
		at.accepted = append(at.accepted, key.index)
		return 0
	}
	at.guesses.take(now)
	at.wrong[at.next] = hash
	at.next = (at.next + 1) % len(at.wrong)
	return at.all.take(now)
}

// network returns what counts as one address: with IPv6 a whole /64, which is
// the least that anybody is given.
func network(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // of the zero Addr: the zero Prefix, which is as good a key
	return p
}

func (a *attempts) attemptOf(net netip.Prefix) *attempt {
	if e := a.byNet[net]; e != nil {
		a.recent.MoveToFront(e)
		return e.Value.(*attempt)
	}
	if a.recent.Len() >= maxAddresses {
		oldest := a.recent.Back()
		a.recent.Remove(oldest)
		delete(a.byNet, oldest.Value.(*attempt).net)
	}
	at := &attempt{net: net}
	a.byNet[net] = a.recent.PushFront(at)
	return at
}

// wait returns how long it takes until there is something to take.
func (a allowance) wait(now time.Time) time.Duration {
	first := time.Time(a).Add(-(freeAttempts - 1) * attemptInterval)
	return max(0, first.Sub(now))
}

// take takes one attempt, or returns how long to wait for it.
func (a *allowance) take(now time.Time) time.Duration {
	if wait := a.wait(now); wait > 0 {
		return wait
	}
	if time.Time(*a).Before(now) {
		*a = allowance(now)
	}
	*a = allowance(time.Time(*a).Add(attemptInterval))
	return 0
}
