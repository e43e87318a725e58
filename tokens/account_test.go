// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestImportedTokenIsReadyAndWorks(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	wantState(t, a, Ready)
	if n := r.tokenRequests(); n != 0 {
		t.Errorf("got %d token requests before anybody asked, want 0", n)
	}
	r.wantToken(a)
	r.wantToken(a)
	if n := r.tokenRequests(); n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
	s := wantState(t, a, Ready)
	if s.AccessTokenExpiresAt == nil || s.RefreshTokenObtainedAt == nil || s.Error != nil {
		t.Errorf("got status %+v, want times and no error", s)
	}
}

func TestRestartFindsTheToken(t *testing.T) {
	r := newRig(t)
	first, generation := r.wantToken(r.account(r.config()))
	second, again := r.wantToken(r.account(r.config()))
	if first != second || generation != again {
		t.Error("the second process got another token than the first stored")
	}
	if n := r.tokenRequests(); n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
}

// expired is an account whose token has just ended.
func (r *rig) expired(c Config) *Account {
	r.t.Helper()
	a := r.account(c)
	r.wantToken(a)
	r.clock.Advance(2 * time.Hour)
	return a
}

func tokensOfMany(t *testing.T, n int, accounts ...*Account) (failed int, got map[string]int) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	got = make(map[string]int)
	for i := range n {
		wg.Go(func() {
			token, _, err := accounts[i%len(accounts)].Token(context.Background())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed++
				return
			}
			got[token]++
		})
	}
	wg.Wait()
	return failed, got
}

func TestManyCallersOneRenewal(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	before := r.tokenRequests()
	failed, got := tokensOfMany(t, 500, a)
	if failed != 0 || len(got) != 1 {
		t.Errorf("got %d failures and %d different tokens, want 0 and 1", failed, len(got))
	}
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
}

func TestProcessesThatShareAStorageRenewOnce(t *testing.T) {
	r := newRig(t)
	r.control("POST", "strict", map[string]bool{"on": true})
	a := r.account(r.config())
	r.wantToken(a)
	accounts := []*Account{a}
	for range 3 {
		b := r.account(r.config())
		r.wantToken(b)
		accounts = append(accounts, b)
	}
	for round := range 3 {
		r.clock.Advance(2 * time.Hour)
		before := r.tokenRequests()
		failed, got := tokensOfMany(t, 200, accounts...)
		if failed != 0 || len(got) != 1 {
			t.Fatalf("round %d: got %d failures and %d different tokens, want 0 and 1", round, failed, len(got))
		}
		if n := r.tokenRequests() - before; n != 1 {
			t.Fatalf("round %d: got %d token requests, want 1", round, n)
		}
	}
}

func TestCallerWhoLeavesDoesNotEndTheRenewal(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	r.fault(fault{"path": "/oauth20_token.srf", "times": 1, "delay": "300ms"})
	before := r.tokenRequests()
	ctx, cancel := context.WithCancel(context.Background())
	left := make(chan error)
	go func() {
		_, _, err := a.Token(ctx)
		left <- err
	}()
	for r.tokenRequests() == before {
		runtime.Gosched()
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller who left got %v, want context.Canceled", err)
	}
	r.wantToken(a)
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
}

func TestProviderThatHangsHoldsNobodyForLong(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	told := new(toldStates)
	a.observer = told
	r.fault(fault{"path": "/oauth20_token.srf", "times": 1, "delay": "1s"})
	before := r.tokenRequests()
	answered := make(chan error)
	go func() {
		_, _, err := a.Token(context.Background())
		answered <- err
	}()
	for r.tokenRequests() == before {
		runtime.Gosched()
	}
	wantState(t, a, Ready) // whoever asks is waiting still
	r.clock.Advance(callerPatience)
	f := wantFailure(t, <-answered, Passing, "timeout")
	if f.RetryAfter() <= 0 {
		t.Error("the failure does not say when to come back")
	}
	if s := wantState(t, a, Unavailable); s.Error == nil || s.Error.Code != "timeout" {
		t.Errorf("got error %+v, want timeout", s.Error)
	}
	r.wantToken(a) // the renewal went on
	wantState(t, a, Ready)
	if got, want := told.all(), []State{Unavailable, Ready}; !slices.Equal(got, want) {
		t.Errorf("the observer was told %v, want %v", got, want)
	}
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
}

// toldStates is an observer that remembers what states it is told.
type toldStates struct {
	mu     sync.Mutex
	states []State
}

func (o *toldStates) Tokens(_ string, s Status) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states = append(o.states, s.State)
}

func (o *toldStates) Renewal(string, string, time.Duration) {}
func (o *toldStates) Event(string, string, Class, string)   {}

func (o *toldStates) all() []State {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.states)
}

