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

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func TestImportedTokenIsReadyBeforeFirstRefresh(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	wantState(t, a, Ready)
	if n := r.tokenRequests(); n != 0 {
		t.Errorf("got %d token requests before the first use, want 0", n)
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

func TestRestartUsesStoredToken(t *testing.T) {
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

// expired is an account whose token has just expired.
func (r *rig) expired(c oauth.Config) *Account {
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

func TestConcurrentCallersShareOneRefresh(t *testing.T) {
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

func TestProcessesWithSharedStorageRefreshOnce(t *testing.T) {
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

func TestRefreshContinuesWhenCallerCancels(t *testing.T) {
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
		t.Errorf("the canceled caller got %v, want context.Canceled", err)
	}
	r.wantToken(a)
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
}

func TestRequestsTimeOutWhenProviderHangs(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	seen := new(recorder)
	a.observer = seen
	r.fault(fault{"path": "/oauth20_token.srf", "times": 1, "delay": "1s"})
	before := r.tokenRequests()
	done := make(chan error)
	go func() {
		_, _, err := a.Token(context.Background())
		done <- err
	}()
	for r.tokenRequests() == before {
		runtime.Gosched()
	}
	wantState(t, a, Ready) // the request is still waiting
	r.clock.Advance(waitLimit)
	f := wantFailure(t, <-done, oauth.Transient, "timeout")
	if f.Wait <= 0 {
		t.Error("the failure does not say how long to wait")
	}
	if s := wantState(t, a, Unavailable); s.Error == nil || s.Error.Code != "timeout" {
		t.Errorf("got error %+v, want timeout", s.Error)
	}
	r.wantToken(a) // the refresh went on
	wantState(t, a, Ready)
	if got, want := seen.allStates(), []State{Unavailable, Ready}; !slices.Equal(got, want) {
		t.Errorf("the observer received %v, want %v", got, want)
	}
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
}

func TestFailedSlowRefreshLeavesOnlyItsOwnFailure(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	leave := make(chan struct{})
	entered, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		_, _, _ = a.state.flight.Do(refreshFlight, func() (any, error) {
			a.state.beginRefresh()
			defer a.endRefresh()
			close(entered)
			<-leave
			return (*bearer)(nil), a.lockFailure()
		})
	}()
	<-entered
	done := make(chan error)
	go func() {
		_, _, err := a.Token(context.Background())
		done <- err
	}()
	r.clock.Waiters(1)
	r.clock.Advance(waitLimit)
	wantFailure(t, <-done, oauth.Transient, "timeout")
	wantState(t, a, Unavailable)
	close(leave)
	<-over // who comes before that still gets the failure
	r.wantToken(a)
	wantState(t, a, Ready)
}

func TestLateRefusalOfOldTokenCausesNoRefresh(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, old := r.wantToken(a)
	fresh, generation, err := a.Refresh(context.Background(), upstream, old, "")
	if err != nil || generation == old {
		t.Fatalf("Refresh: got generation %d (was %d), %v", generation, old, err)
	}
	before := r.tokenRequests()
	for range 100 {
		token, _, err := a.Refresh(context.Background(), upstream, old, "")
		if err != nil || token != fresh {
			t.Fatalf("a late 401 got another token than the current one: %v", err)
		}
	}
	if n := r.tokenRequests() - before; n != 0 {
		t.Errorf("got %d token requests for late 401s, want 0", n)
	}
}

func TestConcurrentRefusalsCauseOneRefresh(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, old := r.wantToken(a)
	r.control("POST", "tokens/revoke", map[string]string{"kind": "access"})
	before := r.tokenRequests()
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			token, _, err := a.Refresh(context.Background(), upstream, old, "")
			if err != nil {
				t.Errorf("Refresh: %v", err)
			} else if status := r.api(token); status != http.StatusOK {
				t.Errorf("the API responded to the refreshed token with status %d", status)
			}
		})
	}
	wg.Wait()
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
}

func TestRefusedFreshTokenIsNotRefreshedAgain(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, generation := r.wantToken(a)
	_, fresh, err := a.Refresh(context.Background(), upstream, generation, "")
	if err != nil {
		t.Fatal(err)
	}
	a.Refused(upstream, fresh, "")
	before := r.tokenRequests()
	for range 50 {
		_, next, err := a.Refresh(context.Background(), upstream, fresh, "")
		if err != nil || next != fresh {
			t.Fatalf("got generation %d, %v; want the refused %d again", next, err, fresh)
		}
	}
	if n := r.tokenRequests() - before; n != 0 {
		t.Errorf("got %d token requests, want 0", n)
	}
	r.clock.Advance(refusedFreshFor + time.Second)
	if _, next, err := a.Refresh(context.Background(), upstream, fresh, ""); err != nil || next == fresh {
		t.Errorf("after %v: got generation %d, %v; want a new one", refusedFreshFor, next, err)
	}
}

func TestOldTokenIsUsedWhileProviderFails(t *testing.T) {
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
			r.clock.Advance(56 * time.Minute) // the refresh is due, and the token still good
			r.wantToken(a)
			if err := a.ForceRefresh(context.Background()); oauth.AsFailure(err) == nil || oauth.AsFailure(err).Status.Class != oauth.Transient {
				t.Fatalf("ForceRefresh: got %v, want a transient failure", err)
			}
			r.wantToken(a)
			wantState(t, a, Degraded)

			r.clock.Advance(time.Hour) // expired
			_, _, err := a.Token(context.Background())
			f := oauth.AsFailure(err)
			if f == nil || f.Status.Class != oauth.Transient || f.Wait <= 0 {
				t.Fatalf("without a good token: got %v, want a transient failure with a time to wait", err)
			}
			wantState(t, a, Unavailable)

			remove()
			r.clock.Advance(f.Wait + time.Second)
			r.wantToken(a)
			wantState(t, a, Ready)
		})
	}
}

