// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"errors"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/person"
)

// tokenRequest is the body of POST /_emulator/tokens.
type tokenRequest struct {
	// Account is the name to issue tokens for. Default: [person.Default].
	Account string `json:"account"`
	// ExpiresIn is the life of the access token in seconds. Default: 3600.
	ExpiresIn *int `json:"expires_in"`
	// Scope is the scope of the tokens, in the form of a Microsoft account or of
	// v2.0, such as Notes.ReadWrite for Microsoft Graph. Default: all of OneNote.
	Scope string `json:"scope"`
}

func (c *Surface) issueTokens(data []byte) (any, error) {
	var request tokenRequest
	if err := decode(data, &request); err != nil {
		return nil, err
	}
	g, err := grantOf(request.Account, request.Scope)
	if err != nil {
		return nil, err
	}
	life := grant.AccessTokenLife
	if request.ExpiresIn != nil {
		life = time.Duration(*request.ExpiresIn) * time.Second
	}
	return map[string]any{
		"access_token":  c.grants.IssueAccess(g, life).Value,
		"refresh_token": c.grants.IssueRefresh(g),
		"expires_in":    int(life / time.Second),
	}, nil
}

// IssueAccess issues an access token, as POST /_emulator/tokens does.
func (c *Surface) IssueAccess(account, scope string, life time.Duration) (string, error) {
	g, err := grantOf(account, scope)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.grants.IssueAccess(g, life).Value, nil
}

// grantOf returns what a person has permitted to whoever controls the emulator.
func grantOf(account, scope string) (grant.Grant, error) {
	if audience, err := grant.EntraScope(scope); err != nil || audience == "" {
		if scope, err = grant.LiveScope(scope); err != nil {
			return grant.Grant{}, err
		}
	}
	return grant.Grant{Account: person.Named(account), Provider: grant.AnyProvider, Scope: scope}, nil
}

// endRequest is the body of POST /_emulator/tokens/expire and …/revoke.
type endRequest struct {
	// Account is the name whose tokens end. Default: all accounts.
	Account string `json:"account"`
	// Kind is access, refresh or all. Default: all.
	Kind string `json:"kind"`
}

func (c *Surface) endTokens(how grant.Ending) func([]byte) (any, error) {
	return func(data []byte) (any, error) {
		var request endRequest
		if err := decode(data, &request); err != nil {
			return nil, err
		}
		switch request.Kind {
		case "access":
			c.grants.EndAccess(request.Account)
		case "refresh":
			c.grants.EndRefresh(request.Account, how)
		case "all", "":
			c.grants.EndAccess(request.Account)
			c.grants.EndRefresh(request.Account, how)
		default:
			return nil, errors.New("kind is access, refresh or all")
		}
		return nil, nil
	}
}
