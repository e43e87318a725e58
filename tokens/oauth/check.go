// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/caddy-onenote/caddy-onenote/internal/accountname"
	"github.com/caddy-onenote/caddy-onenote/internal/authpath"
	"github.com/caddy-onenote/caddy-onenote/internal/loopback"
)

// Check says which parts of a completed configuration cannot work, as one
// error that names the account and the fix of each, and which deserve a
// warning. It uses neither network nor files.
func (c Config) Check() (warnings []string, err error) {
	k := &checker{c: c}
	for _, check := range []func(){
		k.words, k.client, k.provider, k.flow, k.scopes, k.credentials, k.redirectURI, k.endpoints, k.audience,
	} {
		check()
	}
	return k.warnings, errors.Join(k.errs...)
}

// checker collects the faults of one configuration.
type checker struct {
	c        Config
	warnings []string
	errs     []error
}

func (k *checker) refuse(format string, args ...any) {
	k.errs = append(k.errs, fmt.Errorf("account %s: %s", k.c.Name, fmt.Sprintf(format, args...)))
}

func (k *checker) warn(format string, args ...any) {
	k.warnings = append(k.warnings, fmt.Sprintf("account %s: %s", k.c.Name, fmt.Sprintf(format, args...)))
}

// maxLabel is the length of the longest label, in characters.
const maxLabel = 100

func (k *checker) words() {
	if err := accountname.Check(k.c.Name); err != nil {
		k.errs = append(k.errs, err)
	}
	if utf8.RuneCountInString(k.c.Label) > maxLabel || strings.ContainsFunc(k.c.Label, unicode.IsControl) {
		k.refuse("label has to be one line of at most %d characters: it is a name for pages and commands", maxLabel)
	}
	if !slices.Contains([]Provider{MicrosoftAccount, AzureAD, Entra, Custom}, k.c.Provider) {
		k.refuse("provider %q: expected microsoft_account, azure_ad, entra or custom", k.c.Provider)
	}
	if !slices.Contains([]Flow{FlowCode, FlowToken, FlowDevice, FlowClientCredentials}, k.c.Flow) {
		k.refuse("flow %q: expected code, token, device or client_credentials", k.c.Flow)
	}
	if !slices.Contains([]string{"", "query", "form_post", "fragment"}, k.c.ResponseMode) {
		k.refuse("response_mode %q: expected query, form_post or fragment", k.c.ResponseMode)
	}
	if k.c.RefreshBefore < 0 {
		k.refuse("refresh_before is negative: expected a duration such as 10m")
	}
}

// liveAppID is what ids of Live apps look like; others are GUIDs.
var liveAppID = regexp.MustCompile(`^[0-9A-Fa-f]{16}$`)

func (k *checker) client() {
	switch {
	case k.c.ClientID == "":
		k.refuse("client_id is missing: set it to the application (client) id of the app registration")
	case strings.HasPrefix(k.c.ClientID, "\xff\xfe"), strings.HasPrefix(k.c.ClientID, "\xfe\xff"), strings.ContainsRune(k.c.ClientID, 0):
		k.refuse("client_id is in UTF-16: save it as UTF-8")
	case strings.Contains(k.c.ClientID, byteOrderMark):
		k.refuse("client_id holds a byte order mark: save it without one")
	case strings.ContainsAny(k.c.ClientID, "\"'`“”„‘’"):
		k.refuse("client_id holds quotes: write it without them (docker --env-file keeps quotes)")
	case strings.ContainsFunc(k.c.ClientID, unicode.IsSpace):
		k.refuse("client_id holds white space: copy it again from the app registration")
	case liveAppID.MatchString(k.c.ClientID) && k.entraLike():
		k.warn("client_id is one of a Live app (16 hex digits), which %s does not know; use provider microsoft_account or a GUID", k.c.Provider)
	}
}

func (k *checker) entraLike() bool { return k.c.Provider == AzureAD || k.c.Provider == Entra }

