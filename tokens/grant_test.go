// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// answering is a token endpoint that always answers the same and keeps what it
// was sent.
func answering(t *testing.T, contentType, body string) (authority string, sent func() url.Values) {
	t.Helper()
	var form url.Values
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		if h := r.Header.Get("Authorization"); h != "" {
			t.Errorf("the client's credentials were sent as %q", h)
		}
		form = r.PostForm
		w.Header().Set("Content-Type", contentType)
		w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL, func() url.Values { return form }
}

func TestOddLifetimes(t *testing.T) {
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
		{"form", "application/x-www-form-urlencoded", `access_token=t&expires_in=3600`, time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			if r.clock.Now().Unix() != start {
				t.Fatalf("the clock starts at %d", r.clock.Now().Unix())
			}
			authority, _ := answering(t, test.contentType, test.body)
			a := r.account(r.config(func(c *Config) { c.Authority = authority }))
			authorization, _, err := a.Token(context.Background())
			if err != nil || authorization != "Bearer t" {
				t.Fatalf("got %q, %v", authorization, err)
			}
			rec, _ := a.held.known()
			if got := rec.Expiry.Sub(r.clock.Now()); got != test.want {
				t.Errorf("got a life of %v, want %v", got, test.want)
			}
			if rec.RefreshToken != "emulator-refresh-token" {
				t.Errorf("an answer without a refresh token took the old one away")
			}
		})
	}
}

func TestRefreshOnTheWire(t *testing.T) {
	const redirect = "http://localhost:8080/auth/default/callback"
	secret := func() (Secret, error) { return "s3cret", nil }
	for _, test := range []struct {
		name string
		edit func(*Config)
		path string
		want url.Values
	}{
		{"microsoft_account, native", func(c *Config) { c.RedirectURI = DesktopRedirect }, "", url.Values{
			"grant_type": {"refresh_token"}, "client_id": {"client"}, "redirect_uri": {DesktopRedirect},
			"refresh_token": {"emulator-refresh-token"},
		}},
		{"microsoft_account, web", func(c *Config) { c.RedirectURI, c.ClientSecret = redirect, secret }, "", url.Values{
			"grant_type": {"refresh_token"}, "client_id": {"client"}, "client_secret": {"s3cret"}, "redirect_uri": {redirect},
			"refresh_token": {"emulator-refresh-token"},
		}},
		{"azure_ad", func(c *Config) { c.Provider, c.RedirectURI, c.ClientSecret = AzureAD, redirect, secret }, "", url.Values{
			"grant_type": {"refresh_token"}, "client_id": {"client"}, "client_secret": {"s3cret"}, "redirect_uri": {redirect},
			"refresh_token": {"emulator-refresh-token"}, "resource": {"https://onenote.com/"},
		}},
		{"entra", func(c *Config) { c.Provider, c.RedirectURI = Entra, redirect }, "", url.Values{
			"grant_type": {"refresh_token"}, "client_id": {"client"}, "redirect_uri": {redirect},
			"refresh_token": {"emulator-refresh-token"}, "scope": {"https://onenote.com/Notes.ReadWrite offline_access"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			authority, sent := answering(t, "application/json", `{"access_token":"t","expires_in":3600}`)
			a := r.account(r.config(func(c *Config) { c.Authority = authority }, test.edit))
			if _, _, err := a.Token(context.Background()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, sent()); diff != "" {
				t.Errorf("the refresh request differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSecretIsReadAgainOnceWhenRefused(t *testing.T) {
	r := newRig(t)
	secret := Secret("old")
	var asked int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		asked++
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
	a := r.account(r.config(func(c *Config) {
		c.Authority = s.URL
		c.ClientSecret = func() (Secret, error) { return secret, nil }
	}))
	if _, _, err := a.Token(context.Background()); err != nil || asked != 2 {
		t.Errorf("got %v after %d requests, want success after 2", err, asked)
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"access_token":"t","expires_in":"3600"}`))
	f.Add([]byte(`access_token=t&expires_in=1`))
	f.Add([]byte(`{"expires_in":1e400}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		plain, err := plainReply(body)
		if err != nil {
			return
		}
		reply, err := parseReply(plain)
		if err != nil {
			t.Fatalf("plainReply made %q, which does not parse: %v", plain, err)
		}
		if d := lifetime(reply[lifetimeMember], reply["expires_on"], time.Unix(1e9, 0)); d <= 0 {
			t.Fatalf("got a life of %v", d)
		}
		userOf(string(body), string(body), "")
	})
}
