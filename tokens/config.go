// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Config says how one account signs in. The zero value of an option means its
// default; Complete fills the defaults in and Check says what cannot work.
type Config struct {
	// Name is the account's name: [a-z0-9][a-z0-9_-]{0,62}.
	Name string

	// Provider is whose identity service it is. Default microsoft_account.
	Provider Provider

	// Flow is how a sign-in goes. Default code.
	Flow Flow

	// Tenant is the directory (azure_ad, entra): a GUID, a domain, or common,
	// organizations, consumers. Default common.
	Tenant string

	// ClientID is the application (client) id of the registration.
	ClientID string

	// ClientSecret returns the secret as it is now; nil for a public client.
	// It is asked anew for each token request, so a rotated file takes effect.
	ClientSecret func() (Secret, error)

	// CertificateFile and KeyFile hold the PEM pair of a certificate
	// credential (RFC 7523 client assertion, PS256).
	CertificateFile, KeyFile string

	// FederatedTokenFile holds a token of another issuer that stands for the
	// secret (workload identity federation). It is read for each request.
	FederatedTokenFile string

	// Scopes are what is asked for.
	Scopes []string

	// Resource is what azure_ad asks for instead. Default https://onenote.com/.
	Resource string

	// RedirectURI is sent where the site has none of its own; see signin.
	RedirectURI string

	// ResponseMode is query, form_post or fragment; empty: the provider's.
	ResponseMode string

	// Authority replaces scheme and host of the provider's endpoints.
	Authority string

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

	// RefreshBefore is how long before its expiry a token is renewed.
	// Default: what the provider says (refresh_in), else the larger of five
	// minutes and a tenth of the token's life.
	RefreshBefore time.Duration
}

// Param is a parameter of a request, in order.
type Param struct{ Name, Value string }

// nameRule is what ValidName holds a name against.
var nameRule = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// ValidName says what is wrong with an account name. Names stand in paths,
// storage keys and metric labels, so they are kept plain.
func ValidName(name string) error {
	if nameRule.MatchString(name) {
		return nil
	}
	return fmt.Errorf("account name %q: expected 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit", name)
}

// OneNoteResource identifies the OneNote API at Azure AD; the trailing slash
// is part of it.
const OneNoteResource = "https://onenote.com/"

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
	if c.Resource == "" && c.Provider == AzureAD {
		c.Resource = OneNoteResource
	}
	if len(c.Scopes) == 0 {
		c.Scopes = c.defaultScopes()
	}
}

// defaultScopes asks for reading and writing notes and, where the flow can
// end with one, for a refresh token.
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

// Audience returns which API the account's tokens are for: onenote, graph or
// onedrive; empty where nothing says.
func (c Config) Audience() string {
	if c.Provider == Custom {
		return ""
	}
	if c.Provider == AzureAD {
		return audienceOf(c.Resource)
	}
	for _, s := range c.Scopes {
		if a := audienceOf(s); a != "" {
			return a
		}
	}
	if c.Provider == Entra && slices.ContainsFunc(c.Scopes, isBareGraphScope) {
		return "graph"
	}
	return ""
}

// audienceOf reads the API off one scope or resource.
func audienceOf(s string) string {
	s = strings.ToLower(s)
	switch {
	case strings.HasPrefix(s, "office.onenote"),
		strings.Contains(s, "://onenote.com"),
		strings.Contains(s, "://onenote."),
		strings.HasPrefix(s, oneNoteAppID):
		return "onenote"
	case strings.Contains(s, "://graph.microsoft."),
		strings.Contains(s, "://dod-graph.microsoft."),
		strings.Contains(s, "://microsoftgraph.chinacloudapi."),
		strings.HasPrefix(s, graphAppID):
		return "graph"
	case strings.HasPrefix(s, "onedrive."), strings.Contains(s, "://api.onedrive.com"):
		return "onedrive"
	}
	return ""
}

// Application ids stand for the App ID URI in scopes and resources.
const (
	oneNoteAppID = "2d4d3d8e-2be3-4bef-9f87-7875a61c29de"
	graphAppID   = "00000003-0000-0000-c000-000000000000"
)

// isBareGraphScope: at v2.0 a permission without a prefix is one of Graph's.
func isBareGraphScope(s string) bool {
	return !strings.Contains(s, "/") && !slices.Contains(oidcScopes, s) && strings.Contains(s, ".")
}

// oidcScopes ask for no API.
var oidcScopes = []string{"openid", "profile", "email", "offline_access"}

// hasSecret reports whether the client proves itself with a shared secret.
func (c Config) hasSecret() bool { return c.ClientSecret != nil }

// refreshes reports whether the flow ends with a refresh token.
func (c Config) refreshes() bool { return c.Flow == FlowCode || c.Flow == FlowDevice }
