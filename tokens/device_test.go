// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/internal/testclock"
)

// hurried is a clock on which nobody waits: it moves on by what they wait for.
type hurried struct {
	*testclock.Clock
	waits []time.Duration
}

func (c *hurried) After(d time.Duration) (<-chan time.Time, func()) {
	c.waits = append(c.waits, d)
	c.Advance(d)
	fired := make(chan time.Time, 1)
	fired <- c.Now()
	return fired, func() {}
}

// polled answers the polls of a device sign-in one after the other; the last
// answer stays.
func polled(t *testing.T, answers ...http.HandlerFunc) (authority string, asked func() []url.Values) {
	t.Helper()
	var mu sync.Mutex
	var all []url.Values
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		mu.Lock()
		answer := answers[min(len(all), len(answers)-1)]
		all = append(all, r.PostForm)
		mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []url.Values {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

func cutOff(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestDevicePolling(t *testing.T) {
	pending := says(400, `{"error":"authorization_pending","error_description":"AADSTS70016: pending","error_codes":[70016]}`)
	slowDown := says(400, `{"error":"slow_down"}`)
	busy := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "20")
		says(503, `{"error":"temporarily_unavailable"}`)(w, r)
	}
	granted := says(200, `{"access_token":"t","expires_in":3600,"refresh_token":"r"}`)
	s := func(n ...int) (d []time.Duration) {
		for _, n := range n {
			d = append(d, time.Duration(n)*time.Second)
		}
		return d
	}
	for _, test := range []struct {
		name    string
		answers []http.HandlerFunc
		waits   []time.Duration
		class   Class // empty: a grant
		code    string
	}{
		{"pending, then granted", []http.HandlerFunc{pending, pending, granted}, s(5, 5, 5), "", ""},
		{"slower for good", []http.HandlerFunc{slowDown, pending, slowDown, granted}, s(5, 10, 10, 15), "", ""},
		{"network errors end nothing", []http.HandlerFunc{pending, cutOff, cutOff, pending, granted}, s(5, 5, 10, 20, 5), "", ""},
		{"Retry-After is heeded", []http.HandlerFunc{busy, granted}, s(5, 20), "", ""},
		{"a hotel's page ends nothing", []http.HandlerFunc{says(200, `<html>`), granted}, s(5, 10), "", ""},
		{"declined", []http.HandlerFunc{pending, says(400, `{"error":"authorization_declined"}`)}, s(5, 5), SigninRequired, "authorization_declined"},
		{"denied", []http.HandlerFunc{says(400, `{"error":"access_denied"}`)}, s(5), SigninRequired, "access_denied"},
		{"late, says the provider", []http.HandlerFunc{says(400, `{"error":"expired_token","error_codes":[70019]}`)}, s(5), SigninRequired, "AADSTS70019"},
		{"unknown code", []http.HandlerFunc{says(400, `{"error":"bad_verification_code","error_codes":[70018]}`)}, s(5), SigninRequired, "AADSTS70018"},
		{"not a public client", []http.HandlerFunc{says(401, `{"error":"invalid_client","error_codes":[7000218]}`)}, s(5), Misconfigured, "AADSTS7000218"},
		{"blocked by the organization", []http.HandlerFunc{says(400, `{"error":"access_denied","error_codes":[53003]}`)}, s(5), SigninRequired, "AADSTS53003"},
		{"nobody comes", []http.HandlerFunc{pending}, slices.Repeat(s(5), 12), SigninRequired, "expired_token"},
		{"nobody can be reached", []http.HandlerFunc{cutOff}, s(5, 10, 20, 40), SigninRequired, "expired_token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			clock := &hurried{Clock: r.clock}
			authority, _ := polled(t, test.answers...)
			a := r.account(r.config(func(c *Config) { c.Authority, c.Flow, c.RefreshToken = authority, FlowDevice, nil }),
				func(o *Options) { o.Clock = clock })
			g, err := a.PollDevice(context.Background(), &DeviceCode{code: "d", interval: 5 * time.Second, ExpiresAt: r.clock.Now().Add(time.Minute)})
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
	a := r.account(r.config(func(c *Config) { c.Flow, c.RefreshToken = FlowDevice, nil }))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := a.PollDevice(ctx, &DeviceCode{code: "d", interval: time.Second, ExpiresAt: r.clock.Now().Add(time.Minute)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
}

func TestDeviceSigninCarriesTheClaimsThatAreOwed(t *testing.T) {
	const claims = `{"access_token":{}}`
	r := newRig(t)
	authority, asked := polled(t, says(400, `{"error":"interaction_required"}`), says(200, `{"access_token":"t","expires_in":3600}`))
	a := r.account(r.config(func(c *Config) { c.Authority = authority }))
	if _, _, err := a.Renew(context.Background(), 0, claims); asFailure(err) == nil {
		t.Fatalf("Renew: got %v, want a failure", err)
	}
	if _, err := a.requestToken(context.Background(), a.deviceRequest(&DeviceCode{code: "d"})); err != nil {
		t.Fatal(err)
	}
	if got := asked()[1].Get("claims"); got != claims {
		t.Errorf("the poll carries claims %q, want %q", got, claims)
	}
}
