// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// AccountConfig says how one Microsoft account, or one of another OAuth 2.0
// provider, signs in. Placeholders such as {env.NAME} work in every option
// and are resolved when the configuration is provisioned; {file./path} works
// in the secrets, which are read again whenever they are used.
type AccountConfig struct {
	// Whose identity service it is: `microsoft_account` (login.live.com,
	// personal accounts), `azure_ad` (the v1 endpoint, work and school
	// accounts), `entra` (the v2.0 endpoint, both) or `custom` (any OAuth 2.0
	// server). Default: `microsoft_account`.
	Provider oauth.Provider `json:"provider,omitempty" onenote:"provider microsoft_account | azure_ad | entra | custom" default:"microsoft_account"`

	// How a sign-in goes: `code` (authorization code with PKCE, RFC 6749 §4.1
	// and RFC 7636), `token` (implicit; no refresh token, so it lasts an
	// hour), `device` (a code typed in elsewhere, RFC 8628) or
	// `client_credentials` (no user at all). Default: `code`.
	Flow oauth.Flow `json:"flow,omitempty" onenote:"flow code | token | device | client_credentials" default:"code"`

	// The directory, for `azure_ad` and `entra`: a GUID, a domain name, or
	// one of `common`, `organizations` and `consumers`. Default: `common`.
	Tenant string `json:"tenant,omitempty" onenote:"tenant <tenant>"`

	// The application (client) id of the registration. Required.
	ClientID string `json:"client_id,omitempty" onenote:"client_id <id>"`

	// The client secret, where the registration has one. Write it as
	// {env.NAME} or {file./path}: a literal secret ends up in Caddy's saved
	// configuration. A file is read for each token request. Default: none.
	ClientSecret string `json:"client_secret,omitempty" onenote:"client_secret <secret>" placeholders:"secret" inherit:"credentials"`

	// A certificate used in place of the secret, as a PEM pair (RFC 7523
	// client assertion). Default: none.
	ClientCertificate *CertificateFiles `json:"client_certificate,omitempty" onenote:"client_certificate <cert.pem> <key.pem>" inherit:"credentials"`

	// A file with a token of another issuer, used in place of the secret
	// (workload identity federation). It is read for each token request.
	// Default: none.
	FederatedTokenFile string `json:"federated_token_file,omitempty" onenote:"federated_token_file <path>" inherit:"credentials"`

	// The scopes to request. They decide which API the tokens are for, and so the
	// default of a site's upstream: with `entra`,
	// `Notes.ReadWrite offline_access openid profile` are of Microsoft Graph, for
	// which requests of apps that speak the OneNote API are translated. Default: for
	// `microsoft_account` `office.onenote_update wl.signin wl.offline_access`; for
	// `entra` `https://onenote.com/Notes.ReadWrite offline_access`.
	Scopes []string `json:"scopes,omitempty" onenote:"scopes <scope...>"`

	// The resource that `azure_ad` requests instead of scopes. Default:
	// `https://onenote.com/`.
	Resource string `json:"resource,omitempty" onenote:"resource <uri>"`

	// The redirect URI of the registration, where the default does not fit. One
	// that does not lead here works as well: there the address on which the
	// browser ends has to be pasted, on the page or into
	// `caddy onenote signin`.
	// `caddy onenote register` prints the one in use. Default: the base URL of
	// the first site that serves the account, followed by
	// `/auth/<account>/callback`. The base URL of a site is its `public_url`;
	// else, where it serves TLS, the first of its `allowed_hosts` that is a
	// full domain name; else localhost.
	RedirectURI string `json:"redirect_uri,omitempty" onenote:"redirect_uri <uri>"`

	// How the provider sends its response back: `query`, `form_post` or
	// `fragment`. Default: what the provider does by itself.
	ResponseMode string `json:"response_mode,omitempty" onenote:"response_mode query | form_post | fragment"`

	// Scheme and host of the identity endpoints, for national clouds and for
	// tests. It must be https, or http to a loopback address. Default: the
	// provider's public endpoints.
	Authority string `json:"authority,omitempty" onenote:"authority <url>"`

	// The issuer identifier of a `custom` provider, with which the `iss` of a
	// response is compared exactly (RFC 9207). Default: any `iss` with the
	// scheme and host of `authorize_url`.
	Issuer string `json:"issuer,omitempty" onenote:"issuer <url>"`

	// The authorization endpoint of a `custom` provider. Default: none.
	AuthorizeURL string `json:"authorize_url,omitempty" onenote:"authorize_url <url>"`

	// The token endpoint of a `custom` provider. Required there.
	TokenURL string `json:"token_url,omitempty" onenote:"token_url <url>"`

	// The device authorization endpoint of a `custom` provider. Default: none.
	DeviceURL string `json:"device_url,omitempty" onenote:"device_url <url>"`

	// The address to which users of a `custom` provider are sent at sign-out.
	// Default: none.
	LogoutURL string `json:"logout_url,omitempty" onenote:"logout_url <url>"`

	// More parameters of the authorization request, in order. Default: none.
	AuthorizeParams []AuthorizeParam `json:"authorize_params,omitempty" onenote:"authorize_param <name> <value>"`

	// A refresh token obtained elsewhere (`code` and `device` flows). It is
	// imported once; a value that was imported before is never imported again,
	// also not after a sign-out. Default: none.
	RefreshToken string `json:"refresh_token,omitempty" onenote:"refresh_token <token>" placeholders:"secret"`

	// The user name that the provider's sign-in page starts with. Default:
	// none.
	LoginHint string `json:"login_hint,omitempty" onenote:"login_hint <user>"`

	// What pages and commands call the account where the provider does not tell
	// who signed in, as it is with personal accounts: a name of your choice, one
	// line of at most 100 characters. Default: none.
	Label string `json:"label,omitempty" onenote:"label <text>"`

	// Who may sign in: a UPN or e-mail address (case ignored), or an exact
	// oid or user_id. Tokens of other users are not stored. It cannot be checked
	// with the flow `token`. Default: anybody.
	ExpectedUser string `json:"expected_user,omitempty" onenote:"expected_user <user>"`

	// How long before its expiry an access token is refreshed. Default: what
	// the provider says, else the larger of 5 minutes and a tenth of the
	// token's life.
	RefreshBefore caddy.Duration `json:"refresh_before,omitempty" onenote:"refresh_before <duration>"`
}

