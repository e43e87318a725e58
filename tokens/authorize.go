// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"context"
	"net/url"
	"strings"
)

// AuthorizeRequest is what one sign-in adds to the account's configuration.
type AuthorizeRequest struct {
	// Flow is code or token.
	Flow Flow

	State       string
	Challenge   string // PKCE, S256; empty for the token flow
	RedirectURI string

	// ResponseMode overrides the account's.
	ResponseMode string

	// Prompt is login, select_account or consent.
	Prompt string

	// Claims answers a claims challenge.
	Claims string
}

// AuthorizeURL returns the address to send the browser to (RFC 6749 §4.1.1,
// §4.2.1; RFC 7636 §4.3).
func (a *Account) AuthorizeURL(q AuthorizeRequest) string {
	c := a.config
	params := url.Values{}
	for _, p := range c.AuthorizeParams {
		params.Add(p.Name, p.Value)
	}
	set := func(name, value string) {
		if value != "" {
			params.Set(name, value)
		}
	}
	set("response_type", map[Flow]string{FlowCode: "code", FlowToken: "token"}[q.Flow])
	set("client_id", c.ClientID)
	set("redirect_uri", q.RedirectURI)
	set("state", q.State)
	set("response_mode", firstOf(q.ResponseMode, c.ResponseMode))
	if c.Provider == AzureAD {
		set("resource", c.Resource)
	} else {
		set("scope", strings.Join(c.Scopes, " "))
	}
	if q.Challenge != "" {
		set("code_challenge", q.Challenge)
		set("code_challenge_method", "S256")
	}
	set("prompt", q.Prompt)
	set("claims", q.Claims)
	set("login_hint", c.LoginHint)
	return withQuery(c.endpoints().authorize, params)
}

// withQuery adds parameters to an address that may have some of its own.
func withQuery(address string, params url.Values) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	// RFC 3986 spells a space %20; "+" is read as a plus by some servers.
	return address + separator + strings.ReplaceAll(params.Encode(), "+", "%20")
}

// ExchangeCode redeems an authorization code.
func (a *Account) ExchangeCode(ctx context.Context, code, verifier Secret, redirectURI string) (*Grant, error) {
	g, err := a.requestToken(ctx, a.exchangeRequest(code, verifier, redirectURI))
	if err != nil {
		return nil, err
	}
	g.redirectURI = redirectURI
	return g, nil
}

// FragmentGrant reads the tokens of an implicit flow off the parameters that
// the fragment held. No refresh token is accepted from there: it would have
// travelled through the browser's history.
func (a *Account) FragmentGrant(values url.Values, redirectURI string) (*Grant, error) {
	if !strings.EqualFold(values.Get("token_type"), "bearer") || values.Get("access_token") == "" {
		return nil, a.failure(Passing, "no_token", "the provider's answer holds no bearer token", "Start the sign-in again.")
	}
	now := a.clock.Now()
	return &Grant{
		accessToken: Secret(values.Get("access_token")),
		obtained:    now,
		expiry:      now.Add(lifetime(values.Get("expires_in"), nil, now)),
		scopes:      strings.Fields(values.Get("scope")),
		user:        userOf(values.Get("id_token"), values.Get("access_token"), values.Get("user_id")),
		redirectURI: redirectURI,
	}, nil
}

// RedirectURI returns the redirect URI that the tokens in use were obtained
// with; empty where there was none, as with a device code, or it is not known.
func (a *Account) RedirectURI() string {
	if r, _ := a.held.known(); r != nil {
		return r.RedirectURI
	}
	return ""
}

// LogoutURL returns the provider's sign-out, which sends the browser back to
// the redirect URI without parameters; empty when there is none.
func (a *Account) LogoutURL(redirectURI string) string {
	c := a.config
	address := c.endpoints().logout
	if address == "" {
		return ""
	}
	if c.Provider == MicrosoftAccount {
		return withQuery(address, url.Values{"client_id": {c.ClientID}, "redirect_uri": {redirectURI}})
	}
	return withQuery(address, url.Values{"post_logout_redirect_uri": {redirectURI}})
}

// ConsentURL returns the provider's page for taking consent back; empty when
// it is not known.
func (a *Account) ConsentURL() string { return a.config.ConsentURL() }
