// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DeviceCode is a device sign-in under way (RFC 8628). UserCode and
// VerificationURI are for the user; the code that is redeemed stays inside.
type DeviceCode struct {
	UserCode        string
	VerificationURI string
	Message         string
	ExpiresAt       time.Time

	code     Secret
	interval time.Duration
}

// Polling as RFC 8628 §3.5 has it.
const (
	defaultDeviceInterval = 5 * time.Second
	slowDownBy            = 5 * time.Second
	defaultDeviceLife     = 15 * time.Minute
	longestDevicePause    = time.Minute
)

// StartDevice asks for a code to show. The three providers spell it in three
// ways: v2.0 as the RFC, v1 by resource, live with a response_type.
func (a *Account) StartDevice(ctx context.Context) (*DeviceCode, error) {
	address := a.config.endpoints().device
	if address == "" {
		return nil, a.misconfigured("device_url", "the provider has no device endpoint", "Configure device_url, or sign in with the code flow.")
	}
	params := url.Values{"client_id": {a.config.ClientID}}
	switch a.config.Provider {
	case AzureAD:
		params.Set("resource", a.config.Resource)
	case MicrosoftAccount:
		params.Set("response_type", "device_code")
		fallthrough
	default:
		params.Set("scope", strings.Join(a.config.Scopes, " "))
	}
	reply, err := a.post(ctx, address, params)
	if err != nil {
		return nil, err
	}
	return a.deviceCode(reply)
}

func (a *Account) deviceCode(reply map[string]any) (*DeviceCode, error) {
	text := func(names ...string) string {
		for _, name := range names {
			if s, _ := reply[name].(string); s != "" {
				return s
			}
		}
		return ""
	}
	d := &DeviceCode{
		UserCode:        text("user_code"),
		VerificationURI: text("verification_uri", "verification_url"),
		Message:         text("message"),
		code:            Secret(text("device_code")),
		interval:        defaultDeviceInterval,
		ExpiresAt:       a.clock.Now().Add(defaultDeviceLife),
	}
	if s, ok := seconds(reply["interval"]); ok && s > 0 {
		d.interval = s
	}
	if s, ok := seconds(reply["expires_in"]); ok && s > 0 {
		d.ExpiresAt = a.clock.Now().Add(s)
	}
	if d.UserCode == "" || d.VerificationURI == "" || d.code == "" {
		return nil, a.failureOf(errNoOAuth)
	}
	return d, nil
}

// post sends a form to an identity endpoint that is not the token endpoint.
func (a *Account) post(ctx context.Context, address string, params url.Values) (map[string]any, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(params.Encode()))
	if err != nil {
		return nil, a.failureOf(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := a.client.Do(req)
	if err != nil {
		return nil, a.failureOf(err)
	}
	body, err := readReply(res.Body)
	if err != nil {
		return nil, a.failureOf(err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, a.refusal(res.StatusCode, res.Header, body)
	}
	reply, err := parseReply(body)
	if err != nil {
		return nil, a.failureOf(err)
	}
	return reply, nil
}

// PollDevice waits until the user has answered at the provider. A connection
// that fails is no answer: polling goes on, more slowly.
func (a *Account) PollDevice(ctx context.Context, d *DeviceCode) (*Grant, error) {
	interval, pause := d.interval, d.interval
	for {
		if err := a.sleep(ctx, pause); err != nil {
			return nil, err
		}
		if !a.clock.Now().Before(d.ExpiresAt) {
			return nil, a.failure(SigninRequired, "expired_token", "the code was not used in time", "Start the sign-in again and type the new code.")
		}
		g, err := a.requestToken(ctx, a.deviceRequest(d))
		if err == nil {
			return g, nil
		}
		var f *Failure
		if !errors.As(err, &f) || ctx.Err() != nil {
			return nil, err
		}
		switch {
		case f.oauth == "authorization_pending":
			pause = interval
		case f.oauth == "slow_down":
			interval += slowDownBy
			pause = interval
		case f.class == Passing:
			pause = min(max(pause*2, f.retryAfter), longestDevicePause)
		default:
			return nil, err
		}
	}
}

// deviceRequest is one poll. v1 calls the code "code". Nothing else of a device
// sign-in could carry the claims that upstream asked for.
func (a *Account) deviceRequest(d *DeviceCode) url.Values {
	params := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}}
	if claims := a.PendingClaims(); claims != "" {
		params.Set("claims", claims)
	}
	if a.config.Provider == AzureAD {
		params.Set("grant_type", "device_code")
		params.Set("code", d.code.Reveal())
		params.Set("resource", a.config.Resource)
		return params
	}
	params.Set("device_code", d.code.Reveal())
	return params
}

// sleep waits on the account's clock.
func (a *Account) sleep(ctx context.Context, d time.Duration) error {
	c, stop := a.clock.After(d)
	defer stop()
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