// CertificateFiles names the two PEM files of a certificate credential. Both
// are read for each token request.
type CertificateFiles struct {
	// The file with the certificate.
	Certificate string `json:"certificate,omitempty"`

	// The file with its private key.
	Key string `json:"key,omitempty"`
}

func (c *CertificateFiles) readArguments(args []string) error {
	if len(args) != 2 {
		return errUsage
	}
	c.Certificate, c.Key = args[0], args[1]
	return nil
}

// AuthorizeParam is a parameter of the authorization request.
type AuthorizeParam struct {
	// Its name.
	Name string `json:"name,omitempty"`

	// Its value.
	Value string `json:"value,omitempty"`
}

func (p *AuthorizeParam) readArguments(args []string) error {
	if len(args) != 2 || args[0] == "" {
		return errUsage
	}
	p.Name, p.Value = args[0], args[1]
	return nil
}

// checkOption implements optionChecker. What else can be wrong with an account
// is for the tokens package to say.
func (a *AccountConfig) checkOption(name string) error {
	if name != "authorize_param" {
		return nil
	}
	given := make(map[string]bool)
	for _, p := range a.AuthorizeParams {
		if given[p.Name] {
			return fmt.Errorf("%s was given already", p.Name)
		}
		given[p.Name] = true
	}
	return nil
}

// config translates the account for the tokens package. It reads no file.
func (a AccountConfig) config(name string, r resolver) (oauth.Config, []string, error) {
	// An identity service on this machine, without TLS, is one for tests.
	r.harmless = strings.HasPrefix(a.Authority, "http://")
	r.resolve(&a)
	r.check(&a)
	c := oauth.Config{
		Name:               name,
		Label:              strings.TrimSpace(a.Label),
		Provider:           a.Provider,
		Flow:               a.Flow,
		Tenant:             a.Tenant,
		ClientID:           a.ClientID,
		ClientSecret:       r.secret("client_secret", a.ClientSecret),
		FederatedTokenFile: a.FederatedTokenFile,
		Scopes:             a.Scopes,
		Resource:           a.Resource,
		RedirectURI:        a.RedirectURI,
		ResponseMode:       a.ResponseMode,
		Authority:          a.Authority,
		Issuer:             a.Issuer,
		AuthorizeURL:       a.AuthorizeURL,
		TokenURL:           a.TokenURL,
		DeviceURL:          a.DeviceURL,
		LogoutURL:          a.LogoutURL,
		RefreshToken:       r.secret("refresh_token", a.RefreshToken),
		LoginHint:          a.LoginHint,
		ExpectedUser:       a.ExpectedUser,
		RefreshBefore:      time.Duration(a.RefreshBefore),
	}
	for _, p := range a.AuthorizeParams {
		c.AuthorizeParams = append(c.AuthorizeParams, oauth.Param(p))
	}
	if a.ClientCertificate != nil {
		c.CertificateFile, c.KeyFile = a.ClientCertificate.Certificate, a.ClientCertificate.Key
	}
	if err := errors.Join(r.errs...); err != nil {
		return c, nil, err
	}
	c.Complete()
	warnings, err := c.Check()
	return c, append(r.warnings, warnings...), err
}
