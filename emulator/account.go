// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"strings"
	"unicode/utf8"
)

// DefaultAccount is who signs in when nobody says otherwise, and whose
// notebooks [ImportedRefreshToken] opens.
const DefaultAccount = "someone@example.com"

// consumersTenant is the tenant of all Microsoft accounts.
const consumersTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

// account is a person. Every name is one: all that is known about a person
// follows from the name.
type account string

// accountNamed returns the account of a name as typed, or the default one.
func accountNamed(name string) account {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" {
		name = DefaultAccount
	}
	return account(name)
}

// userPrincipalName is what work accounts sign in with.
func (a account) userPrincipalName() string {
	if strings.Contains(string(a), "@") {
		return string(a)
	}
	return string(a) + "@example.com"
}

// displayName is the part before the @, capitalised.
func (a account) displayName() string {
	name, _, _ := strings.Cut(string(a), "@")
	words := strings.FieldsFunc(name, func(c rune) bool { return strings.ContainsRune("._-+", c) })
	for i, word := range words {
		_, size := utf8.DecodeRuneInString(word)
		words[i] = strings.ToUpper(word[:size]) + word[size:]
	}
	return strings.Join(words, " ")
}

// cid is a Microsoft account's number, which stands in the ids of what it
// owns and, in lower case, in links to OneDrive.
func (a account) cid() string { return strings.ToUpper(hexOf(16, "cid", string(a))) }

// userID is what a Microsoft account's token answer calls user_id.
func (a account) userID() string { return hexOf(32, "user_id", string(a)) }

// objectID is the directory's oid.
func (a account) objectID() string { return guidOf("oid", string(a)) }

// tenantID is the directory that the account is in when it signs in by the
// given tenant word.
func (a account) tenantID(tenant string) string {
	switch {
	case strings.EqualFold(tenant, "consumers"):
		return consumersTenant
	case isGUID(tenant):
		return strings.ToLower(tenant)
	}
	_, domain, _ := strings.Cut(a.userPrincipalName(), "@")
	return guidOf("tid", domain)
}
