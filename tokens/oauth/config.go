// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Config says how one account signs in. The zero value of an option means its
// default; Complete fills in the defaults and Check says what cannot work.
type Config struct {
	// Name is the account's name: [a-z0-9][a-z0-9_-]{0,62}.
	Name string

	// Label is what people call the account, where the provider does not tell who
	// signed in. Default: none.
	Label string

	// Provider is the identity service. Default microsoft_account.
	Provider Provider

	// Flow is how a sign-in goes. Default code.
	Flow Flow

	// Tenant is the directory (azure_ad, entra): a GUID, a domain, or common,
	// organizations, consumers. Default common.
	Tenant string

	// ClientID is the application (client) id of the registration.
	ClientID string

	// ClientSecret returns the secret as it is now; nil for a public client.
	// It is called for each token request, so a rotated file takes effect.
	ClientSecret func() (Secret, error)

	// CertificateFile and KeyFile hold the PEM pair of a certificate
	// credential (RFC 7523 client assertion, PS256).
	CertificateFile, KeyFile string

	// FederatedTokenFile holds a token of another issuer that stands for the
	// secret (workload identity federation). It is read for each request.
	FederatedTokenFile string

	// Scopes are requested of the provider.
	Scopes []string

	// Resource is requested instead of scopes at azure_ad. Default
	// https://onenote.com/.
	Resource string

	// RedirectURI replaces the callback address of the site; see package signin.
	RedirectURI string

	// ResponseMode is query, form_post or fragment; empty: the provider's.
	ResponseMode string

	// Authority replaces scheme and host of the provider's endpoints.
	Authority string

	// Issuer is the issuer identifier of a custom provider (RFC 9207). Default: any
	// with the scheme and host of AuthorizeURL.
	Issuer string

	// The endpoints of a custom provider.
	AuthorizeURL, TokenURL, DeviceURL, LogoutURL string

	// AuthorizeParams are added to the authorization request.
	AuthorizeParams []Param

	// RefreshToken returns one obtained elsewhere, to be imported once; nil
	// for none.
	RefreshToken func() (Secret, error)

	// LoginHint is the user name that the sign-in page starts with.
	LoginHint string

	// ExpectedUser is who may sign in: a UPN or e-mail address (case
	// ignored), or an exact oid or user_id. Empty: anybody.
	ExpectedUser string

	// RefreshBefore is how long before its expiry a token is refreshed.
	// Default: what the provider says (refresh_in), else the larger of five
	// minutes and a tenth of the token's life.
	RefreshBefore time.Duration
}

// Param is a parameter of a request, in order.
type Param struct{ Name, Value string }

// OneNoteResource identifies the OneNote API at Azure AD; the trailing slash
// is part of it.
const OneNoteResource = "https://onenote.com/"

// consumersTenant is the directory of personal accounts, for which consumers stands.
const consumersTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

// PersonalOnly reports whether nobody but people with personal accounts can sign in.
func (c Config) PersonalOnly() bool {
	return c.Provider == MicrosoftAccount || c.Tenant == "consumers" || strings.EqualFold(c.Tenant, consumersTenant)
}

// tenantWords are the tenants that stand for more than one directory.
var tenantWords = []string{"common", "organizations", "consumers"}

// Complete fills in the defaults of what was left out.
func (c *Config) Complete() {
	if c.Provider == "" {
		c.Provider = MicrosoftAccount
	}
	if c.Flow == "" {
		c.Flow = FlowCode
	}
	if c.Tenant == "" && (c.Provider == AzureAD || c.Provider == Entra) {
		c.Tenant = "common"
	}
	if word := strings.ToLower(c.Tenant); slices.Contains(tenantWords, word) {
		c.Tenant = word // Microsoft ignores the case
	}
	if c.Resource == "" && c.Provider == AzureAD {
		c.Resource = OneNoteResource
	}
	if len(c.Scopes) == 0 {
		c.Scopes = c.defaultScopes()
	}
}

// defaultScopes requests reading and writing of notes and, where the flow can
// end with one, a refresh token.
func (c *Config) defaultScopes() []string {
	switch {
	case c.Provider == MicrosoftAccount && c.Flow == FlowToken:
		return []string{"office.onenote_update", "wl.signin"}
	case c.Provider == MicrosoftAccount:
		return []string{"office.onenote_update", "wl.signin", "wl.offline_access"}
	case c.Provider == Entra && c.Flow == FlowClientCredentials:
		// The identifier's own slash and the separator: both belong there.
		return []string{OneNoteResource + "/.default"}
	case c.Provider == Entra && c.Flow == FlowToken:
		return []string{OneNoteResource + "Notes.ReadWrite"}
	case c.Provider == Entra:
		return []string{OneNoteResource + "Notes.ReadWrite", "offline_access"}
	}
	return nil
}

// Fingerprint names what a refresh token was issued for. A token is sent only
// to a configuration with the same fingerprint: to no other endpoint, tenant
// or client (RFC 9700 §4.14).
func (c Config) Fingerprint() string {
	h := sha256.New()
	for _, part := range []string{
		string(c.Provider), c.endpoints().token, strings.ToLower(c.Tenant), c.ClientID, c.Resource, c.RedirectURI,
	} {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// hasSecret reports whether the client proves itself with a shared secret.
func (c Config) hasSecret() bool { return c.ClientSecret != nil }

// Refreshes reports whether the flow ends with a refresh token.
func (c Config) Refreshes() bool { return c.Flow == FlowCode || c.Flow == FlowDevice }
