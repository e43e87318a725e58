// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DeviceCode is a device sign-in in progress (RFC 8628). UserCode and
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
	slowDownStep          = 5 * time.Second
	defaultDeviceLife     = 15 * time.Minute
	longestDevicePause    = time.Minute
)

// StartDevice requests a code to show. The three providers spell the request in
// three ways: v2.0 as the RFC, v1 with a resource, live with a response_type.
func (c *Client) StartDevice(ctx context.Context) (*DeviceCode, error) {
	address := c.config.endpoints().device
	if address == "" {
		return nil, c.misconfigured("device_url", "the provider has no device endpoint", "Configure device_url, or sign in with the code flow.")
	}
	params := url.Values{"client_id": {c.config.ClientID}}
	switch c.config.Provider {
	case AzureAD:
		params.Set("resource", c.config.Resource)
	case MicrosoftAccount:
		params.Set("response_type", "device_code")
		fallthrough
	default:
		params.Set("scope", strings.Join(c.config.Scopes, " "))
	}
	response, err := c.post(ctx, address, params)
	if err != nil {
		return nil, duringSignin(err)
	}
	d, err := c.deviceCode(response)
	if err != nil {
		return nil, duringSignin(err)
	}
	return d, nil
}

func (c *Client) deviceCode(response map[string]any) (*DeviceCode, error) {
	text := func(names ...string) string {
		for _, name := range names {
			if s, _ := response[name].(string); s != "" {
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
		ExpiresAt:       c.clock.Now().Add(defaultDeviceLife),
	}
	if s, ok := seconds(response["interval"]); ok && s > 0 {
		d.interval = s
	}
	if s, ok := seconds(response["expires_in"]); ok && s > 0 {
		d.ExpiresAt = c.clock.Now().Add(s)
	}
	if d.UserCode == "" || d.VerificationURI == "" || d.code == "" {
		return nil, c.failureOf(errNotOAuth)
	}
	return d, nil
}

// post sends a form to an identity endpoint that is not the token endpoint.
func (c *Client) post(ctx context.Context, address string, params url.Values) (map[string]any, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(params.Encode()))
	if err != nil {
		return nil, c.failureOf(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.failureOf(err)
	}
	body, err := readResponse(res.Body)
	if err != nil {
		return nil, c.failureOf(err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, c.refusal(res.StatusCode, res.Header, body)
	}
	response, err := parseResponse(body)
	if err != nil {
		return nil, c.failureOf(err)
	}
	return response, nil
}

// PollDevice waits until the user has signed in at the provider, or has refused
// to. A connection that fails says neither: polling goes on, more slowly. claims
// is the decoded claims challenge that the sign-in responds to, or empty; nothing
// else of a device sign-in could carry it.
func (c *Client) PollDevice(ctx context.Context, d *DeviceCode, claims string) (*Grant, error) {
	interval, pause := d.interval, d.interval
	for {
		if err := Sleep(ctx, c.clock, pause); err != nil {
			return nil, err
		}
		if !c.clock.Now().Before(d.ExpiresAt) {
			return nil, c.failure(SigninRequired, "expired_token", "the code was not used in time", "Start the sign-in again and type the new code.")
		}
		g, err := c.requestToken(ctx, c.deviceParams(d, claims))
		if err == nil {
			return g, nil
		}
		f := AsFailure(err)
		if f == nil || ctx.Err() != nil {
			return nil, err
		}
		switch {
		case f.oauth == "authorization_pending":
			pause = interval
		case f.oauth == "slow_down":
			interval += slowDownStep
			pause = interval
		case f.Status.Class == Transient:
			pause = min(max(pause*2, f.Wait), longestDevicePause)
		default:
			return nil, err
		}
	}
}

// deviceParams returns the parameters of one poll. v1 calls the code "code".
func (c *Client) deviceParams(d *DeviceCode, claims string) url.Values {
	params := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}}
	if claims != "" {
		params.Set("claims", claims)
	}
	if c.config.Provider == AzureAD {
		params.Set("grant_type", "device_code")
		params.Set("code", d.code.Reveal())
		params.Set("resource", c.config.Resource)
		return params
	}
	params.Set("device_code", d.code.Reveal())
	return params
}
