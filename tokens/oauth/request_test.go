// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestRefreshReadsReplacedSecretOnceAfterInvalidClient(t *testing.T) {
	r := newRig(t)
	secret := Secret("old")
	var requests int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		requests++
		w.Header().Set("Content-Type", "application/json")
		if q.PostFormValue("client_secret") != "new" {
			secret = "new" // rotated while the request was under way
			w.WriteHeader(http.StatusUnauthorized)
			w.Write([]byte(`{"error":"invalid_client","error_codes":[7000215]}`))
			return
		}
		w.Write([]byte(`{"access_token":"t","expires_in":3600}`))
	}))
	defer s.Close()
	c := r.client(r.config(func(c *Config) {
		c.Authority = s.URL
		c.ClientSecret = func() (Secret, error) { return secret, nil }
	}))
	if _, err := refresh(c); err != nil || requests != 2 {
		t.Errorf("got %v after %d requests, want success after 2", err, requests)
	}
}

// skewedProvider is a token endpoint with a clock of its own.
func skewedProvider(t *testing.T, now func() time.Time) (authority string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", now().UTC().Format(http.TimeFormat))
		w.Write([]byte(`{"access_token":"t","expires_in":3600}`))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestClockDifferenceIsLoggedOnce(t *testing.T) {
	for _, test := range []struct {
		skew  time.Duration
		warns int
	}{{0, 0}, {59 * time.Second, 0}, {-59 * time.Second, 0}, {2 * time.Minute, 1}, {-10 * time.Minute, 1}} {
		t.Run(fmt.Sprint(test.skew), func(t *testing.T) {
			r := newRig(t)
			core, logs := observer.New(zap.WarnLevel)
			authority := skewedProvider(t, func() time.Time { return r.clock.Now().Add(test.skew) })
			c := r.loggingClient(r.config(func(c *Config) { c.Authority = authority }), zap.New(core), r.clock)
			var g *Grant
			for range 3 {
				var err error
				if g, err = refresh(c); err != nil {
					t.Fatal(err)
				}
			}
			if got := logs.FilterMessageSnippet("the clocks of this machine").Len(); got != test.warns {
				t.Errorf("got %d warnings, want %d", got, test.warns)
			}
			if life := g.Expiry.Sub(r.clock.Now()); life != time.Hour {
				t.Errorf("the token lives %v by our clock, want an hour", life)
			}
		})
	}
}