// A renewal that hangs and then ends without an answer leaves nothing of that
// behind but its own failure.
func TestOverdueRenewalThatFails(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	leave := make(chan struct{})
	entered := make(chan struct{})
	go a.held.flight.Do("renew", func() (any, error) {
		a.held.beginRenewal()
		defer a.endRenewal()
		close(entered)
		<-leave
		return (*bearer)(nil), a.lockFailure(context.DeadlineExceeded)
	})
	<-entered
	answered := make(chan error)
	go func() {
		_, _, err := a.Token(context.Background())
		answered <- err
	}()
	r.clock.Waiters(1)
	r.clock.Advance(callerPatience)
	wantFailure(t, <-answered, Passing, "timeout")
	wantState(t, a, Unavailable)
	close(leave)
	for a.Status(context.Background()).State == Unavailable {
		runtime.Gosched()
	}
	r.wantToken(a)
	wantState(t, a, Ready)
}

func TestLateRefusalOfAnOldTokenRenewsNothing(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, old := r.wantToken(a)
	fresh, generation, err := a.Renew(context.Background(), old, "")
	if err != nil || generation == old {
		t.Fatalf("Renew: got generation %d (was %d), %v", generation, old, err)
	}
	before := r.tokenRequests()
	for range 100 {
		token, _, err := a.Renew(context.Background(), old, "")
		if err != nil || token != fresh {
			t.Fatalf("a late 401 got another token than the current one: %v", err)
		}
	}
	if n := r.tokenRequests() - before; n != 0 {
		t.Errorf("got %d token requests for late 401s, want 0", n)
	}
}

func TestStormOfRefusalsRenewsOnce(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, old := r.wantToken(a)
	r.control("POST", "tokens/revoke", map[string]string{"kind": "access"})
	before := r.tokenRequests()
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			token, _, err := a.Renew(context.Background(), old, "")
			if err != nil {
				t.Errorf("Renew: %v", err)
			} else if status := r.api(token); status != http.StatusOK {
				t.Errorf("the API answered the renewed token with %d", status)
			}
		})
	}
	wg.Wait()
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
}

func TestRefusalsOfFreshTokensAreNoLoop(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, generation := r.wantToken(a)
	_, fresh, err := a.Renew(context.Background(), generation, "")
	if err != nil {
		t.Fatal(err)
	}
	a.Refused(fresh)
	before := r.tokenRequests()
	for range 50 {
		_, next, err := a.Renew(context.Background(), fresh, "")
		if err != nil || next != fresh {
			t.Fatalf("got generation %d, %v; want the refused %d again", next, err, fresh)
		}
	}
	if n := r.tokenRequests() - before; n != 0 {
		t.Errorf("got %d token requests, want 0", n)
	}
	r.clock.Advance(refusalMemory + time.Second)
	if _, next, err := a.Renew(context.Background(), fresh, ""); err != nil || next == fresh {
		t.Errorf("after %v: got generation %d, %v; want a new one", refusalMemory, next, err)
	}
}

func TestOldTokenServesWhileTheProviderFails(t *testing.T) {
	for name, f := range map[string]fault{
		"503":      {"path": "/oauth20_token.srf", "status": 503},
		"cut":      {"path": "/oauth20_token.srf", "cut": 0},
		"html":     {"path": "/oauth20_token.srf", "status": 200, "body": "<html>Welcome to our hotel</html>"},
		"empty":    {"path": "/oauth20_token.srf", "status": 200, "body": ""},
		"throttle": {"path": "/oauth20_token.srf", "status": 429, "body": "Too Many Requests", "headers": map[string]string{"Retry-After": "7"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			a := r.account(r.config())
			r.wantToken(a)
			remove := r.fault(f)
			r.clock.Advance(56 * time.Minute) // to be renewed, and still good
			r.wantToken(a)
			if err := a.Retry(context.Background()); asFailure(err) == nil || asFailure(err).class != Passing {
				t.Fatalf("Retry: got %v, want a passing failure", err)
			}
			r.wantToken(a)
			wantState(t, a, Degraded)

			r.clock.Advance(time.Hour) // ended
			_, _, err := a.Token(context.Background())
			f := asFailure(err)
			if f == nil || f.class != Passing || f.RetryAfter() <= 0 {
				t.Fatalf("without a good token: got %v, want a passing failure with a time to come back", err)
			}
			wantState(t, a, Unavailable)

			remove()
			r.clock.Advance(f.RetryAfter() + time.Second)
			r.wantToken(a)
			wantState(t, a, Ready)
		})
	}
}

