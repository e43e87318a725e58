// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"net/url"
	"slices"
	"strings"
)

// Provider is the identity service that an account signs in at.
type Provider string

// The providers.
const (
	// MicrosoftAccount is login.live.com: personal accounts (articles 000 to 003).
	MicrosoftAccount Provider = "microsoft_account"
	// AzureAD is the v1 endpoint of Azure AD: work accounts, requested by resource.
	AzureAD Provider = "azure_ad"
	// Entra is the v2.0 endpoint: both kinds of account, requested by scope.
	Entra Provider = "entra"
	// Custom is any OAuth 2.0 server whose endpoints are configured.
	Custom Provider = "custom"
)

// KeepsRefreshTokens reports whether a refresh token is known to stay valid after its
// use. Then two refreshes at once, or one whose response gets lost, cost no sign-in.
// Others may take a second use for a theft and revoke both tokens (RFC 9700 §4.14.2).
func (p Provider) KeepsRefreshTokens() bool {
	return p == MicrosoftAccount || p == AzureAD || p == Entra
}

// endpoints are where one account's requests go. An empty one does not exist.
type endpoints struct {
	authorize, token, device, logout string
}

const (
	liveAuthority  = "https://login.live.com"
	entraAuthority = "https://login.microsoftonline.com"
)

// signinHosts are where Microsoft signs people in, national clouds and older names
// included. The second at v2.0 may send the browser to the first.
var signinHosts = [...]string{
	"login.live.com",
	"login.microsoftonline.com",
	"login.microsoft.com",
	"login.windows.net",
	"sts.windows.net",
	"login.microsoftonline.us",
	"login.partner.microsoftonline.cn",
	"login.chinacloudapi.cn",
}

// IsSigninHost reports whether a host, in lower case and without a port, is one where
// Microsoft signs people in.
func IsSigninHost(host string) bool { return slices.Contains(signinHosts[:], host) }

// SigninHosts returns the hosts that a browser meets during a sign-in, as far as they
// are known: that of the endpoint, and that to which the directories of Microsoft send
// personal accounts.
func (c Config) SigninHosts() []string {
	var hosts []string
	if u, err := url.Parse(c.endpoints().authorize); err == nil && u.Host != "" {
		hosts = append(hosts, strings.ToLower(u.Hostname()))
	}
	if c.Authority == "" && (c.Provider == AzureAD || c.Provider == Entra) {
		hosts = append(hosts, signinHosts[0])
	}
	return hosts
}

// DesktopRedirect and NativeRedirect are the redirect URIs that Microsoft
// serves itself for apps that have no address. No listener receives them: the
// user pastes the address the browser ended on. ErrorPage is where live stops
// when the registration itself is wrong.
const (
	DesktopRedirect = "https://login.live.com/oauth20_desktop.srf"
	NativeRedirect  = "https://login.microsoftonline.com/common/oauth2/nativeclient"
	ErrorPage       = "https://login.live.com/err.srf"
)

// endpoints returns the addresses of the account's provider.
func (c Config) endpoints() endpoints {
	switch c.Provider {
	case Custom:
		return endpoints{c.AuthorizeURL, c.TokenURL, c.DeviceURL, c.LogoutURL}
	case AzureAD:
		base := c.authority(entraAuthority) + "/" + url.PathEscape(c.Tenant) + "/oauth2"
		return endpoints{base + "/authorize", base + "/token", base + "/devicecode", base + "/logout"}
	case Entra:
		base := c.authority(entraAuthority) + "/" + url.PathEscape(c.Tenant) + "/oauth2/v2.0"
		return endpoints{base + "/authorize", base + "/token", base + "/devicecode", base + "/logout"}
	default:
		base := c.authority(liveAuthority)
		return endpoints{
			base + "/oauth20_authorize.srf",
			base + "/oauth20_token.srf",
			base + "/oauth20_connect.srf",
			base + "/oauth20_logout.srf",
		}
	}
}

// Endpoints returns the addresses that the account's flow sends requests to:
// where the user signs in, and where tokens come from.
func (c Config) Endpoints() []string {
	e := c.endpoints()
	var used []string
	switch c.Flow {
	case FlowCode:
		used = []string{e.authorize, e.token}
	case FlowToken:
		used = []string{e.authorize}
	case FlowDevice:
		used = []string{e.device, e.token}
	default:
		used = []string{e.token}
	}
	return slices.DeleteFunc(used, func(address string) bool { return address == "" })
}

// TokenHost returns the host that tokens come from, for people to read.
func (c Config) TokenHost() string {
	u, err := url.Parse(c.endpoints().token)
	if err != nil || u.Host == "" {
		return "the identity provider"
	}
	return u.Host
}

// authority returns scheme and host of the endpoints: the published ones, or
// those of a national cloud or a test.
func (c Config) authority(published string) string {
	if c.Authority == "" {
		return published
	}
	return strings.TrimSuffix(c.Authority, "/")
}

// ConsentURL returns the provider's page on which the user can take back what
// they allowed; empty when it is not known.
func (c Config) ConsentURL() string {
	switch {
	case c.Authority != "" || c.Provider == Custom:
		return ""
	case c.Provider == MicrosoftAccount:
		return "https://account.live.com/consent/Manage"
	default:
		return "https://myapps.microsoft.com/"
	}
}
