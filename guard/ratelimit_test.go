// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/guard"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// A clock that moves when it is told to.
type clock struct{ time.Time }

func (c *clock) now() time.Time          { return c.Time }
func (c *clock) advance(d time.Duration) { c.Time = c.Add(d) }

func slowGuard(t testing.TB) (*guard.Guard, *clock) {
	c := &clock{time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)}
	return newGuard(t, guard.Config{
		Now:        c.now,
		ClientKeys: []guard.ClientKey{{Name: "app", Key: "key-of-app"}, {Name: "other", Key: "key-of-other"}},
	}), c
}

func try(t testing.TB, g *guard.Guard, from, key string) *apierror.Error {
	t.Helper()
	_, refusal := g.Admit(call{from: from, header: field("Authorization", "Bearer "+key)}.request(t), guard.Peer{})
	return refusal
}

// exhaust sends wrong keys until the address has to wait.
func exhaust(t testing.TB, g *guard.Guard, from string) {
	t.Helper()
	for i := range 10 {
		if refusal := try(t, g, from, fmt.Sprint("guess", i)); causeOf(refusal) != apierror.ForbiddenClient {
			t.Fatalf("wrong key %d: got %v, want %s", i+1, refusal, apierror.ForbiddenClient)
		}
	}
	if refusal := try(t, g, from, "guess"); causeOf(refusal) != apierror.TooManyAttempts {
		t.Fatalf("wrong key 11: got %v, want %s", refusal, apierror.TooManyAttempts)
	}
}

func TestAddressWaitsAfterTenWrongKeys(t *testing.T) {
	g, c := slowGuard(t)
	exhaust(t, g, remote)
	refusal := try(t, g, remote, "guess")
	if refusal.Status() != 429 || refusal.RetryAfter != 10*time.Second {
		t.Errorf("got %d, again after %v, want 429 after 10s", refusal.Status(), refusal.RetryAfter)
	}
	if got := try(t, g, remote, "key-of-app"); causeOf(got) != apierror.TooManyAttempts {
		t.Errorf("a right guess while waiting: got %v, want the response to a wrong one", got)
	}
	c.advance(9 * time.Second)
	if got := try(t, g, remote, "guess"); causeOf(got) != apierror.TooManyAttempts || got.RetryAfter != time.Second {
		t.Errorf("after 9s: got %v, want one more second", got)
	}
	c.advance(time.Second)
	if got := try(t, g, remote, "guess"); causeOf(got) != apierror.ForbiddenClient {
		t.Errorf("after 10s: got %v, want one more guess", got)
	}
	if got := try(t, g, remote, "guess"); causeOf(got) != apierror.TooManyAttempts {
		t.Errorf("the guess after that: got %v, want to wait again", got)
	}
	c.advance(10 * time.Second)
	if got := try(t, g, remote, "key-of-app"); got != nil {
		t.Errorf("the right key after waiting: got %v, want it admitted", got)
	}
	c.advance(time.Hour)
	exhaust(t, g, remote)
}

// A wrong key that is sent again is not a guess. Its client must wait, but a
// right key that is new from that address is accepted: an app that keeps sending
// a wrong key does not lock out the clients behind the same router.
func TestRepeatedWrongKeyIsNotCountedAsGuess(t *testing.T) {
	g, c := slowGuard(t)
	for i := range 10 {
		if got := try(t, g, remote, "old-key"); causeOf(got) != apierror.ForbiddenClient {
			t.Fatalf("time %d: got %v, want %s", i+1, got, apierror.ForbiddenClient)
		}
	}
	if got := try(t, g, remote, "old-key"); causeOf(got) != apierror.TooManyAttempts {
		t.Errorf("time 11: got %v, want %s", got, apierror.TooManyAttempts)
	}
	if got := try(t, g, remote, "key-of-app"); got != nil {
		t.Errorf("a right key: got %v, want it admitted", got)
	}
	// Nine guesses are left. After them a right one must wait, too.
	for i := range 9 {
		if got := try(t, g, remote, fmt.Sprint("guess", i)); causeOf(got) != apierror.TooManyAttempts {
			t.Fatalf("guess %d: got %v, want %s", i+1, got, apierror.TooManyAttempts)
		}
	}
	if got := try(t, g, remote, "key-of-other"); causeOf(got) != apierror.TooManyAttempts {
		t.Errorf("a right guess after them: got %v, want the response to a wrong one", got)
	}
	c.advance(10 * time.Second)
	if got := try(t, g, remote, "key-of-other"); got != nil {
		t.Errorf("the right key after waiting: got %v, want it admitted", got)
	}
}

