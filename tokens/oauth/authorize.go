// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"cmp"
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

	// Claims is the claims challenge that the sign-in responds to.
	Claims string
}

// AuthorizeURL returns the address to send the browser to (RFC 6749 §4.1.1,
// §4.2.1; RFC 7636 §4.3).
func (c *Client) AuthorizeURL(q AuthorizeRequest) string {
	params := url.Values{}
	for _, p := range c.config.AuthorizeParams {
		params.Add(p.Name, p.Value)
	}
	set := func(name, value string) {
		if value != "" {
			params.Set(name, value)
		}
	}
	set("response_type", map[Flow]string{FlowCode: "code", FlowToken: "token"}[q.Flow])
	set("client_id", c.config.ClientID)
	set("redirect_uri", q.RedirectURI)
	set("state", q.State)
	set("response_mode", cmp.Or(q.ResponseMode, c.config.ResponseMode))
	if c.config.Provider == AzureAD {
		set("resource", c.config.Resource)
	} else {
		set("scope", strings.Join(c.config.Scopes, " "))
	}
	if q.Challenge != "" {
		set("code_challenge", q.Challenge)
		set("code_challenge_method", "S256")
	}
	set("prompt", q.Prompt)
	set("claims", q.Claims)
	set("login_hint", c.config.LoginHint)
	return withQuery(c.config.endpoints().authorize, params)
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

// FragmentGrant reads the tokens of an implicit flow from the parameters of the
// fragment. No refresh token is accepted from there: it would have travelled
// through the browser's history.
//
// It says nothing about the user. No id_token was requested, so whatever names a user
// there was added by somebody, and its signature is not checked: only what the
// provider's token endpoint says over TLS counts.
func (c *Client) FragmentGrant(values url.Values, redirectURI string) (*Grant, error) {
	if !strings.EqualFold(values.Get("token_type"), "bearer") || values.Get("access_token") == "" {
		return nil, c.failure(Transient, "no_token", "the provider's response has no bearer token", "Start the sign-in again.")
	}
	now := c.clock.Now()
	return &Grant{
		AccessToken: Secret(values.Get("access_token")),
		ObtainedAt:  now,
		Expiry:      now.Add(lifetime(values.Get("expires_in"), nil, now)),
		Scopes:      strings.Fields(values.Get("scope")),
		RedirectURI: redirectURI,
	}, nil
}

// LogoutURL returns the address of the provider's sign-out, which sends the
// browser back to the redirect URI without parameters. It is empty where the
// provider has none.
func (c *Client) LogoutURL(redirectURI string) string {
	address := c.config.endpoints().logout
	if address == "" {
		return ""
	}
	if c.config.Provider == MicrosoftAccount {
		return withQuery(address, url.Values{"client_id": {c.config.ClientID}, "redirect_uri": {redirectURI}})
	}
	return withQuery(address, url.Values{"post_logout_redirect_uri": {redirectURI}})
}
