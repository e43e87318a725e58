// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

func registerAppCommand() *cobra.Command {
	var flags adminFlags
	c := &cobra.Command{
		Use:   "register [<account>] [--config <path> [--adapter <name>]]",
		Short: "Prints what to enter where the app is registered",
		Long: `
Prints, for the accounts of a configuration, what their registration at
Microsoft has to look like: the redirect URI to copy, the choices in the portal,
the permissions to pick, and a line for the Azure command line that does it, but
for the permissions.

Neither the client id nor a secret has to exist yet.

Exit codes: 0 printed, 1 the configuration cannot work, 2 wrong usage.`,
		Args: atMost(1),
		RunE: run(func(c *cobra.Command, args []string) error {
			config, err := flags.load()
			if err != nil {
				return err
			}
			return register(c.OutOrStdout(), config, args)
		}),
	}
	flags.addConfig(c)
	return c
}

func register(w io.Writer, config *configuration, args []string) error {
	config.registeredLater()
	accounts, _, err := config.accounts()
	if err != nil {
		return err
	}
	found := false
	for _, a := range accounts {
		if len(args) == 1 && args[0] != a.Name {
			continue
		}
		if found {
			fmt.Fprintln(w)
		}
		found = true
		newRegistration(a, config.redirectURI(a)).print(w)
	}
	if !found {
		return usageError("there is no account %q in the configuration", args[0])
	}
	return nil
}

// A registration is what an account needs where its app is registered.
type registration struct {
	account     tokens.Config
	redirectURI string // empty for flows without one
}

func newRegistration(a tokens.Config, redirectURI string) registration {
	if a.Flow == tokens.FlowDevice || a.Flow == tokens.FlowClientCredentials {
		redirectURI = ""
	}
	return registration{a, redirectURI}
}

// confidential reports whether the app proves who it is.
func (r registration) confidential() bool {
	return r.account.ClientSecret != nil || r.account.CertificateFile != "" || r.account.FederatedTokenFile != ""
}

// audiences are the choices of who may sign in: what the portal calls them,
// and what the command line does.
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
	case a.Provider == tokens.MicrosoftAccount, a.Tenant == "consumers":
		return audiences["personal"]
	case a.Provider == tokens.Entra && a.Tenant == "common":
		return audiences["all"]
	case a.Tenant == "common", a.Tenant == "organizations":
		return audiences["work"]
	}
	return audiences["own"]
}

func (r registration) print(w io.Writer) {
	a := r.account
	fmt.Fprintf(w, "account %s (%s, %s flow)\n\n", a.Name, a.Provider, a.Flow)
	if a.Provider == tokens.Custom {
		r.printCustom(w)
		return
	}
	r.printPortal(w)
	r.printPermissions(w)
	fmt.Fprintf(w, "\nThe same%s with the Azure command line:\n\n  %s\n", r.notByCommand(), strings.Join(r.commandLine(), " \\\n    "))
}

func (r registration) printCustom(w io.Writer) {
	if r.redirectURI != "" {
		fmt.Fprintf(w, "  Redirect URI: %s\n", r.redirectURI)
	}
	if len(r.account.Scopes) > 0 {
		fmt.Fprintf(w, "  Scopes: %s\n", strings.Join(r.account.Scopes, " "))
	}
	fmt.Fprintln(w, "  PKCE (S256) is always used.")
}

func (r registration) printPortal(w io.Writer) {
	fmt.Fprintln(w, "In the Microsoft Entra admin center, App registrations, New registration:")
	fmt.Fprintln(w)
	fmt.Fprintf(w, "  Supported account types: %s\n", r.audience()[0])
	if r.redirectURI != "" {
		fmt.Fprintf(w, "  Platform: %s\n", r.platform())
		fmt.Fprintf(w, "  Redirect URI: %s\n", r.redirectURI)
	}
	if r.account.Flow == tokens.FlowToken {
		fmt.Fprintln(w, "  Authentication, Implicit grant: Access tokens")
	}
	if r.account.Flow == tokens.FlowDevice {
		fmt.Fprintln(w, "  Authentication, Advanced settings, Allow public client flows: Yes")
	}
	if r.confidential() {
		fmt.Fprintln(w, "  Certificates & secrets: the credential that the configuration names")
	}
}

// platform returns where the portal wants the redirect URI: a public client's
// stands elsewhere than one of an app with a secret, and in the wrong place it
// is refused at sign-in.
func (r registration) platform() string {
	if r.confidential() || r.account.Flow == tokens.FlowToken {
		return "Web"
	}
	return "Mobile and desktop applications"
}

func (r registration) printPermissions(w io.Writer) {
	a := r.account
	if a.Provider == tokens.MicrosoftAccount {
		fmt.Fprintf(w, "  API permissions: none; %s are asked for at sign-in\n", strings.Join(a.Scopes, " "))
		return
	}
	kind := "Delegated"
	if a.Flow == tokens.FlowClientCredentials {
		kind = "Application"
	}
	fmt.Fprintf(w, "  API permissions, %s, %s: %s\n", r.api(), kind, strings.Join(r.permissions(), ", "))
}

// api returns what the portal calls the API.
func (r registration) api() string {
	switch r.account.Audience() {
	case "graph":
		return "Microsoft Graph"
	case "onenote":
		return "OneNote (under APIs my organization uses)"
	}
	return "the API of " + cmp.Or(r.account.Resource, strings.Join(r.account.Scopes, " "))
}

// permissions returns the names that the portal lists: scopes without the API
// they are of, and without what every app may ask for.
func (r registration) permissions() []string {
	var names []string
	for _, s := range r.account.Scopes {
		name := s[strings.LastIndexByte(s, '/')+1:]
		if !slices.Contains([]string{"", ".default", "openid", "profile", "email", "offline_access"}, name) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		return names
	}
	if r.account.Flow == tokens.FlowClientCredentials {
		return []string{"Notes.ReadWrite.All"}
	}
	return []string{"Notes.ReadWrite"}
}

// notByCommand says what is left to be done in the portal.
func (r registration) notByCommand() string {
	if r.account.Provider == tokens.MicrosoftAccount {
		return ""
	}
	return ", but for the permissions,"
}

func (r registration) commandLine() []string {
	line := []string{
		"az ad app create --display-name caddy-onenote",
		"--sign-in-audience " + r.audience()[1],
	}
	if strings.Contains(r.audience()[1], "PersonalMicrosoftAccount") {
		line = append(line, "--requested-access-token-version 2")
	}
	if r.redirectURI != "" && r.platform() == "Web" {
		line = append(line, "--web-redirect-uris "+shellQuoted(r.redirectURI))
	} else if r.redirectURI != "" {
		line = append(line, "--public-client-redirect-uris "+shellQuoted(r.redirectURI))
	}
	if r.account.Flow == tokens.FlowToken {
		line = append(line, "--enable-access-token-issuance true")
	}
	if r.account.Flow == tokens.FlowDevice {
		line = append(line, "--is-fallback-public-client true")
	}
	return line
}

// shellQuoted quotes a word for a POSIX shell.
func shellQuoted(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
