// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// issueAll makes the token response for a person who has just signed in.
func (e *Endpoints) issueAll(g grant.Grant, withRefresh bool) wire.Object {
	o := e.issue(g)
	if withRefresh {
		o = append(o, wire.Member{"refresh_token", e.grants.IssueRefresh(g)})
	}
	return o
}

// issue makes an access token and its token response (RFC 6749, section 5.1),
// without a refresh token.
func (e *Endpoints) issue(g grant.Grant) wire.Object {
	o := e.tokenObject(g, e.grants.IssueAccess(g, grant.AccessTokenLife))
	switch {
	case g.AppOnly:
	case g.Provider == grant.Live:
		o = append(o, wire.Member{"user_id", g.Account.UserID()})
	case g.Provider == grant.AzureAD, slices.Contains(strings.Fields(g.Scope), "openid"):
		o = append(o, wire.Member{"id_token", e.grants.IDToken(g)})
	}
	return o
}

// tokenObject is the part of a token response that each provider writes
// differently: v1 writes numbers as strings.
func (e *Endpoints) tokenObject(g grant.Grant, access *grant.AccessToken) wire.Object {
	switch g.Provider {
	case grant.AzureAD:
		now := e.now()
		o := wire.Object{
			{"token_type", "Bearer"},
			{"expires_in", "3600"},
			{"ext_expires_in", "3600"},
			{"expires_on", strconv.FormatInt(access.Expires.Unix(), 10)},
			{"not_before", strconv.FormatInt(now.Unix(), 10)},
			{"resource", g.Resource},
			{"access_token", access.Value},
		}
		if !g.AppOnly {
			o = append(o, wire.Member{"scope", g.GrantedScope()})
		}
		return o
	case grant.Entra:
		o := wire.Object{{"token_type", "Bearer"}, {"expires_in", 3600}, {"ext_expires_in", 3600}, {"access_token", access.Value}}
		if !g.AppOnly {
			o = append(o, wire.Member{"scope", g.GrantedScope()})
		}
		return o
	}
	return wire.Object{
		{"token_type", "bearer"},
		{"expires_in", 3600},
		{"scope", g.GrantedScope()},
		{"access_token", access.Value},
	}
}
