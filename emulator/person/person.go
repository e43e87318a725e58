// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package person knows the people who have accounts. Every name is one: all that
// is known about a person is derived from the name.
package person

import (
	"strings"
	"unicode/utf8"

	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
)

// Default is the person of every request that names none, and of the imported
// refresh token.
const Default = "someone@example.com"

// consumersTenant is the tenant of all Microsoft accounts.
const consumersTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

// Person is a person, by the name that they sign in with.
type Person string

// Named returns the person of a name as it was typed, or the default one.
func Named(name string) Person {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" {
		name = Default
	}
	return Person(name)
}

// UserPrincipalName is the name of the work account.
func (p Person) UserPrincipalName() string {
	if strings.Contains(string(p), "@") {
		return string(p)
	}
	return string(p) + "@example.com"
}

// DisplayName is the part in front of the @, capitalized.
func (p Person) DisplayName() string {
	name, _, _ := strings.Cut(string(p), "@")
	words := strings.FieldsFunc(name, func(c rune) bool { return strings.ContainsRune("._-+", c) })
	for i, word := range words {
		_, size := utf8.DecodeRuneInString(word)
		words[i] = strings.ToUpper(word[:size]) + word[size:]
	}
	return strings.Join(words, " ")
}

// Work reports whether the person has a work or school account: one in a tenant
// of Microsoft's examples, contoso.com, fabrikam.com or any below onmicrosoft.com.
// Everybody else has a Microsoft account.
func (p Person) Work() bool {
	_, domain, _ := strings.Cut(string(p), "@")
	return domain == "contoso.com" || domain == "fabrikam.com" || strings.HasSuffix(domain, ".onmicrosoft.com")
}

// ID is the number of the account: an object id of a work account, else a CID.
func (p Person) ID() string {
	if p.Work() {
		return p.ObjectID()
	}
	return p.CID()
}

// CID is the number of the Microsoft account. It is part of the ids of the
// person's notes and, in lower case, of links to OneDrive.
func (p Person) CID() string { return strings.ToUpper(mint.Hex(16, "cid", string(p))) }

// UserID is the user_id in a Microsoft account's token response.
func (p Person) UserID() string { return mint.Hex(32, "user_id", string(p)) }

// ObjectID is the oid in the directory of a work account.
func (p Person) ObjectID() string { return mint.GUID("oid", string(p)) }

// TenantID is the id of the directory of the account, given the tenant in the
// path of the endpoint.
func (p Person) TenantID(tenant string) string {
	switch {
	case strings.EqualFold(tenant, "consumers"):
		return consumersTenant
	case mint.IsGUID(tenant):
		return strings.ToLower(tenant)
	}
	_, domain, _ := strings.Cut(p.UserPrincipalName(), "@")
	return mint.GUID("tid", domain)
}
