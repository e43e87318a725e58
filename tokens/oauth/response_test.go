// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"testing"
	"time"
)

func TestLifetimeIsReadFromAnyFormOfResponse(t *testing.T) {
	const start = 1795251600 // 2026-11-21 09:00 UTC
	for _, test := range []struct {
		name, contentType, body string
		want                    time.Duration
	}{
		{"number", "application/json", `{"access_token":"t","expires_in":3600}`, time.Hour},
		{"text", "application/json", `{"access_token":"t","expires_in":"3600"}`, time.Hour},
		{"float", "application/json", `{"access_token":"t","expires_in":3600.5}`, time.Hour + 500*time.Millisecond},
		{"float text", "application/json", `{"access_token":"t","expires_in":"3600.0"}`, time.Hour},
		{"empty text", "application/json", `{"access_token":"t","expires_in":""}`, assumedLifetime},
		{"absent", "application/json", `{"access_token":"t"}`, assumedLifetime},
		{"null", "application/json", `{"access_token":"t","expires_in":null}`, assumedLifetime},
		{"zero", "application/json", `{"access_token":"t","expires_in":0}`, assumedLifetime},
		{"negative", "application/json", `{"access_token":"t","expires_in":-5}`, assumedLifetime},
		{"huge", "application/json", `{"access_token":"t","expires_in":1e300}`, assumedLifetime},
		{"absent with expires_on", "application/json", `{"access_token":"t","expires_on":"1795255200"}`, time.Hour},
		{"expires_on passed", "application/json", `{"access_token":"t","expires_on":"1000"}`, assumedLifetime},
		{"text/plain", "text/plain", `{"access_token":"t","expires_in":3600}`, time.Hour},
		{"byte order mark", "application/json; charset=utf-8", "\ufeff" + `{"access_token":"t","expires_in":"3600"}`, time.Hour},
		{"byte order mark before a form", "text/plain", "\ufeffaccess_token=t&expires_in=3600", time.Hour},
		{"form", "application/x-www-form-urlencoded", `access_token=t&expires_in=3600`, time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			if r.clock.Now().Unix() != start {
				t.Fatalf("the clock starts at %d", r.clock.Now().Unix())
			}
			authority, _ := fixedProvider(t, test.contentType, test.body)
			c := r.client(r.config(func(c *Config) { c.Authority = authority }))
			g, err := refresh(c)
			if err != nil || g.AccessToken != "t" {
				t.Fatalf("got %+v, %v", g, err)
			}
			if got := g.Expiry.Sub(r.clock.Now()); got != test.want {
				t.Errorf("got a life of %v, want %v", got, test.want)
			}
		})
	}
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(`{"access_token":"t","expires_in":"3600"}`))
	f.Add([]byte(`access_token=t&expires_in=1`))
	f.Add([]byte("\ufeff{\"access_token\":\"t\"}"))
	f.Add([]byte(`{"expires_in":1e400}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		plain, err := normalize(body)
		if err != nil {
			return
		}
		response, err := parseResponse(plain)
		if err != nil {
			t.Fatalf("normalize returned %q, which does not parse: %v", plain, err)
		}
		if d := lifetime(response[lifetimeMember], response["expires_on"], time.Unix(1e9, 0)); d <= 0 {
			t.Fatalf("got a life of %v", d)
		}
		userOf(string(body), string(body), "")
	})
}