func TestNoTokenRequestIsSentDuringRetryAfter(t *testing.T) {
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

func TestRefusedRefreshTokenIsSentOnceAndKept(t *testing.T) {
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
	wantFailure(t, err, oauth.SigninRequired, "AADSTS50173")
	wantState(t, a, NeedsSignin)
	wantState(t, r.account(r.config()), NeedsSignin) // after a restart as well

	remove()
	r.clock.Advance(retryRefusedAfter + time.Second)
	r.wantToken(a) // it was spurious: nothing was lost
}

func TestRefreshTokenIsNotSentAfterSecondRefusal(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"invalid_grant"}`})
	before := r.tokenRequests()
	for range 20 {
		_, _, err := a.Token(context.Background())
		wantFailure(t, err, oauth.SigninRequired, "invalid_grant")
		r.clock.Advance(retryRefusedAfter)
	}
	if n := r.tokenRequests() - before; n != 2 {
		t.Errorf("got %d token requests, want the first and one more", n)
	}
}

func TestTokenIsUsedWhenStorageCannotBeWritten(t *testing.T) {
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
	a.refreshInBackground(context.Background())
	wantState(t, a, Ready)
	before := r.tokenRequests()
	r.wantToken(r.account(r.config()))
	if r.tokenRequests() != before {
		t.Error("a restart after the storage recovered needed a refresh: the token was not saved")
	}
}

func TestSignOutReachesOtherProcessesAndRestarts(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	r.wantToken(a)
	other := r.account(r.config())
	r.wantToken(other)
	if err := a.SignOut(context.Background()); err != nil {
		t.Fatal(err)
	}
	_, _, err := a.Token(context.Background())
	wantFailure(t, err, oauth.SigninRequired, "signed_out")
	other.refreshInBackground(context.Background())
	wantState(t, other, SignedOut)
	// The same value in the configuration is not imported again.
	wantState(t, r.account(r.config()), SignedOut)
	// A new value is.
	wantState(t, r.account(r.config(func(c *oauth.Config) {
		c.RefreshToken = func() (oauth.Secret, error) { return "another-token", nil }
	})), Ready)
}

func TestTokenIsRefreshedAfterClockIsSetBack(t *testing.T) {
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

func TestForcedRefreshDoesNotJoinRefreshInFlight(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	remove := r.fault(fault{"path": "/oauth20_token.srf", "status": 503, "headers": map[string]string{"Retry-After": "3600"}})
	_, _, err := a.Token(context.Background())
	wantFailure(t, err, oauth.Transient, "http_503")
	remove()
	// A refresh that obeys Retry-After is in flight when the operator forces one.
	entered, leave := make(chan struct{}), make(chan struct{})
	go a.state.flight.Do(refreshFlight, func() (any, error) {
		close(entered)
		<-leave
		return (*bearer)(nil), a.blocked(demand{})
	})
	<-entered
	done := make(chan error, 1)
	go func() { done <- a.ForceRefresh(context.Background()) }()
	for range 100 {
		runtime.Gosched()
	}
	close(leave)
	if err := <-done; err != nil {
		t.Errorf("ForceRefresh: %v, want a refresh of its own", err)
	}
	wantState(t, a, Ready)
}

func TestConcurrentForcedRefreshesEndWithGoodToken(t *testing.T) {
	r := newRig(t)
	r.control("POST", "strict", map[string]bool{"on": true})
	a := r.account(r.config())
	r.wantToken(a)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := a.ForceRefresh(context.Background()); err != nil {
				t.Errorf("ForceRefresh: %v", err)
			}
		})
		wg.Go(func() {
			if _, _, err := a.Token(context.Background()); err != nil {
				t.Errorf("Token: %v", err)
			}
		})
	}
	wg.Wait()
	r.wantToken(a)
}

func TestAccessTokenIsDroppedWhenUpstreamAndProviderRefuse(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	_, generation := r.wantToken(a)
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"invalid_grant"}`})
	_, _, err := a.Refresh(context.Background(), upstream, generation, "")
	wantFailure(t, err, oauth.SigninRequired, "invalid_grant")
	_, _, err = a.Token(context.Background())
	wantFailure(t, err, oauth.SigninRequired, "invalid_grant")
	_, _, err = r.account(r.config()).Token(context.Background()) // after a restart as well
	wantFailure(t, err, oauth.SigninRequired, "invalid_grant")
}