func (k *checker) provider() {
	c := k.c
	if c.Provider != AzureAD && c.Resource != "" {
		k.refuse("resource goes with azure_ad only; for %s write scopes (v2.0 refuses resource with AADSTS901002)", c.Provider)
	}
	if !k.entraLike() && c.Tenant != "" {
		k.refuse("tenant goes with azure_ad and entra only; remove it for %s", c.Provider)
	}
	if c.Provider == AzureAD && c.PersonalOnly() {
		k.refuse("tenant consumers: the v1 endpoint does not sign personal accounts in (AADSTS90027); use provider microsoft_account, or entra")
	}
	if k.entraLike() && !tenantWord.MatchString(c.Tenant) {
		k.refuse("tenant %q: expected a GUID, a domain, common, organizations or consumers", c.Tenant)
	}
	if c.Provider == AzureAD && strings.EqualFold(c.Resource, strings.TrimSuffix(OneNoteResource, "/")) {
		k.warn("resource %s lacks the slash at its end, which belongs to it: %s", c.Resource, OneNoteResource)
	}
	for name, value := range map[string]string{"authorize_url": c.AuthorizeURL, "token_url": c.TokenURL, "device_url": c.DeviceURL, "logout_url": c.LogoutURL, "issuer": c.Issuer} {
		if c.Provider != Custom && value != "" {
			k.refuse("%s goes with provider custom only; use authority for a national cloud", name)
		}
	}
	if c.Provider == Custom && c.Authority != "" {
		k.refuse("authority does not go with provider custom: give the whole addresses (authorize_url, token_url …)")
	}
}

var tenantWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)

func (k *checker) flow() {
	c := k.c
	switch c.Flow {
	case FlowToken:
		k.warn("flow token is deprecated (RFC 9700 §2.1.2) and gives no refresh token: somebody signs in every hour; use flow code")
		if slices.ContainsFunc(c.Scopes, isRefreshScope) {
			k.refuse("flow token gives no refresh token: remove wl.offline_access or offline_access from scopes, or use flow code")
		}
		if c.ExpectedUser != "" {
			k.refuse("expected_user cannot be checked with flow token: who signed in is known only from what the browser says; use flow code or device, or remove expected_user")
		}
		if c.ResponseMode == "query" {
			k.refuse("response_mode query is refused for tokens: leave it out, or use fragment or form_post")
		}
	case FlowDevice:
		k.warn("organizations often block the device flow; use flow code where a browser is at hand")
	case FlowClientCredentials:
		k.appOnly()
	}
	if c.RefreshToken != nil && !c.Refreshes() {
		k.refuse("refresh_token goes with the flows code and device only; flow %s has none", c.Flow)
	}
	if c.Refreshes() && len(c.Scopes) > 0 && c.Provider != AzureAD && !slices.ContainsFunc(c.Scopes, isRefreshScope) {
		word := "offline_access"
		if c.Provider == MicrosoftAccount {
			word = "wl.offline_access"
		}
		k.warn("scopes lack %s, so there is no refresh token and somebody signs in every hour", word)
	}
}

// appOnly checks client credentials.
func (k *checker) appOnly() {
	c := k.c
	if c.Audience() == "onenote" || c.Audience() == "graph" {
		k.warn("OneNote stopped accepting app-only tokens on 31 March 2025 and responds with 401; use flow code or device")
	}
	if c.Provider == MicrosoftAccount {
		k.refuse("flow client_credentials: personal accounts have no app-only access; use flow code")
	}
	if k.entraLike() && slices.Contains(tenantWords, c.Tenant) {
		k.refuse("flow client_credentials wants one directory as tenant, not %s: a GUID or a domain", c.Tenant)
	}
	if c.Provider == Entra && (len(c.Scopes) != 1 || !strings.HasSuffix(c.Scopes[0], "/.default")) {
		k.refuse("flow client_credentials takes one scope that ends in /.default, such as %s/.default", OneNoteResource)
	}
	if !c.hasSecret() && c.CertificateFile == "" && c.FederatedTokenFile == "" {
		k.refuse("flow client_credentials wants client_secret, client_certificate or federated_token_file")
	}
}

// misspelt scopes, with what was meant.
var misspelt = map[string]string{
	"wl.sign-in":            "wl.signin",
	"wl.sign_in":            "wl.signin",
	"wl.offline-access":     "wl.offline_access",
	"wl.offlineaccess":      "wl.offline_access",
	"offline-access":        "offline_access",
	"onenote.office":        "office.onenote",
	"office.one_note":       "office.onenote",
	"office.onenote-update": "office.onenote_update",
}

// liveScopes are the names whose case live insists on.
var liveScopes = []string{
	"office.onenote", "office.onenote_create", "office.onenote_update", "office.onenote_update_by_app",
	"wl.signin", "wl.basic", "wl.offline_access",
	"onedrive.readonly", "onedrive.readwrite", "onedrive.appfolder", "offline_access",
}

