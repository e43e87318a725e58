// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
)

// instantClock is a clock on which nobody waits: it advances by the time waited
// for.
type instantClock struct {
	*testclock.Clock
	waits []time.Duration
}

func (c *instantClock) After(d time.Duration) (<-chan time.Time, func()) {
	c.waits = append(c.waits, d)
	c.Advance(d)
	fired := make(chan time.Time, 1)
	fired <- c.Now()
	return fired, func() {}
}

func cutOff(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestDevicePollingContinuesUntilProviderDecides(t *testing.T) {
	pending := response(400, `{"error":"authorization_pending","error_description":"AADSTS70016: pending","error_codes":[70016]}`)
	slowDown := response(400, `{"error":"slow_down"}`)
	busy := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "20")
		response(503, `{"error":"temporarily_unavailable"}`)(w, r)
	}
	granted := response(200, `{"access_token":"t","expires_in":3600,"refresh_token":"r"}`)
	s := func(n ...int) (d []time.Duration) {
		for _, n := range n {
			d = append(d, time.Duration(n)*time.Second)
		}
		return d
	}
	for _, test := range []struct {
		name      string
		responses []http.HandlerFunc
		waits     []time.Duration
		class     Class // empty: a grant
		code      string
	}{
		{"pending, then granted", []http.HandlerFunc{pending, pending, granted}, s(5, 5, 5), "", ""},
		{"slower for good", []http.HandlerFunc{slowDown, pending, slowDown, granted}, s(5, 10, 10, 15), "", ""},
		// The first is cut off over a connection that was kept, and sent once more at once.
		{"network errors do not end it", []http.HandlerFunc{pending, cutOff, cutOff, cutOff, pending, granted}, s(5, 5, 10, 20, 5), "", ""},
		{"Retry-After is obeyed", []http.HandlerFunc{busy, granted}, s(5, 20), "", ""},
		{"a hotel's page does not end it", []http.HandlerFunc{response(200, `<html>`), granted}, s(5, 10), "", ""},
		{"declined", []http.HandlerFunc{pending, response(400, `{"error":"authorization_declined"}`)}, s(5, 5), SigninRequired, "authorization_declined"},
		{"denied", []http.HandlerFunc{response(400, `{"error":"access_denied"}`)}, s(5), SigninRequired, "access_denied"},
		{"late, says the provider", []http.HandlerFunc{response(400, `{"error":"expired_token","error_codes":[70019]}`)}, s(5), SigninRequired, "AADSTS70019"},
		{"unknown code", []http.HandlerFunc{response(400, `{"error":"bad_verification_code","error_codes":[70018]}`)}, s(5), SigninRequired, "AADSTS70018"},
		{"not a public client", []http.HandlerFunc{response(401, `{"error":"invalid_client","error_codes":[7000218]}`)}, s(5), Misconfigured, "AADSTS7000218"},
		{"blocked by the organization", []http.HandlerFunc{response(400, `{"error":"access_denied","error_codes":[53003]}`)}, s(5), SigninRequired, "AADSTS53003"},
		{"nobody signs in", []http.HandlerFunc{pending}, slices.Repeat(s(5), 12), SigninRequired, "expired_token"},
		{"the provider cannot be reached", []http.HandlerFunc{cutOff}, s(5, 10, 20, 40), SigninRequired, "expired_token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			clock := &instantClock{Clock: r.clock}
			authority, _ := provider(t, test.responses...)
			c := r.loggingClient(r.config(func(c *Config) { c.Authority, c.Flow = authority, FlowDevice }), nil, clock)
			g, err := c.PollDevice(context.Background(), &DeviceCode{code: "d", interval: 5 * time.Second, ExpiresAt: r.clock.Now().Add(time.Minute)}, "")
			if test.class == "" && (err != nil || g == nil) {
				t.Fatalf("got %v, want a grant", err)
			}
			if test.class != "" {
				wantFailure(t, err, test.class, test.code)
			}
			if !slices.Equal(clock.waits, test.waits) {
				t.Errorf("waited %v, want %v", clock.waits, test.waits)
			}
		})
	}
}

func TestDevicePollingEndsWithItsContext(t *testing.T) {
	r := newRig(t)
	c := r.client(r.config(func(c *Config) { c.Flow = FlowDevice }))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := c.PollDevice(ctx, &DeviceCode{code: "d", interval: time.Second, ExpiresAt: r.clock.Now().Add(time.Minute)}, "")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
}

func TestDevicePollCarriesClaims(t *testing.T) {
	const claims = `{"access_token":{}}`
	r := newRig(t)
	authority, sent := fixedProvider(t, "application/json", `{"access_token":"t","expires_in":3600}`)
	c := r.loggingClient(r.config(func(c *Config) { c.Authority = authority }), nil, &instantClock{Clock: r.clock})
	if _, err := c.PollDevice(context.Background(), &DeviceCode{code: "d", ExpiresAt: r.clock.Now().Add(time.Minute)}, claims); err != nil {
		t.Fatal(err)
	}
	if got := sent().Get("claims"); got != claims {
		t.Errorf("the poll carries claims %q, want %q", got, claims)
	}
}
