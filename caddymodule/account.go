// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// Account says how one Microsoft account, or one of another OAuth 2.0
// provider, signs in. Placeholders such as {env.NAME} work in every option
// and are resolved when the configuration is provisioned; {file./path} works
// in the secrets, which are read again whenever they are used.
type Account struct {
	// Whose identity service it is: `microsoft_account` (login.live.com,
	// personal accounts), `azure_ad` (the v1 endpoint, work and school
	// accounts), `entra` (the v2.0 endpoint, both) or `custom` (any OAuth 2.0
	// server). Default: `microsoft_account`.
	Provider tokens.Provider `json:"provider,omitempty"`

	// How a sign-in goes: `code` (authorization code with PKCE, RFC 6749 §4.1
	// and RFC 7636), `token` (implicit; no refresh token, so it lasts an
	// hour), `device` (a code typed in elsewhere, RFC 8628) or
	// `client_credentials` (no user at all). Default: `code`.
	Flow tokens.Flow `json:"flow,omitempty"`

	// The directory, for `azure_ad` and `entra`: a GUID, a domain name, or
	// one of `common`, `organizations` and `consumers`. Default: `common`.
	Tenant string `json:"tenant,omitempty"`

	// The application (client) id of the registration. Required.
	ClientID string `json:"client_id,omitempty"`

	// The client secret, where the registration has one. Write it as
	// {env.NAME} or {file./path}: a literal one ends up in Caddy's saved
	// configuration. A file is read for each token request.
	ClientSecret string `json:"client_secret,omitempty"`

	// A certificate that stands for the secret, as a PEM pair (RFC 7523
	// client assertion).
	ClientCertificate *CertificateFiles `json:"client_certificate,omitempty"`

	// A file with a token of another issuer that stands for the secret
	// (workload identity federation). It is read for each token request.
	FederatedTokenFile string `json:"federated_token_file,omitempty"`

	// What is asked for. Default for `microsoft_account`:
	// `office.onenote_update wl.signin wl.offline_access`; for `entra`:
	// `https://onenote.com/Notes.ReadWrite offline_access`.
	Scopes []string `json:"scopes,omitempty"`

	// What `azure_ad` asks for instead of scopes. Default:
	// `https://onenote.com/`.
	Resource string `json:"resource,omitempty"`

	// The redirect URI of the registration, where the default does not fit:
	// `public_url` of the site, else `http://localhost:<port>`, followed by
	// `/auth/<account>/callback`.
	RedirectURI string `json:"redirect_uri,omitempty"`

	// How the provider sends its answer back: `query`, `form_post` or
	// `fragment`. Default: what the provider does by itself.
	ResponseMode string `json:"response_mode,omitempty"`

	// Scheme and host of the identity endpoints, for national clouds and for
	// tests. It must be https, or http to a loopback address.
	Authority string `json:"authority,omitempty"`

	// The authorization endpoint of a `custom` provider.
	AuthorizeURL string `json:"authorize_url,omitempty"`

	// The token endpoint of a `custom` provider.
	TokenURL string `json:"token_url,omitempty"`

	// The device authorization endpoint of a `custom` provider.
	DeviceURL string `json:"device_url,omitempty"`

	// The address a `custom` provider's users are sent to at sign-out.
	LogoutURL string `json:"logout_url,omitempty"`

	// More parameters of the authorization request, in order.
	AuthorizeParams []Param `json:"authorize_params,omitempty"`

	// A refresh token obtained elsewhere (`code` and `device` flows). It is
	// imported once; a value that was imported before is never taken again,
	// also not after a sign-out.
	RefreshToken string `json:"refresh_token,omitempty"`

	// The user name that the provider's sign-in page starts with.
	LoginHint string `json:"login_hint,omitempty"`

	// Who may sign in: a UPN or e-mail address (case ignored), or an exact
	// oid or user_id. Nobody else's tokens are stored. Default: anybody.
	ExpectedUser string `json:"expected_user,omitempty"`

	// How long before its expiry an access token is renewed. Default: what
	// the provider says, else the larger of 5 minutes and a tenth of the
	// token's life.
	RefreshBefore caddy.Duration `json:"refresh_before,omitempty"`
}

// CertificateFiles names the two PEM files of a certificate credential. Both
// are read for each token request.
type CertificateFiles struct {
	// The file with the certificate.
	Certificate string `json:"certificate,omitempty"`

	// The file with its private key.
	Key string `json:"key,omitempty"`
}

