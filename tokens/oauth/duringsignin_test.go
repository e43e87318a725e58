// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestSignInStepPromisesNoRetry: nothing repeats the exchange of a code or the request
// for a device code, so the hint says what the user does. A refresh is repeated.
func TestSignInStepPromisesNoRetry(t *testing.T) {
	closes := func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			c.Close()
		}
	}
	for name, respond := range map[string]http.HandlerFunc{
		"503":                     response(503, `{"error":"temporarily_unavailable"}`),
		"server_error":            response(400, `{"error":"server_error"}`),
		"temporarily_unavailable": response(400, `{"error":"temporarily_unavailable"}`),
		"directory busy":          response(400, `{"error":"invalid_grant","error_codes":[90033]}`),
		"loop":                    response(400, `{"error":"invalid_grant","error_codes":[50196]}`),
		"throttled":               response(429, `Too Many Requests`),
		"502 without a body":      response(502, ``),
		"page":                    response(200, `<html>Welcome to our hotel</html>`),
		"connection closed":       closes,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			authority, _ := provider(t, respond)
			c := r.client(r.config(func(c *Config) { c.Authority = authority }))
			ctx := context.Background()

			_, exchange := c.ExchangeCode(ctx, "code", "verifier", wireRedirect)
			_, device := c.StartDevice(ctx)
			for step, err := range map[string]error{"exchange": exchange, "device": device} {
				f := AsFailure(err)
				if f == nil || f.Status.Class != Transient {
					t.Fatalf("%s: got %v, want a transient failure", step, err)
				}
				if strings.Contains(f.Status.Hint, "by itself") || !strings.HasPrefix(f.Status.Hint, "Start the sign-in again in a moment") {
					t.Errorf("%s: got hint %q, want what the user can do", step, f.Status.Hint)
				}
			}
			_, err := refresh(c)
			if f := AsFailure(err); f == nil || !strings.HasPrefix(f.Status.Hint, "It is tried again by itself") {
				t.Errorf("refresh: got %+v, want that it is tried again", f)
			}
		})
	}
}

func TestTransientErrorAtCallbackPromisesNoRetry(t *testing.T) {
	for _, values := range []url.Values{
		{"error": {"server_error"}},
		{"error": {"temporarily_unavailable"}},
		{"error": {"server_error"}, "error_description": {"AADSTS90033: A transient error has occurred."}},
	} {
		f := AuthorizeFailure("default", values)
		if f.Status.Class != Transient || strings.Contains(f.Status.Hint, "by itself") || !strings.HasPrefix(f.Status.Hint, "Start the sign-in again in a moment") {
			t.Errorf("%v: got %+v, want what the user can do", values, f.Status)
		}
	}
}

// TestRefusedCodeIsNoExpiredSignIn: an authorization code that arrived damaged or late
// says nothing of a sign-in that was there before.
func TestRefusedCodeIsNoExpiredSignIn(t *testing.T) {
	for name, body := range map[string]string{
		"live":    `{"error":"invalid_grant","error_description":"The provided value for the 'code' parameter is not valid."}`,
		"Entra":   `{"error":"invalid_grant","error_description":"AADSTS70000: The provided value for the 'code' parameter is not valid.","error_codes":[70000]}`,
		"damaged": `{"error":"invalid_grant","error_codes":[9002313]}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			authority, _ := provider(t, response(400, body))
			c := r.client(r.config(func(c *Config) { c.Authority = authority }))
			_, err := c.ExchangeCode(context.Background(), "code", "verifier", wireRedirect)
			f := AsFailure(err)
			if f == nil || f.Status.Class != SigninRequired || !strings.Contains(f.Status.Message, "authorization code") ||
				!strings.Contains(f.Status.Hint, "Start the sign-in again") || !strings.Contains(f.Status.Hint, "browser extension") {
				t.Errorf("exchange: got %+v, want that the code was refused", f)
			}
			_, err = refresh(c)
			if f := AsFailure(err); f == nil || strings.Contains(f.Status.Message, "authorization code was") {
				t.Errorf("refresh: got %+v, want that the sign-in is no longer valid", f)
			}
		})
	}
}