func TestPauseAfterFailureIsKept(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	r.fault(fault{"path": "/oauth20_token.srf", "status": 503, "headers": map[string]string{"Retry-After": "120"}})
	before := r.tokenRequests()
	for range 50 {
		if _, _, err := a.Token(context.Background()); err == nil {
			t.Fatal("got a token from a provider that fails")
		}
		r.clock.Advance(time.Second)
	}
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests within Retry-After, want 1", n)
	}
}

func TestRefusedRefreshTokenIsAskedOnceAndKept(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	remove := r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "headers": map[string]string{"Content-Type": "application/json"},
		"body": `{"error":"invalid_grant","error_description":"AADSTS50173: …","error_codes":[50173],"suberror":"bad_token"}`})
	before := r.tokenRequests()
	failed, _ := tokensOfMany(t, 200, a)
	if failed != 200 {
		t.Errorf("got %d failures of 200, want all", failed)
	}
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
	_, _, err := a.Token(context.Background())
	wantFailure(t, err, SigninRequired, "AADSTS50173")
	wantState(t, a, NeedsSignin)
	wantState(t, r.account(r.config()), NeedsSignin) // after a restart as well

	remove()
	r.clock.Advance(probeAfter + time.Second)
	r.wantToken(a) // it was spurious: nothing was lost
}

func TestSecondRefusalIsFinal(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"invalid_grant"}`})
	before := r.tokenRequests()
	for range 20 {
		_, _, err := a.Token(context.Background())
		wantFailure(t, err, SigninRequired, "invalid_grant")
		r.clock.Advance(probeAfter)
	}
	if n := r.tokenRequests() - before; n != 2 {
		t.Errorf("got %d token requests, want the first and one more", n)
	}
}

func TestIdleAccountIsRenewedDaily(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	r.wantToken(a)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		a.Run(ctx)
		close(ended)
	}()
	defer func() { cancel(); <-ended }()
	r.clock.Waiters(1)
	before := r.tokenRequests()
	for range 3 * 24 * 4 {
		r.clock.Advance(15 * time.Minute)
		r.clock.Waiters(1)
		for a.held.ahead.Load() { // the renewal that this woke
			runtime.Gosched()
		}
	}
	if n := r.tokenRequests() - before; n < 2 || n > 4 {
		t.Errorf("got %d renewals in three idle days, want one a day and one for the use before", n)
	}
}

func TestStorageThatCannotBeWrittenCostsNothing(t *testing.T) {
	r := newRig(t)
	full := &fullDisk{Storage: r.storage}
	a := r.account(r.config(), func(o *Options) { o.Storage = full })
	r.wantToken(a)
	full.set(true)
	r.clock.Advance(2 * time.Hour)
	r.wantToken(a)
	s := wantState(t, a, Degraded)
	if s.Error == nil || s.Error.Code != "not_saved" {
		t.Errorf("got error %+v, want not_saved", s.Error)
	}
	full.set(false)
	a.tend(context.Background())
	wantState(t, a, Ready)
	before := r.tokenRequests()
	r.wantToken(r.account(r.config()))
	if r.tokenRequests() != before {
		t.Error("a restart after the storage recovered needed a renewal: the token was not saved")
	}
}

// fullDisk refuses to store when it is full.
type fullDisk struct {
	Storage
	mu   sync.Mutex
	full bool
}

func (d *fullDisk) set(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

func (d *fullDisk) Store(ctx context.Context, key string, value []byte) error {
	d.mu.Lock()
	full := d.full
	d.mu.Unlock()
	if full {
		return errors.New("no space left on device")
	}
	return d.Storage.Store(ctx, key, value)
}

func TestSignOutIsForGoodAndForAll(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	r.wantToken(a)
	other := r.account(r.config(), func(o *Options) { o.Shared = true })
	r.wantToken(other)
	if err := a.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	_, _, err := a.Token(context.Background())
	wantFailure(t, err, SigninRequired, "signed_out")
	other.tend(context.Background())
	wantState(t, other, SignedOut)
	// The value still stands in the configuration, and must not come back.
	wantState(t, r.account(r.config()), SignedOut)
	// A new one may.
	wantState(t, r.account(r.config(func(c *Config) {
		c.RefreshToken = func() (Secret, error) { return "another-token", nil }
	})), Ready)
}

func TestClockSetBackEndsTheToken(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	r.wantToken(a)
	r.clock.Advance(-time.Hour)
	before := r.tokenRequests()
	r.wantToken(a)
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests after the clock went back an hour, want 1", n)
	}
}

func BenchmarkToken(b *testing.B) {
	m := NewMemory()
	defer m.Close()
	a := NewAccount(Options{Config: Config{Name: "default"}, Memory: m, Clock: SystemClock{}})
	now := time.Now()
	a.held.put(&record{Generation: 1, AccessToken: "token", ObtainedAt: now, Expiry: now.Add(time.Hour), RenewOn: now.Add(time.Hour)})
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := a.Token(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