func (k *checker) scopes() {
	c := k.c
	if c.Provider == MicrosoftAccount && len(c.Scopes) == 0 {
		k.refuse("scopes is empty: name at least one, such as office.onenote_update")
	}
	for _, s := range c.Scopes {
		k.scope(s)
	}
	if c.Provider == Entra {
		k.oneResource()
	}
	k.notes()
	if slices.Contains(c.Scopes, "office.onenote_update") && (slices.Contains(c.Scopes, "office.onenote") || slices.Contains(c.Scopes, "office.onenote_create")) {
		k.warn("scopes asks for more than it needs: office.onenote_update allows what the other office.onenote scopes do")
	}
	if c.Provider == MicrosoftAccount && slices.ContainsFunc(c.Scopes, hasPrefix("office.")) && !slices.ContainsFunc(c.Scopes, hasPrefix("wl.")) {
		k.warn("scopes has none that begins with wl., and the OneNote API asks for one beside its own: add wl.signin")
	}
}

func hasPrefix(prefix string) func(string) bool {
	return func(s string) bool { return strings.HasPrefix(s, prefix) }
}

func (k *checker) scope(s string) {
	lower := strings.ToLower(s)
	switch {
	case strings.Contains(s, ","):
		k.refuse("scopes: %q holds a comma: separate scopes by spaces", s)
	case misspelt[lower] != "":
		k.refuse("scopes: %q is misspelt: write %s", s, misspelt[lower])
	case s != lower && slices.Contains(liveScopes, lower):
		k.refuse("scopes: %q is written in small letters: %s", s, lower)
	case k.c.Provider == MicrosoftAccount && (isNotesScope(s) || audienceOf(s) == "graph"):
		k.refuse("scopes: %q is one of Microsoft Graph, which provider microsoft_account does not issue tokens for: "+
			"write provider entra, tenant consumers and scopes %s; apps that speak the OneNote API are then translated (docs/graph.md)", s, GraphScopes)
	case k.entraLike() && (strings.HasPrefix(lower, "office.") || strings.HasPrefix(lower, "wl.")):
		k.warn("scopes: %q is one of microsoft_account; %s has https://onenote.com/Notes.ReadWrite and its like", s, k.c.Provider)
	}
}

// oneResource: one token is for one API.
func (k *checker) oneResource() {
	resources := make(map[string]string)
	var fallback bool
	for _, s := range k.c.Scopes {
		if slices.Contains(oidcScopes, s) || strings.HasPrefix(s, "wl.") {
			continue
		}
		resources[resourceOf(s)] = s
		fallback = fallback || strings.HasSuffix(s, "/.default")
	}
	if len(resources) > 1 {
		var of []string
		for _, s := range resources {
			of = append(of, s)
		}
		slices.Sort(of)
		k.refuse("scopes names two APIs in one sign-in (%s); a token is for one: use two accounts", strings.Join(of, " and "))
	}
	if fallback && k.c.Flow != FlowClientCredentials && len(k.c.Scopes) > 1 {
		for _, s := range k.c.Scopes {
			if !strings.HasSuffix(s, "/.default") && !slices.Contains(oidcScopes, s) {
				k.refuse("scopes mixes %s with a scope that ends in /.default; use one kind", s)
				return
			}
		}
	}
}

func (k *checker) credentials() {
	c := k.c
	proofs := 0
	for _, has := range []bool{c.hasSecret(), c.CertificateFile != "" || c.KeyFile != "", c.FederatedTokenFile != ""} {
		if has {
			proofs++
		}
	}
	if proofs > 1 {
		k.refuse("client_secret, client_certificate and federated_token_file exclude each other: keep one")
	}
	if (c.CertificateFile == "") != (c.KeyFile == "") {
		k.refuse("client_certificate wants two files: the certificate and its key")
	}
	if c.hasSecret() && (c.RedirectURI == DesktopRedirect || c.RedirectURI == NativeRedirect) {
		k.refuse("client_secret does not go with redirect_uri %s: that is one of native apps, which must not send a secret", c.RedirectURI)
	}
	if c.hasSecret() && c.Provider != Custom && c.Authority != "" && !knownAuthority(c.Authority) {
		k.refuse("authority %s is none of Microsoft's, and the client secret would be sent there; for another identity service use provider custom with its addresses", c.Authority)
	}
}

// knownAuthority reports whether it is one of Microsoft's, or of this machine.
func knownAuthority(authority string) bool {
	u, err := url.Parse(authority)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if loopback.Host(host) {
		return true
	}
	return slices.Contains([]string{
		"login.live.com", "login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn",
		"login.microsoftonline.de", "login.windows.net", "login.chinacloudapi.cn", "sts.windows.net",
		"login.microsoftonline.eaglex.ic.gov", "login.microsoftonline.microsoft.scloud",
		"login.sovcloud-identity.fr", "login.sovcloud-identity.de", "login.sovcloud-identity.sg",
	}, host)
}

