// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestRenewalAheadOfExpiry(t *testing.T) {
	for _, test := range []struct {
		name           string
		answer         string
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
			authority, _ := answering(t, "application/json", `{"access_token":"t",`+test.answer+`}`)
			a := r.account(r.config(func(c *Config) { c.Authority, c.RefreshBefore = authority, test.before }))
			if _, _, err := a.Token(context.Background()); err != nil {
				t.Fatal(err)
			}
			rec, _ := a.held.known()
			if on := rec.RenewOn.Sub(rec.ObtainedAt); on < test.earliest || on > test.last {
				t.Errorf("renewed after %v, want %v to %v", on, test.earliest, test.last)
			}
		})
	}
}

// skewedProvider answers with a clock of its own.
func skewedProvider(t *testing.T, now func() time.Time) (authority string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", now().UTC().Format(http.TimeFormat))
		w.Write([]byte(`{"access_token":"t","expires_in":3600}`))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestClocksThatDifferAreSaidOnce(t *testing.T) {
	for _, test := range []struct {
		skew  time.Duration
		warns int
	}{{0, 0}, {59 * time.Second, 0}, {-59 * time.Second, 0}, {2 * time.Minute, 1}, {-10 * time.Minute, 1}} {
		t.Run(fmt.Sprint(test.skew), func(t *testing.T) {
			r := newRig(t)
			core, logs := observer.New(zap.WarnLevel)
			authority := skewedProvider(t, func() time.Time { return r.clock.Now().Add(test.skew) })
			a := r.account(r.config(func(c *Config) { c.Authority = authority }), func(o *Options) { o.Logger = zap.New(core) })
			for range 3 {
				if err := a.Retry(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			if got := logs.FilterMessageSnippet("the clocks of this machine").Len(); got != test.warns {
				t.Errorf("got %d warnings, want %d", got, test.warns)
			}
			rec, _ := a.held.known()
			if life := rec.Expiry.Sub(r.clock.Now()); life != time.Hour {
				t.Errorf("the token lives %v by our clock, want an hour", life)
			}
		})
	}
}

// A laptop that slept: its timers stood still, the wall clock did not.
func TestTokenThatEndedDuringASleepIsRenewed(t *testing.T) {
	r := newRig(t)
	a := r.account(r.config())
	old, _ := r.wantToken(a)
	r.clock.Advance(9 * time.Hour)
	if fresh, _ := r.wantToken(a); fresh == old {
		t.Error("a token that ended during a sleep was sent")
	}
}

func TestAppOnlyAccountOutlivesAChangeOfItsClient(t *testing.T) {
	r := newRig(t)
	authority, _ := answering(t, "application/json", `{"access_token":"t","expires_in":3599}`)
	config := func(client string) Config {
		return r.config(func(c *Config) {
			c.Authority, c.ClientID = authority, client
			c.Provider, c.Flow, c.Tenant, c.ClientSecret, c.RefreshToken = Entra, FlowClientCredentials, "contoso.example", wireSecret, nil
		})
	}
	for _, client := range []string{"one", "two"} {
		a := r.account(config(client))
		wantState(t, a, Ready)
		if _, _, err := a.Token(context.Background()); err != nil {
			t.Errorf("client %s: %v", client, err)
		}
	}
}

// Nobody could sign in to cure it.
func TestRefusalOfAnAppIsTheOperators(t *testing.T) {
	r := newRig(t)
	authority, _ := polled(t, says(400, `{"error":"invalid_grant","error_codes":[65001]}`))
	a := r.account(r.config(func(c *Config) {
		c.Authority = authority
		c.Provider, c.Flow, c.Tenant, c.ClientSecret, c.RefreshToken = Entra, FlowClientCredentials, "contoso.example", wireSecret, nil
	}))
	_, _, err := a.Token(context.Background())
	f := wantFailure(t, err, Misconfigured, "AADSTS65001")
	if !strings.Contains(f.Hint(), "administrator") {
		t.Errorf("got hint %q, want one for the operator", f.Hint())
	}
	wantState(t, a, NeedsOperator)
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// What stands for the secret stands for it in every grant.
func TestAssertionsServeEveryGrant(t *testing.T) {
	cert, key := writeCertificate(t)
	federated := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(federated, []byte("projected"), 0o600); err != nil {
		t.Fatal(err)
	}
	for proof, edit := range map[string]func(*Config){
		"certificate": func(c *Config) { c.CertificateFile, c.KeyFile = cert, key },
		"federated":   func(c *Config) { c.FederatedTokenFile = federated },
	} {
		for _, provider := range []Provider{MicrosoftAccount, AzureAD, Entra} {
			t.Run(proof+" at "+string(provider), func(t *testing.T) {
				r := newRig(t)
				r.clock.Advance(time.Since(r.clock.Now())) // the certificate is of today
				authority, sent := answering(t, "application/json", `{"access_token":"t","expires_in":3600,"refresh_token":"next"}`)
				a := r.account(r.config(func(c *Config) { c.Authority, c.Provider = authority, provider }, edit))
				check := func(grant string) {
					t.Helper()
					got := sent()
					if got.Get("grant_type") != grant || got.Get("client_assertion_type") != assertionType || got.Has("client_secret") {
						t.Errorf("%s: got %v", grant, got)
					}
					if proof == "federated" {
						if diff := cmp.Diff("projected", got.Get("client_assertion")); diff != "" {
							t.Errorf("%s: %s", grant, diff)
						}
						return
					}
					checkAssertion(t, got.Get("client_assertion"), cert, a.config.endpoints().token, r.clock.Now())
				}
				if _, err := a.ExchangeCode(context.Background(), "code", "verifier", wireRedirect); err != nil {
					t.Fatal(err)
				}
				check("authorization_code")
				if err := a.Retry(context.Background()); err != nil {
					t.Fatal(err)
				}
				check("refresh_token")
				if _, err := a.requestToken(context.Background(), a.deviceRequest(&DeviceCode{code: "d"})); err != nil {
					t.Fatal(err)
				}
				check(map[Provider]string{AzureAD: "device_code"}[provider] + map[bool]string{true: "urn:ietf:params:oauth:grant-type:device_code"}[provider != AzureAD])
			})
		}
	}
}

func TestCertificateThatEnds(t *testing.T) {
	cert, key := writeCertificate(t) // for an hour from now
	r := newRig(t)
	r.clock.Advance(time.Since(r.clock.Now()))
	core, logs := observer.New(zap.WarnLevel)
	authority, _ := answering(t, "application/json", `{"access_token":"t","expires_in":60}`)
	a := r.account(r.config(func(c *Config) { c.Authority, c.CertificateFile, c.KeyFile = authority, cert, key }),
		func(o *Options) { o.Logger = zap.New(core) })
	for range 2 {
		if err := a.Retry(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if got := logs.FilterMessageSnippet("the client certificate ends soon").Len(); got != 1 {
		t.Errorf("got %d warnings of the end, want 1", got)
	}
	r.clock.Advance(2 * time.Hour)
	_, _, err := a.Token(context.Background())
	f := wantFailure(t, err, Misconfigured, "client_certificate")
	if !strings.Contains(f.Message, "expired on") {
		t.Errorf("got %q, want the day it expired", f.Message)
	}
}

// Revoked consent: the published answer, no loop, and a sign-in heals it.
func TestRevokedConsent(t *testing.T) {
	r := newRig(t)
	a := r.expired(r.config())
	remove := r.fault(fault{"path": "/oauth20_token.srf", "status": 400, "body": refusals[0].body})
	before := r.tokenRequests()
	for range 30 {
		_, _, err := a.Token(context.Background())
		wantFailure(t, err, SigninRequired, "invalid_grant")
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
