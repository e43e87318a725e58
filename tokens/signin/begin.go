// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"golang.org/x/oauth2"
)

// errOtherConfig means that an attempt was begun under a configuration that
// has changed since, so its answer is for another client or another endpoint.
var errOtherConfig = errors.New("the configuration was changed during the sign-in")

// start is how a sign-in begins.
type start struct {
	flow        tokens.Flow // empty: the account's own
	redirectURI string
	prompt      string
	operator    bool
	cookie      string // of the browser; empty for the operator
}

// begin registers an attempt. For the code and token flows the result's url is
// where to send the browser; for the device flow its device is what to show.
func (p *Pages) begin(ctx context.Context, a *tokens.Account, s start) (attempt, error) {
	c := a.Config()
	flow, err := flowOf(c, s.flow)
	if err != nil {
		return attempt{}, err
	}
	t := attempt{
		account:     a.Name(),
		fingerprint: c.Fingerprint(),
		flow:        flow,
		redirectURI: s.redirectURI,
		operator:    s.operator,
		expires:     p.clock().Now().Add(attemptLife),
	}
	if s.cookie != "" {
		t.cookie = digestOf(s.cookie)
	}
	if flow == tokens.FlowDevice {
		return p.beginDevice(ctx, a, t)
	}
	return p.beginAtProvider(a, t, s.prompt)
}

// beginAtProvider makes the address of the authorization request. State and
// verifier are fresh for each attempt.
func (p *Pages) beginAtProvider(a *tokens.Account, t attempt, prompt string) (attempt, error) {
	if t.redirectURI == "" {
		return attempt{}, noRedirect
	}
	state := randomText()
	q := tokens.AuthorizeRequest{
		Flow:        t.flow,
		State:       state,
		RedirectURI: t.redirectURI,
		Prompt:      prompt,
		Claims:      a.PendingClaims(),
	}
	if t.flow == tokens.FlowCode {
		verifier := oauth2.GenerateVerifier()
		q.Challenge = oauth2.S256ChallengeFromVerifier(verifier)
		t.verifier = tokens.Secret(verifier)
	}
	t.state = digestOf(state)
	address := a.AuthorizeURL(q)
	endpoint, err := url.Parse(address)
	if err != nil || endpoint.Host == "" {
		return attempt{}, noFlow
	}
	t.endpoint = &url.URL{Scheme: endpoint.Scheme, Host: endpoint.Host, Path: endpoint.Path}
	if t.operator {
		t.url = address // the operator may ask for it again; a browser is there already
	}
	t, err = p.Attempts.add(p.clock().Now(), t)
	if err != nil {
		return attempt{}, err
	}
	a.SigninBegan(t.expires)
	t.url = address
	return t, nil
}

// flowOf returns how the user signs in: as configured, or by code or device
// whatever is configured, since both end with tokens of the same worth.
func flowOf(c tokens.Config, wanted tokens.Flow) (tokens.Flow, error) {
	switch {
	case c.Flow == tokens.FlowClientCredentials:
		return "", noUser
	case wanted == "":
		return c.Flow, nil
	case wanted == c.Flow, wanted == tokens.FlowCode, wanted == tokens.FlowDevice:
		return wanted, nil
	}
	return "", noFlow
}
