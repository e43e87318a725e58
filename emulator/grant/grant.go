// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package grant issues tokens and knows what each of them permits: at which
// provider, to which client, for whom, and for which API.
package grant

import (
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/person"
)

// Grant is what a token permits.
type Grant struct {
	Account  person.Person
	Provider Provider
	Tenant   string // as in the path of the endpoint
	Client   string // empty if any client may use the grant
	Redirect string // empty if the sign-in had none
	Scope    string
	Resource string // v1 only
	Nonce    string
	family   string
	AppOnly  bool // the app itself, without a person
}

// audiences returns the APIs that the grant is for.
func (g Grant) audiences() []Audience {
	switch g.Provider {
	case AzureAD:
		if a, ok := AudienceOfResource(g.Resource); ok {
			return []Audience{a}
		}
		return []Audience{other}
	case Entra:
		if a, err := EntraScope(g.Scope); err == nil && a != "" {
			return []Audience{a}
		}
		return []Audience{Graph} // the user info endpoint
	}
	if g.Provider == AnyProvider {
		if a, err := EntraScope(g.Scope); err == nil && a != "" {
			return []Audience{a}
		}
	}
	return liveAudiences(g.Scope)
}

// readable reports whether an access token of v2.0 is a JSON Web Token. One for
// the Graph notes of a Microsoft account is opaque.
func (g Grant) readable() bool {
	return g.AppOnly || g.Account.Work() || !slices.Contains(g.audiences(), Graph)
}

// GrantedScope is the scope in the token response.
func (g Grant) GrantedScope() string {
	switch g.Provider {
	case AzureAD:
		return "Notes.ReadWrite"
	case Entra:
		words := slices.DeleteFunc(strings.Fields(g.Scope), func(s string) bool { return s == "offline_access" })
		return strings.Join(words, " ")
	}
	return g.Scope
}
