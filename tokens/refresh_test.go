// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// Without a lock, the refusal of an earlier token can arrive after a sign-in.
func TestLateFailureKeepsNewerSignIn(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	r.wantToken(a)
	old, _ := a.state.known()
	if err := r.account(r.config()).Adopt(context.Background(), r.signedIn("fresh", "refresh"), true); err != nil {
		t.Fatal(err)
	}
	f := a.failure(oauth.SigninRequired, "invalid_grant", "refused", "Sign in again.")
	if b, err := a.refreshFailed(context.Background(), demand{other: old.Generation}, old, f); err != nil || b.authorization != "Bearer fresh" {
		t.Errorf("got %v, %v, want the token of the newer sign-in", b, err)
	}
	wantState(t, a, Ready)
	wantState(t, r.account(r.config()), Ready)
}

func TestSignInDuringFailingRefreshIsKept(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"invalid_grant"}`, "delay": "200ms"})
	before := r.tokenRequests()
	refused := make(chan error)
	go func() {
		_, _, err := a.Token(context.Background())
		refused <- err
	}()
	for r.tokenRequests() == before {
		runtime.Gosched()
	}
	if err := a.Adopt(context.Background(), r.signedIn("fresh", "refresh"), true); err != nil {
		t.Fatal(err)
	}
	<-refused
	if authorization, _, err := a.Token(context.Background()); err != nil || authorization != "Bearer fresh" {
		t.Errorf("got %q, %v, want the token of the sign-in", authorization, err)
	}
	wantState(t, a, Ready)
}

func TestRefreshIsDueAheadOfExpiry(t *testing.T) {
	for _, test := range []struct {
		name           string
		response       string
		before         time.Duration
		earliest, last time.Duration // after it was obtained
	}{
		{"default, an hour", `"expires_in":3600`, 0, 48 * time.Minute, 54 * time.Minute},
		{"default, a day", `"expires_in":86400`, 0, 19 * time.Hour, 22 * time.Hour},
		{"default, a minute", `"expires_in":60`, 0, 27 * time.Second, 30 * time.Second},
		{"the provider says", `"expires_in":86400,"refresh_in":"43200"`, 0, 10*time.Hour + 48*time.Minute, 12 * time.Hour},
		{"the provider says too late", `"expires_in":3600,"refresh_in":3600`, 0, 48 * time.Minute, 55 * time.Minute},
		{"the operator says", `"expires_in":86400,"refresh_in":43200`, time.Hour, 20 * time.Hour, 23 * time.Hour},
		{"the operator says too early", `"expires_in":3600`, 2 * time.Hour, 27 * time.Minute, 30 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			authority, _ := fixedProvider(t, `{"access_token":"t",`+test.response+`}`)
			a := r.account(r.config(func(c *oauth.Config) { c.Authority, c.RefreshBefore = authority, test.before }))
			if _, _, err := a.Token(context.Background()); err != nil {
				t.Fatal(err)
			}
			rec, _ := a.state.known()
			if on := rec.RefreshOn.Sub(rec.ObtainedAt); on < test.earliest || on > test.last {
				t.Errorf("the refresh is due after %v, want %v to %v", on, test.earliest, test.last)
			}
		})
	}
}

// The timers of a laptop that slept stood still, its wall clock did not.
func TestTokenExpiredDuringSleepIsRefreshed(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	old, _ := r.wantToken(a)
	r.clock.Advance(9 * time.Hour)
	if fresh, _ := r.wantToken(a); fresh == old {
		t.Error("a token that expired during a sleep was sent")
	}
}

func TestAppOnlyAccountWorksAfterClientChange(t *testing.T) {
	r := newRig(t)
	authority, _ := fixedProvider(t, `{"access_token":"t","expires_in":3599}`)
	config := func(client string) oauth.Config {
		return r.config(func(c *oauth.Config) {
			c.Authority, c.ClientID = authority, client
			c.Provider, c.Flow, c.Tenant, c.ClientSecret, c.RefreshToken = oauth.Entra, oauth.FlowClientCredentials, "contoso.example", clientSecret, nil
		})
	}
	for _, client := range []string{"one", "two"} {
		a := r.account(config(client))
		if s := wantState(t, a, Unavailable); s.Error.Code != codeNoTokenYet {
			t.Errorf("client %s: before its first token: got %+v, want that there was none yet", client, s.Error)
		}
		if _, _, err := a.Token(context.Background()); err != nil {
			t.Errorf("client %s: %v", client, err)
		}
		wantState(t, a, Ready)
	}
}

// Whether the credentials of an app are right is known without a request.
func TestAppRequestsItsFirstTokenByItself(t *testing.T) {
	r := newRig(t)
	authority, _ := fixedProvider(t, `{"access_token":"t","expires_in":3599}`)
	refusing, _ := providerWith(t, 401, `{"error":"invalid_client","error_codes":[7000215]}`)
	for _, test := range []struct {
		authority string
		want      State
	}{{authority, Ready}, {refusing, NeedsOperator}} {
		o := new(recorder)
		a := r.account(r.config(func(c *oauth.Config) {
			c.Name = "app-" + string(test.want)[:5]
			c.Authority = test.authority
			c.Provider, c.Flow, c.Tenant, c.ClientSecret, c.RefreshToken = oauth.Entra, oauth.FlowClientCredentials, "contoso.example", clientSecret, nil
		}), func(p *Options) { p.Observer = o })
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { a.Run(ctx) })
		r.clock.Waiters(1)
		r.clock.Advance(loadEvery)
		for a.status().State != test.want {
			runtime.Gosched()
		}
		cancel()
		running.Wait()
		if got := o.allStates()[0]; got != Unavailable {
			t.Errorf("%s: got first state %s, want %s", test.want, got, Unavailable)
		}
		for _, e := range o.allEvents() {
			if strings.HasPrefix(e, EventStateChanged) {
				t.Errorf("%s: got event %q, want none for the state that a process begins with", test.want, e)
			}
		}
	}
}

// There is no user who could sign in to fix it.
func TestRefusalOfAppIsMisconfiguration(t *testing.T) {
	r := newRig(t)
	authority, _ := providerWith(t, 400, `{"error":"invalid_grant","error_codes":[65001]}`)
	a := r.account(r.config(func(c *oauth.Config) {
		c.Authority = authority
		c.Provider, c.Flow, c.Tenant, c.ClientSecret, c.RefreshToken = oauth.Entra, oauth.FlowClientCredentials, "contoso.example", clientSecret, nil
	}))
	_, _, err := a.Token(context.Background())
	f := wantFailure(t, err, oauth.Misconfigured, "AADSTS65001")
	if !strings.Contains(f.Status.Hint, "administrator") {
		t.Errorf("got hint %q, want one for the operator", f.Status.Hint)
	}
	wantState(t, a, NeedsOperator)
}

// Revoked consent: the published response, no loop, and a sign-in fixes it.
func TestRevokedConsentIsHealedBySignIn(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	remove := r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": `{"error":"invalid_grant","error_description":"The request was denied because one or more scopes requested are unauthorized or expired. The user must first sign in and grant the client application access to the requested scope."}`})
	before := r.tokenRequests()
	for range 30 {
		_, _, err := a.Token(context.Background())
		wantFailure(t, err, oauth.SigninRequired, "invalid_grant")
	}
	if n := r.tokenRequests() - before; n != 1 {
		t.Errorf("got %d token requests, want 1", n)
	}
	s := wantState(t, a, NeedsSignin)
	if s.Error == nil || !strings.Contains(s.Error.Hint, "took the app's permission back") {
		t.Errorf("got error %+v, want the reason", s.Error)
	}
	remove()
	if err := a.Adopt(context.Background(), r.signedIn("fresh", "refresh"), true); err != nil {
		t.Fatal(err)
	}
	if s := wantState(t, a, Ready); s.Error != nil {
		t.Errorf("after the sign-in: got error %+v", s.Error)
	}
}

func TestRefusalKeepsRefreshToken(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		class  oauth.Class
		code   string
		state  State
	}{
		{"refused", 400, `{"error":"invalid_grant","error_codes":[50173],"suberror":"bad_token"}`, oauth.SigninRequired, "AADSTS50173", NeedsSignin},
		{"consent missing", 400, `{"error":"invalid_grant","error_codes":[65001],"suberror":"consent_required"}`, oauth.SigninRequired, "AADSTS65001", NeedsSignin},
		{"second factor", 400, `{"error":"interaction_required","error_codes":[50076],"claims":"{}"}`, oauth.SigninRequired, "AADSTS50076", NeedsSignin},
		{"wrong secret", 401, `{"error":"invalid_client","error_codes":[7000215]}`, oauth.Misconfigured, "AADSTS7000215", NeedsOperator},
		{"unknown error", 400, `{"error":"weird_thing"}`, oauth.Misconfigured, "unknown", NeedsOperator},
		{"busy", 503, `{"error":"temporarily_unavailable","error_codes":[90033]}`, oauth.Transient, "AADSTS90033", Unavailable},
		{"invalid_grant of a failing server", 503, `{"error":"invalid_grant"}`, oauth.Transient, "invalid_grant", Unavailable},
		{"throttled", 429, `Too Many Requests`, oauth.Transient, "http_429", Unavailable},
		{"loop", 400, `{"error":"invalid_grant","error_codes":[50196]}`, oauth.Transient, "AADSTS50196", Unavailable},
		{"not OAuth", 200, `<html>Welcome to our hotel</html>`, oauth.Transient, "no_oauth_answer", Unavailable},
		{"no token", 200, `{"token_type":"bearer"}`, oauth.Transient, "no_oauth_answer", Unavailable},
		{"token with line breaks", 200, `{"access_token":"a\r\nb","expires_in":3600}`, oauth.Misconfigured, "access_token", NeedsOperator},
		{"proof of possession", 200, `{"access_token":"t","token_type":"pop","expires_in":3600}`, oauth.Misconfigured, "token_type", NeedsOperator},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			authority, _ := providerWith(t, test.status, test.body)
			a := r.account(r.config(func(c *oauth.Config) { c.Authority = authority }))
			_, _, err := a.Token(context.Background())
			f := wantFailure(t, err, test.class, test.code)
			if test.class == oauth.Transient && f.Wait <= 0 {
				t.Error("a transient failure does not say how long to wait")
			}
			s := wantState(t, a, test.state)
			if s.Error == nil || *s.Error != f.Status {
				t.Errorf("got status error %+v, want %+v", s.Error, f.Status)
			}
			for _, where := range []string{"memory", "storage"} {
				if rec, _ := a.state.known(); rec == nil || rec.RefreshToken != "emulator-refresh-token" {
					t.Errorf("the refresh token was lost from the %s", where)
				}
				if err := a.load(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// A machine may start with a clock that is years ahead, and set it right later.
func TestFailureBeforeClockWasSetBackDoesNotForbidRefresh(t *testing.T) {
	for name, response := range map[string]fault{
		"transient": {"status": 503},
		"refused":   {"status": 400, "body": `{"error":"invalid_grant"}`},
	} {
		t.Run(name, func(t *testing.T) {
			const ahead = 365 * 24 * time.Hour
			r := newRig(t)
			r.wantToken(r.account(r.config()))
			r.clock.Advance(ahead)
			response["path"] = "/oauth20_token.srf"
			remove := r.fault(response)
			a := r.account(r.config())
			if err := a.ForceRefresh(context.Background()); err == nil {
				t.Fatal("got a token from a provider that fails")
			}
			remove()
			r.clock.Advance(2*time.Hour - ahead)

			remove = r.fault(fault{"path": "/oauth20_token.srf", "status": 500})
			if _, _, err := a.Token(context.Background()); err == nil {
				t.Fatal("got a token from a provider that fails")
			}
			sent := r.tokenRequests()
			_, _, err := a.Token(context.Background())
			wantFailure(t, err, oauth.Transient, "http_500")
			if got := r.tokenRequests(); got != sent {
				t.Error("the pause after the later failure was not kept")
			}
			remove()
			r.clock.Advance(time.Minute)
			r.wantToken(a)
			r.wantToken(r.account(r.config()))
		})
	}
}