func TestAccessTokenStaysInUseUntilExpiryWhenRefreshFails(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	r.wantToken(a)
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"invalid_grant"}`})
	wantFailure(t, a.ForceRefresh(context.Background()), oauth.SigninRequired, "invalid_grant")
	r.wantToken(a)
	wantState(t, a, NeedsSignin)
}

func TestClaimsArePendingUntilSignIn(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	r := newRig(t)
	a := r.account(r.config())
	_, generation := r.wantToken(a)
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"interaction_required","error_codes":[50076]}`})
	before := r.tokenRequests()
	for range 20 {
		_, _, err := a.Refresh(context.Background(), upstream, generation, claims)
		f := wantFailure(t, err, oauth.SigninRequired, "AADSTS50076")
		if f.Claims != claims {
			t.Fatalf("got claims %q, want those of the challenge", f.Claims)
		}
	}
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests for one challenge, want 1", n)
	}
	restarted := r.account(r.config())
	wantState(t, restarted, NeedsSignin)
	if got := restarted.PendingClaims(); got != claims {
		t.Errorf("after a restart: got claims %q, want those of the challenge", got)
	}
	if err := restarted.Adopt(context.Background(), r.signedIn("t", "refresh"), true); err != nil {
		t.Fatal(err)
	}
	if got := restarted.PendingClaims(); got != "" {
		t.Errorf("after the sign-in the claims %q are still pending", got)
	}
}

func TestCanceledCallerGetsContextErrorWhileLockIsTaken(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	a.state.writer <- struct{}{}
	defer func() { <-a.state.writer }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, _, err := a.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's end", err)
	}
	f := wantFailure(t, a.SignOut(ctx), oauth.Transient, "storage_lock")
	if f.Status.Message == "" {
		t.Error("the failure has no text")
	}
}

func BenchmarkToken(b *testing.B) {
	m := NewCache()
	defer m.Close()
	a := NewAccount(Options{Config: oauth.Config{Name: "default"}, Cache: m, Clock: oauth.SystemClock{}})
	now := time.Now()
	a.state.put(&record{Generation: 1, AccessToken: "token", ObtainedAt: now, Expiry: now.Add(time.Hour), RefreshOn: now.Add(time.Hour)})
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := a.Token(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// A provider that has closed a connection is not one that asks to wait.
func TestFirstPauseAfterResetIsShort(t *testing.T) {
	for _, test := range []struct {
		fault    fault
		shortest time.Duration
		longest  time.Duration
	}{
		{fault{"path": "/oauth20_token.srf", "cut": 0}, 800 * time.Millisecond, 1200 * time.Millisecond},
		{fault{"path": "/oauth20_token.srf", "status": 503}, 4 * time.Second, 6 * time.Second},
	} {
		r := newRig(t)
		r.fault(test.fault)
		_, _, err := r.account(r.config()).Token(context.Background())
		f := oauth.AsFailure(err)
		if f == nil || f.Wait < test.shortest || f.Wait > test.longest {
			t.Errorf("%v: got %v, want a failure to wait for between %v and %v", test.fault, err, test.shortest, test.longest)
		}
	}
}
