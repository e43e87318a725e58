// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// errOtherConfig means that the configuration was changed after the attempt began,
// so its response is for another client or another endpoint.
var errOtherConfig = errors.New("the configuration was changed during the sign-in")

// start says how a sign-in begins.
type start struct {
	flow        oauth.Flow // empty: the account's own
	redirectURI string
	prompt      string
	operator    bool
	cookie      string // of the browser; empty for the operator
	app         string // that waits; empty for none
}

// begin adds an attempt. For the code and token flows the browser is sent to the
// attempt's url; for the device flow its device is shown.
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
		app:         s.app,
		expires:     p.clock().Now().Add(attemptLife),
	}
	if s.cookie != "" {
		t.cookie = digestOf(s.cookie)
	}
	if flow == oauth.FlowDevice {
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
	q := oauth.AuthorizeRequest{
		Flow:        t.flow,
		State:       state,
		RedirectURI: t.redirectURI,
		Prompt:      prompt,
		Claims:      a.PendingClaims(),
	}
	if t.flow == oauth.FlowCode {
		verifier := oauth2.GenerateVerifier()
		q.Challenge = oauth2.S256ChallengeFromVerifier(verifier)
		t.verifier = oauth.Secret(verifier)
	}
	t.state = digestOf(state)
	elsewhere := len(p.intercepted(a.Config())) > 0
	t.elsewhere = elsewhere || !p.leadsHere(t.redirectURI, a.Name(), nil)
	address := a.Client().AuthorizeURL(q)
	endpoint, err := url.Parse(address)
	if err != nil || endpoint.Host == "" {
		return attempt{}, noFlow
	}
	t.endpoint = &url.URL{Scheme: endpoint.Scheme, Host: endpoint.Host, Path: endpoint.Path}
	if t.operator || elsewhere {
		t.url = address // it is opened by somebody; else a browser is there already
	}
	t, err = p.Attempts.add(p.clock().Now(), t)
	if err != nil {
		return attempt{}, err
	}
	a.SigninBegan(t.expires)
	t.url = address
	return t, nil
}

// flowOf returns the flow of a sign-in: the configured one, or code or device,
// which are always possible, since both end with the same tokens.
func flowOf(c oauth.Config, wanted oauth.Flow) (oauth.Flow, error) {
	switch {
	case c.Flow == oauth.FlowClientCredentials:
		return "", noUser
	case wanted == "":
		return c.Flow, nil
	case wanted == c.Flow, wanted == oauth.FlowCode, wanted == oauth.FlowDevice:
		return wanted, nil
	}
	return "", noFlow
}
