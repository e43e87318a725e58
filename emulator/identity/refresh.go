// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/person"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// redeem returns the grant of a refresh token.
func (e *Endpoints) redeem(t *tokenCall, value string) (grant.Grant, *oauthError) {
	p := t.provider
	if value == grant.ImportedRefreshToken {
		return grant.Grant{Account: person.Default, Provider: grant.AnyProvider}, nil
	}
	old, ok := e.grants.OpenRefresh(value)
	if !ok || (old.Provider != grant.AnyProvider && old.Provider != p) || (old.Client != "" && old.Client != t.client) {
		return grant.Grant{}, malformedGrant(p)
	}
	if err := t.checkRedirect(old); err != nil {
		return grant.Grant{}, err
	}
	switch e.grants.EndingOf(old) {
	case grant.Expired:
		return grant.Grant{}, expiredGrant(p)
	case grant.Revoked:
		return grant.Grant{}, revokedGrant(p)
	}
	if !e.grants.Use(old) {
		return grant.Grant{}, revokedGrant(p)
	}
	return old.Grant(), nil
}

// checkRedirect compares the redirect URI with that of the sign-in. Microsoft
// accounts require the parameter. Azure AD checks it if it was sent.
func (t *tokenCall) checkRedirect(old grant.RefreshToken) *oauthError {
	redirect := t.form.Get("redirect_uri")
	switch {
	case old.Redirect == "" || redirect == old.Redirect:
		return nil
	case redirect != "":
		return redirectMismatch(t.provider, redirect, old.Redirect)
	case t.provider == grant.Live:
		return missing(t.provider, "redirect_uri")
	}
	return nil
}

// refresh exchanges a refresh token for new tokens.
func (e *Endpoints) refresh(t *tokenCall) (wire.Object, *oauthError) {
	value := t.form.Get("refresh_token")
	if value == "" {
		return nil, missing(t.provider, "refresh_token")
	}
	if err := e.authenticate(t, t.form.Get("redirect_uri")); err != nil {
		return nil, err
	}
	// The scope is checked first, because a request that fails does not count as
	// a use of the token.
	if err := t.checkScope(); err != nil {
		return nil, err
	}
	granted, err := e.redeem(t, value)
	if err != nil {
		return nil, err
	}
	g, err := t.narrow(granted)
	if err != nil {
		return nil, err
	}
	g.Client = t.client
	if granted.Provider == grant.AnyProvider {
		granted = g // its first use decides what it is for
	}
	// The next refresh token is for the whole grant, even if this access token is
	// for a part of it (RFC 6749, section 6).
	return append(e.issue(g), wire.Member{"refresh_token", e.grants.IssueRefresh(granted)}), nil
}
