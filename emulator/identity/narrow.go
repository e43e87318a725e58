// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
)

// checkScope checks the scope or resource of a token request without its grant.
func (t *tokenCall) checkScope() *oauthError {
	if t.provider != grant.AzureAD {
		return badScope(t.provider, t.form.Get("scope"))
	}
	return badResource(t.form.Get("resource"))
}

// narrow applies the scope or resource of a token request to a grant. A grant of
// Azure AD is for every resource, one of a Microsoft account for its scopes only.
func (t *tokenCall) narrow(g grant.Grant) (grant.Grant, *oauthError) {
	if err := t.checkScope(); err != nil {
		return g, err
	}
	imported := g.Provider == grant.AnyProvider
	g.Provider = t.provider
	if t.provider != grant.Live {
		g.Tenant = t.tenant
	}
	switch t.provider {
	case grant.AzureAD:
		if resource := t.form.Get("resource"); resource != "" {
			g.Resource = resource
		}
		if g.Resource == "" {
			return g, missing(t.provider, "resource")
		}
	case grant.Entra:
		if scope := t.form.Get("scope"); scope != "" {
			g.Scope = strings.Join(strings.Fields(scope), " ")
		} else if audience, err := grant.EntraScope(g.Scope); imported && (err != nil || audience == "") {
			g.Scope = "https://onenote.com/Notes.ReadWrite offline_access"
		}
	default:
		return t.narrowLive(g, imported)
	}
	return g, nil
}

func (t *tokenCall) narrowLive(g grant.Grant, imported bool) (grant.Grant, *oauthError) {
	scope := t.form.Get("scope")
	if scope == "" {
		if g.Scope == "" {
			g.Scope = grant.DefaultLiveScope
		}
		return g, nil
	}
	words := strings.Fields(scope)
	if !imported {
		granted := strings.Fields(g.Scope)
		for _, word := range words {
			if !slices.Contains(granted, word) {
				return g, revokedGrant(t.provider)
			}
		}
	}
	g.Scope = strings.Join(words, " ")
	return g, nil
}
