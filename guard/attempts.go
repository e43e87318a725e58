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
// While an address has to wait its keys are not judged: a right guess is
// answered like a wrong one.
type attempts struct {
	now func() time.Time

	mu     sync.Mutex
	byNet  map[netip.Prefix]*list.Element // of *attempt
	recent *list.List                     // most recent first
}

type attempt struct {
	net netip.Prefix

	// paid is when all wrong keys so far will have been waited off (the
	// theoretical arrival time of the generic cell rate algorithm).
	paid time.Time

	// accepted are the indices of the keys that came from here.
	accepted []int
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{
		now:    now,
		byNet:  make(map[netip.Prefix]*list.Element),
		recent: list.New(),
	}
}

// wait judges the key (nil: a wrong one) that came from addr and returns how
// long the address has to wait, or zero where the key may be taken for what
// it is. A wrong one is then on the address's account.
func (a *attempts) wait(addr netip.Addr, key *clientKey) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	at := a.attemptOf(network(addr))
	wait := at.wait(now)
	if key != nil {
		if slices.Contains(at.accepted, key.index) {
			return 0
		}
		if wait == 0 {
			at.accepted = append(at.accepted, key.index)
		}
		return wait
	}
	if wait == 0 {
		at.pay(now)
	}
	return wait
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

// wait returns how long it takes until one more wrong key is allowed.
func (at *attempt) wait(now time.Time) time.Duration {
	allowed := at.paid.Add(-(freeAttempts - 1) * attemptInterval)
	return max(0, allowed.Sub(now))
}

func (at *attempt) pay(now time.Time) {
	if at.paid.Before(now) {
		at.paid = now
	}
	at.paid = at.paid.Add(attemptInterval)
}
