// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

// A registration is how the app of an account must be registered.
type registration struct {
	account      oauth.Config
	redirectURIs []string // none for flows without one
}

func newRegistration(c oauth.Config, app *App) (registration, error) {
	if c.Flow == oauth.FlowDevice || c.Flow == oauth.FlowClientCredentials {
		return registration{account: c}, nil
	}
	uris := app.redirectURIs(c)
	if uris == nil {
		return registration{}, fmt.Errorf("account %s: its redirect URI is not known, because no site with onenote has a port; "+
			"write public_url in a site, or redirect_uri in the account", c.Name)
	}
	return registration{c, uris}, nil
}

// confidential reports whether the app proves who it is.
func (r registration) confidential() bool {
	return r.account.ClientSecret != nil || r.account.CertificateFile != "" || r.account.FederatedTokenFile != ""
}

// public reports whether the app proves nothing. Microsoft refuses it a sign-in with a
// code on another device unless the registration allows public client flows; commands
// and pages offer that sign-in whatever the account's flow is.
func (r registration) public() bool {
	return !r.confidential() && r.account.Flow != oauth.FlowToken
}

// audiences are the choices of who may sign in: their names in the portal and
// on the Azure command line.
var audiences = map[string][2]string{
	"personal": {"Personal Microsoft accounts only", "PersonalMicrosoftAccount"},
	"all": {"Accounts in any organizational directory and personal Microsoft accounts",
		"AzureADandPersonalMicrosoftAccount"},
	"work": {"Accounts in any organizational directory", "AzureADMultipleOrgs"},
	"own":  {"Accounts in this organizational directory only", "AzureADMyOrg"},
}

func (r registration) audience() [2]string {
	a := r.account
	switch {
	case a.PersonalOnly():
		return audiences["personal"]
	case a.Provider == oauth.Entra && a.Tenant == "common":
		return audiences["all"]
	case a.Tenant == "common", a.Tenant == "organizations":
		return audiences["work"]
	}
	return audiences["own"]
}

func (r registration) print(w io.Writer) {
	a := r.account
	fmt.Fprintf(w, "account %s (%s, %s flow)\n\n", a.Name, a.Provider, a.Flow)
	if a.Provider == oauth.Custom {
		r.printCustom(w)
		return
	}
	if advice := r.advice(); advice != "" {
		fmt.Fprintln(w, advice)
	}
	r.printPortal(w)
	r.printPermissions(w)
	if !r.old() {
		r.printCommandLines(w)
	}
	fmt.Fprint(w, "\nThe registration's overview page shows the application (client) ID. Write it into\nthe account as client_id, or set the environment variable that client_id names.\n")
}

// old reports whether the app must have been registered years ago.
func (r registration) old() bool {
	return r.account.Provider == oauth.MicrosoftAccount && r.account.Audience() == "onenote"
}

func (r registration) printCommandLines(w io.Writer) {
	permissions := r.permissionLine()
	except := ""
	if permissions == nil && r.account.Provider != oauth.MicrosoftAccount {
		except = ", except the permissions,"
	}
	fmt.Fprintf(w, "\nThe same%s with the Azure command line:\n\n", except)
	for _, line := range [][]string{r.commandLine(), permissions} {
		if line != nil {
			fmt.Fprintf(w, "  %s\n", strings.Join(line, " \\\n    "))
		}
	}
}

func (r registration) printCustom(w io.Writer) {
	r.printRedirectURIs(w)
	if len(r.account.Scopes) > 0 {
		fmt.Fprintf(w, "  Scopes: %s\n", strings.Join(r.account.Scopes, " "))
	}
	fmt.Fprintln(w, "  PKCE (S256) is always used.")
}

func (r registration) printRedirectURIs(w io.Writer) {
	for _, uri := range r.redirectURIs {
		fmt.Fprintf(w, "  Redirect URI: %s\n", uri)
	}
}