// While the address waits, neither status nor Retry-After nor later responses
// may show whether a guess was right.
func TestRightGuessLooksLikeWrongOneWhileAddressWaits(t *testing.T) {
	responses := func(guess string) (all []string) {
		g, c := slowGuard(t)
		for range 10 {
			try(t, g, remote, "old-key")
		}
		c.advance(5 * time.Second)
		for i := range 9 {
			try(t, g, remote, fmt.Sprint("guess", i))
		}
		for range 5 {
			refusal := try(t, g, remote, guess)
			all = append(all, fmt.Sprint(refusal, refusal.RetryAfter))
			c.advance(time.Second)
		}
		return all
	}
	right, wrong := responses("key-of-app"), responses("no-key-at-all")
	if !slices.Equal(right, wrong) {
		t.Errorf("a right guess: got  %q\na wrong one: want %q", right, wrong)
	}
}

func TestRateLimitCountsIPv6NetworksAndIgnoresPorts(t *testing.T) {
	g, _ := slowGuard(t)
	exhaust(t, g, "[2001:db8:1:2::1]:1")
	for from, want := range map[string]apierror.Cause{
		"[2001:db8:1:2::1]:2":      apierror.TooManyAttempts,
		"[2001:db8:1:2:ffff::9]:1": apierror.TooManyAttempts,
		"[2001:db8:1:3::1]:1":      apierror.ForbiddenClient,
		"[::ffff:198.51.100.1]:1":  apierror.ForbiddenClient,
		"198.51.100.2:1":           apierror.ForbiddenClient,
	} {
		if got := try(t, g, from, "guess"); causeOf(got) != want {
			t.Errorf("%s: got %v, want %s", from, got, want)
		}
	}
}

// Guessing must not lock out other clients.
func TestWrongKeysDoNotLockOutOtherClients(t *testing.T) {
	t.Run("at another address", func(t *testing.T) {
		g, _ := slowGuard(t)
		exhaust(t, g, remote)
		if got := try(t, g, "198.51.100.1:1", "key-of-app"); got != nil {
			t.Errorf("got %v, want it admitted", got)
		}
	})
	t.Run("behind the same router", func(t *testing.T) {
		g, _ := slowGuard(t)
		if got := try(t, g, remote, "key-of-app"); got != nil {
			t.Fatal(got)
		}
		exhaust(t, g, remote)
		if got := try(t, g, remote, "key-of-app"); got != nil {
			t.Errorf("a key in use: got %v, want it admitted", got)
		}
		if got := try(t, g, remote, "key-of-other"); causeOf(got) != apierror.TooManyAttempts {
			t.Errorf("another key: got %v, want %s", got, apierror.TooManyAttempts)
		}
	})
	t.Run("on this machine", func(t *testing.T) {
		g, _ := slowGuard(t)
		exhaust(t, g, remote)
		call{header: field("Authorization", "Bearer key-of-app")}.check(t, g)
	})
	t.Run("without a key", func(t *testing.T) {
		g, _ := slowGuard(t)
		for range 50 {
			call{from: remote, want: apierror.ForbiddenClient}.check(t, g)
		}
		if got := try(t, g, remote, "key-of-app"); got != nil {
			t.Errorf("got %v, want it admitted", got)
		}
	})
}

func TestRightKeysAreNotLimited(t *testing.T) {
	g, _ := slowGuard(t)
	for range 100 {
		if got := try(t, g, remote, "key-of-app"); got != nil {
			t.Fatal(got)
		}
	}
	exhaust(t, g, remote)
}

// The address that counts is the one that the server determined, not that of
// the proxy in front.
func TestRateLimitCountsClientsBehindTrustedProxy(t *testing.T) {
	g, _ := slowGuard(t)
	ask := func(client string) *apierror.Error {
		_, refusal := g.Admit(call{header: field("X-Forwarded-For", client, "Authorization", "Bearer guess")}.request(t), guard.Peer{ClientIP: netip.MustParseAddr(client)})
		return refusal
	}
	for range 11 {
		ask("192.0.2.1")
	}
	if got := ask("192.0.2.1"); causeOf(got) != apierror.TooManyAttempts {
		t.Errorf("the guesser: got %v, want %s", got, apierror.TooManyAttempts)
	}
	if got := ask("192.0.2.2"); causeOf(got) != apierror.ForbiddenClient {
		t.Errorf("another client: got %v, want %s", got, apierror.ForbiddenClient)
	}
}

func TestRateLimiterForgetsOldestAddressWhenFull(t *testing.T) {
	g, _ := slowGuard(t)
	exhaust(t, g, "[2001:db8:ffff::1]:1")
	for i := range 5000 {
		try(t, g, fmt.Sprintf("[2001:db8:%x:%x::1]:1", i>>8, i&0xff), "guess")
	}
	if n := g.Addresses(); n > 4096 {
		t.Errorf("addresses remembered: got %d, want at most 4096", n)
	}
	if got := try(t, g, "[2001:db8:ffff::1]:1", "guess"); causeOf(got) != apierror.ForbiddenClient {
		t.Errorf("the address that was silent for longest: got %v, want it forgotten", got)
	}
}
