// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package throttle

import (
	"fmt"
	"testing"
	"time"
)

// A looper repeats a failing call every 10 ms.
type looper struct {
	Brake
	key        CallKey
	generation uint64
	now        time.Time
}

func newLooper() *looper {
	return &looper{key: CallKey{"work", "", "www.onenote.com", "GET", "/api/v1.0/me/notes/pages/1"}, generation: 1, now: start}
}

// call makes one call and reports whether it reached the API.
func (l *looper) call(status int, code string) bool {
	l.now = l.now.Add(10 * time.Millisecond)
	if l.Check(l.key, l.generation, l.now) != nil {
		return false
	}
	if status < 400 {
		l.Ended(l.key)
	} else {
		l.Failed(l.key, l.generation, code, &Stored{Status: status}, l.now)
	}
	return true
}

// calls makes so many calls and returns how many reached the API.
func (l *looper) calls(n, status int, code string) (sent int) {
	for range n {
		if l.call(status, code) {
			sent++
		}
	}
	return sent
}

func TestFailingCallsInALoopAreBraked(t *testing.T) {
	for _, status := range []int{401, 403, 404} {
		l := newLooper()
		if got := l.calls(brakeAfter, status, "20102"); got != brakeAfter {
			t.Errorf("%d: got %d of the first calls sent, want all %d", status, got, brakeAfter)
		}
		// Ten seconds of a loop.
		if got := l.calls(1000, status, "20102"); got < 19 || got > 21 {
			t.Errorf("%d: got %d calls sent in ten seconds, want 20", status, got)
		}
	}
}

func TestWhatEndsASpin(t *testing.T) {
	for name, end := range map[string]func(l *looper){
		"a new token":         func(l *looper) { l.generation++ },
		"a successful write":  func(l *looper) { l.Written("work") },
		"another response":    func(l *looper) { l.now = l.now.Add(time.Second); l.call(200, "") },
		"another failure":     func(l *looper) { l.now = l.now.Add(time.Second); l.call(404, "10008") },
		"nothing for a while": func(l *looper) { l.now = l.now.Add(brakeWithin + time.Second) },
	} {
		l := newLooper()
		l.calls(20, 404, "20102")
		if l.call(404, "20102") {
			t.Fatalf("%s: the loop is not braked", name)
		}
		end(l)
		if !l.call(404, "20102") {
			t.Errorf("%s: the next call was not sent", name)
		}
	}
	l := newLooper()
	l.calls(20, 404, "20102")
	l.Written("home")
	if l.call(404, "20102") {
		t.Error("a write of another account has ended the spin")
	}
}

// but returns the key of a call that differs in this.
func (l *looper) but(change func(*CallKey)) CallKey {
	key := l.key
	change(&key)
	return key
}

func TestOnlyEqualCallsAreBraked(t *testing.T) {
	l := newLooper()
	l.calls(20, 404, "20102")
	for _, other := range []CallKey{
		l.but(func(k *CallKey) { k.Account = "home" }), l.but(func(k *CallKey) { k.Client = "key" }), l.but(func(k *CallKey) { k.Upstream = "graph.microsoft.com" }),
		l.but(func(k *CallKey) { k.Method = "HEAD" }), l.but(func(k *CallKey) { k.Target = "/" }),
	} {
		if l.Check(other, 1, l.now) != nil {
			t.Errorf("%v is braked", other)
		}
	}
	slow := newLooper()
	for range 100 {
		slow.now = slow.now.Add(2 * time.Second)
		if !slow.call(404, "20102") {
			t.Fatal("a call every two seconds is braked")
		}
	}
}

func TestFailuresThatAreRememberedAreBounded(t *testing.T) {
	var b Brake
	for i := range 3 * maxSpins {
		b.Failed(CallKey{Target: fmt.Sprint(i)}, 1, "", &Stored{Status: 404}, start.Add(time.Duration(i)*time.Millisecond))
	}
	if len(b.spins) > maxSpins || int(b.count.Load()) != len(b.spins) {
		t.Errorf("got %d remembered and %d counted, want at most %d", len(b.spins), b.count.Load(), maxSpins)
	}
}