func (r registration) printPortal(w io.Writer) {
	page := "New registration"
	if r.old() {
		page = "the page of the app, which has to have"
	}
	fmt.Fprintf(w, "In the Microsoft Entra admin center (https://entra.microsoft.com), App registrations, %s:\n\n", page)
	fmt.Fprintf(w, "  Supported account types: %s\n", r.audience()[0])
	if len(r.redirectURIs) > 0 {
		fmt.Fprintf(w, "  Platform: %s\n", r.platform())
	}
	r.printRedirectURIs(w)
	if r.account.Flow == oauth.FlowToken {
		fmt.Fprintln(w, "  Authentication, Implicit grant: Access tokens")
	}
	switch {
	case r.account.Flow == oauth.FlowDevice:
		fmt.Fprintln(w, "  Authentication, Advanced settings, Allow public client flows: Yes")
	case r.public():
		fmt.Fprintln(w, "  Authentication, Advanced settings, Allow public client flows: Yes, if somebody signs in with a code on another device")
	}
	switch {
	case r.confidential():
		fmt.Fprintln(w, "  Certificates & secrets: the credential that the configuration names")
	case r.public():
		fmt.Fprintln(w, "  Certificates & secrets: none; the app is a public client")
	}
}

// platform returns under which platform the portal lists the redirect URI. The
// one of a public client belongs under another platform than that of an app with
// a secret; under the wrong one the sign-in is refused.
func (r registration) platform() string {
	if r.confidential() || r.account.Flow == oauth.FlowToken {
		return "Web"
	}
	return "Mobile and desktop applications"
}

func (r registration) printPermissions(w io.Writer) {
	a := r.account
	if a.Provider == oauth.MicrosoftAccount {
		fmt.Fprintf(w, "  API permissions: none; %s are requested at sign-in\n", strings.Join(a.Scopes, " "))
		return
	}
	kind := "Delegated"
	if a.Flow == oauth.FlowClientCredentials {
		kind = "Application"
	}
	fmt.Fprintf(w, "  API permissions, %s, %s: %s\n", r.api(), kind, strings.Join(r.permissions(), ", "))
}

// api returns the name of the API in the portal.
func (r registration) api() string {
	switch r.account.Audience() {
	case graphAPI:
		return apiTitle(graphAPI)
	case "onenote":
		return "OneNote (under APIs my organization uses)"
	}
	return "the API of " + cmp.Or(r.account.Resource, strings.Join(r.account.Scopes, " "))
}

// permissions returns the names that the portal lists: scopes without their API. The
// ones about the person and the refresh token are listed at Microsoft Graph only.
func (r registration) permissions() []string {
	var names, common []string
	for _, s := range r.account.Scopes {
		name := s[strings.LastIndexByte(s, '/')+1:]
		switch {
		case slices.Contains([]string{"openid", "profile", "email", "offline_access"}, name):
			common = append(common, name)
		case name != "" && name != ".default":
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 0:
	case r.account.Flow == oauth.FlowClientCredentials:
		names = []string{"Notes.ReadWrite.All"}
	default:
		names = []string{"Notes.ReadWrite"}
	}
	if r.account.Audience() != graphAPI {
		return names
	}
	return append(names, common...)
}

func (r registration) commandLine() []string {
	line := []string{
		"az ad app create --display-name caddy-onenote",
		"--sign-in-audience " + r.audience()[1],
	}
	if strings.Contains(r.audience()[1], "PersonalMicrosoftAccount") {
		line = append(line, "--requested-access-token-version 2")
	}
	if len(r.redirectURIs) > 0 {
		line = append(line, r.redirectFlag()+" "+shellQuoted(r.redirectURIs...))
	}
	if r.account.Flow == oauth.FlowToken {
		line = append(line, "--enable-access-token-issuance true")
	}
	if r.account.Flow == oauth.FlowDevice || r.public() {
		line = append(line, "--is-fallback-public-client true")
	}
	return line
}

func (r registration) redirectFlag() string {
	if r.platform() == "Web" {
		return "--web-redirect-uris"
	}
	return "--public-client-redirect-uris"
}

// shellQuoted quotes words for a POSIX shell.
func shellQuoted(words ...string) string {
	var quoted []string
	for _, s := range words {
		quoted = append(quoted, "'"+strings.ReplaceAll(s, "'", `'\''`)+"'")
	}
	return strings.Join(quoted, " ")
}
