// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package grant

import "strings"

// Provider is one of Microsoft's identity providers.
type Provider string

// The providers. AnyProvider marks grants that every token endpoint accepts.
const (
	Live        Provider = "microsoft_account"
	AzureAD     Provider = "azure_ad" // v1
	Entra       Provider = "entra"    // v2.0
	AnyProvider Provider = ""
)

// Words that take the place of a tenant in the path of an endpoint.
const (
	common        = "common"
	organizations = "organizations"
	Consumers     = "consumers"
)

// IsTenantWord reports whether the tenant is one of these words.
func IsTenantWord(tenant string) bool {
	switch strings.ToLower(tenant) {
	case common, organizations, Consumers:
		return true
	}
	return false
}