// Param is a parameter of the authorization request.
type Param struct {
	// Its name.
	Name string `json:"name,omitempty"`

	// Its value.
	Value string `json:"value,omitempty"`
}

// withDefaults returns the account with what it leaves out taken from the
// options at the top of the app. The credentials go together: an account that
// brings one kind does not inherit another.
func (a Account) withDefaults(d Account) Account {
	if a.ClientSecret == "" && a.ClientCertificate == nil && a.FederatedTokenFile == "" {
		a.ClientSecret, a.ClientCertificate, a.FederatedTokenFile = d.ClientSecret, d.ClientCertificate, d.FederatedTokenFile
	}
	a.Provider = cmp.Or(a.Provider, d.Provider)
	a.Flow = cmp.Or(a.Flow, d.Flow)
	a.Tenant = cmp.Or(a.Tenant, d.Tenant)
	a.ClientID = cmp.Or(a.ClientID, d.ClientID)
	a.Resource = cmp.Or(a.Resource, d.Resource)
	a.RedirectURI = cmp.Or(a.RedirectURI, d.RedirectURI)
	a.ResponseMode = cmp.Or(a.ResponseMode, d.ResponseMode)
	a.Authority = cmp.Or(a.Authority, d.Authority)
	a.AuthorizeURL = cmp.Or(a.AuthorizeURL, d.AuthorizeURL)
	a.TokenURL = cmp.Or(a.TokenURL, d.TokenURL)
	a.DeviceURL = cmp.Or(a.DeviceURL, d.DeviceURL)
	a.LogoutURL = cmp.Or(a.LogoutURL, d.LogoutURL)
	a.RefreshToken = cmp.Or(a.RefreshToken, d.RefreshToken)
	a.LoginHint = cmp.Or(a.LoginHint, d.LoginHint)
	a.ExpectedUser = cmp.Or(a.ExpectedUser, d.ExpectedUser)
	a.RefreshBefore = cmp.Or(a.RefreshBefore, d.RefreshBefore)
	if a.Scopes == nil {
		a.Scopes = d.Scopes
	}
	if a.AuthorizeParams == nil {
		a.AuthorizeParams = d.AuthorizeParams
	}
	return a
}

// config translates the account for the tokens package. It reads no file.
func (a Account) config(name string) (tokens.Config, []string, error) {
	// An identity service on this machine, without TLS, is one for tests.
	r := resolver{subject: "account " + name, harmless: strings.HasPrefix(a.Authority, "http://")}
	c := tokens.Config{
		Name:               name,
		Provider:           tokens.Provider(r.plain("provider", string(a.Provider))),
		Flow:               tokens.Flow(r.plain("flow", string(a.Flow))),
		Tenant:             r.plain("tenant", a.Tenant),
		ClientID:           r.plain("client_id", a.ClientID),
		ClientSecret:       r.secret("client_secret", a.ClientSecret),
		FederatedTokenFile: r.plain("federated_token_file", a.FederatedTokenFile),
		Resource:           r.plain("resource", a.Resource),
		RedirectURI:        r.plain("redirect_uri", a.RedirectURI),
		ResponseMode:       r.plain("response_mode", a.ResponseMode),
		Authority:          r.plain("authority", a.Authority),
		AuthorizeURL:       r.plain("authorize_url", a.AuthorizeURL),
		TokenURL:           r.plain("token_url", a.TokenURL),
		DeviceURL:          r.plain("device_url", a.DeviceURL),
		LogoutURL:          r.plain("logout_url", a.LogoutURL),
		RefreshToken:       r.secret("refresh_token", a.RefreshToken),
		LoginHint:          r.plain("login_hint", a.LoginHint),
		ExpectedUser:       r.plain("expected_user", a.ExpectedUser),
		RefreshBefore:      time.Duration(a.RefreshBefore),
	}
	for _, s := range a.Scopes {
		c.Scopes = append(c.Scopes, r.plain("scopes", s))
	}
	for _, p := range a.AuthorizeParams {
		c.AuthorizeParams = append(c.AuthorizeParams, tokens.Param{Name: p.Name, Value: r.plain("authorize_param "+p.Name, p.Value)})
	}
	if a.ClientCertificate != nil {
		c.CertificateFile = r.plain("client_certificate", a.ClientCertificate.Certificate)
		c.KeyFile = r.plain("client_certificate", a.ClientCertificate.Key)
	}
	if err := errors.Join(r.errs...); err != nil {
		return c, nil, err
	}
	c.Complete()
	warnings, err := c.Check()
	return c, append(r.warnings, warnings...), err
}