// Limits of redirect URIs, from Microsoft's "Redirect URI restrictions".
const (
	maxRedirectURI      = 256
	badRedirectURIChars = "!$'(),;"
)

func (k *checker) redirectURI() {
	uri := k.c.RedirectURI
	if uri == "" || uri == DesktopRedirect || uri == NativeRedirect {
		return
	}
	u, err := url.Parse(uri)
	if err != nil || !isWholeAddress(u) {
		k.refuse("redirect_uri %q is not a whole address: write it as it is registered, from its scheme on, such as http://localhost:8080%s", uri, authpath.Callback(k.c.Name))
		return
	}
	switch {
	case u.Fragment != "" || strings.Contains(uri, "#"):
		k.refuse("redirect_uri holds a fragment, which is not allowed (RFC 6749 §3.1.2)")
	case u.User != nil:
		k.refuse("redirect_uri holds user information")
	case u.Scheme == "http" && u.Hostname() == "::1":
		k.refuse("redirect_uri with [::1] is not supported by Microsoft: use localhost")
	case u.Scheme == "http" && !loopback.Host(u.Hostname()):
		k.refuse("redirect_uri is http to another machine: only localhost may do without https")
	case len(uri) > maxRedirectURI:
		k.refuse("redirect_uri has %d characters; Microsoft allows %d", len(uri), maxRedirectURI)
	case k.c.Provider != Custom && strings.ContainsAny(uri, badRedirectURIChars):
		k.refuse("redirect_uri holds one of %s, which Microsoft does not allow", badRedirectURIChars)
	case k.c.Provider == MicrosoftAccount && u.RawQuery != "":
		k.refuse("redirect_uri holds a query, which personal accounts do not allow")
	case (k.c.Flow == FlowCode || k.c.Flow == FlowToken) && !strings.HasSuffix(u.Path, authpath.Callback(k.c.Name)):
		k.warn("redirect_uri %s does not lead here, as it does not end in %s: at a sign-in, the address on which the browser ends has to be pasted",
			uri, authpath.Callback(k.c.Name))
	}
}

// isWholeAddress reports whether an address can be a redirect URI: with a host where
// its scheme has one. What is before the colon of localhost:8080/callback is no scheme.
func isWholeAddress(u *url.URL) bool {
	switch {
	case u.Scheme == "http" || u.Scheme == "https":
		return u.Hostname() != ""
	case u.Scheme == "" || loopback.Host(u.Scheme):
		return false
	}
	return u.Opaque == "" || u.Scheme == "urn"
}

func (k *checker) endpoints() {
	c := k.c
	if c.Provider == Custom {
		if c.TokenURL == "" {
			k.refuse("provider custom wants token_url")
		}
		if c.AuthorizeURL == "" && (c.Flow == FlowCode && c.RefreshToken == nil || c.Flow == FlowToken) {
			k.refuse("provider custom with flow %s wants authorize_url", c.Flow)
		}
		if c.DeviceURL == "" && c.Flow == FlowDevice {
			k.refuse("provider custom with flow device wants device_url")
		}
	}
	for _, e := range []struct{ name, address string }{
		{"authority", c.Authority}, {"authorize_url", c.AuthorizeURL}, {"token_url", c.TokenURL},
		{"device_url", c.DeviceURL}, {"logout_url", c.LogoutURL}, {"issuer", c.Issuer},
	} {
		if e.address != "" {
			k.endpoint(e.name, e.address)
		}
	}
}

func (k *checker) endpoint(name, address string) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		k.refuse("%s %q: expected an https address", name, address)
	case u.Scheme == "http" && !loopback.Host(u.Hostname()):
		k.refuse("%s %s is not https: tokens and secrets would travel in the clear; only addresses of this machine may be http", name, address)
	case u.User != nil || u.Fragment != "":
		k.refuse("%s %s: user information and fragments do not belong there", name, u.Redacted())
	case name == "authority" && (strings.Trim(u.Path, "/") != "" || u.RawQuery != ""):
		k.refuse("authority %s: expected scheme and host only, such as https://login.microsoftonline.us", address)
	}
}

func (k *checker) audience() {
	c := k.c
	if c.Audience() != "onedrive" && slices.ContainsFunc(c.Scopes, func(s string) bool { return strings.HasPrefix(s, "onedrive.") }) {
		k.warn("scopes asks for OneDrive and OneNote at once; for OneNote content the OneNote scopes suffice")
	}
}
