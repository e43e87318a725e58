// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"slices"
	"strings"
)

// notes checks that the scopes open notes, to those who may sign in.
func (k *checker) notes() {
	switch k.c.Provider {
	case MicrosoftAccount:
		if len(k.errs) == 0 && k.c.Audience() == "" { // a misspelt scope is one that is not known
			k.warn("scopes has no permission for notes: add office.onenote_update")
		}
	case AzureAD:
		k.resourceAndScopes()
		k.nationalCloud()
	case Entra:
		k.notesAtEntra()
		k.nationalCloud()
	}
}

// resourceAndScopes: v1 ignores scopes, so the API that they name must be the one
// that the resource is of.
func (k *checker) resourceAndScopes() {
	for _, s := range k.c.Scopes {
		if of := audienceOf(s); of != "" && of != k.c.Audience() {
			k.refuse("scopes: %q is of another API than resource %s, and azure_ad ignores scopes: write the resource of the API that is meant, or use provider entra", s, k.c.Resource)
			return
		}
	}
}

func (k *checker) notesAtEntra() {
	c := k.c
	if c.Flow == FlowClientCredentials {
		return // the registration says what the app may do
	}
	if !slices.ContainsFunc(c.Scopes, opensNotes) && c.Audience() != "onedrive" {
		k.warn("scopes has no permission for notes: add Notes.ReadWrite for Microsoft Graph, or %sNotes.ReadWrite for the OneNote API", OneNoteResource)
	}
	if c.PersonalOnly() && c.Audience() == "onenote" {
		k.warn("Microsoft was seen to refuse the OneNote API's scopes to personal accounts here (AADSTS70011): write scopes %s; "+
			"apps that speak the OneNote API are then translated for Microsoft Graph (docs/graph.md)", GraphScopes)
	}
	k.notesOfOthers()
}

// opensNotes reports whether a v2.0 scope opens notes. What .default stands for is in
// the registration.
func opensNotes(s string) bool {
	return isNotesScope(s) || strings.HasPrefix(strings.ToLower(s), "office.onenote") || strings.HasSuffix(s, "/.default")
}

// notesOfOthers: OneNote refuses a personal account's token with the scopes for the
// notes of others.
func (k *checker) notesOfOthers() {
	c := k.c
	if !slices.ContainsFunc(c.Scopes, isAllScope) {
		return
	}
	suffices := slices.ContainsFunc(c.Scopes, isOwnNotesScope)
	switch {
	case c.PersonalOnly() && !suffices:
		k.refuse("scopes asks for the notes of others (.All), which personal accounts cannot grant: OneNote responds with 401 and code 40001; write the same scope without .All")
	case c.PersonalOnly():
		k.warn("scopes asks for the notes of others (.All), which personal accounts cannot grant; remove it, the scope without .All suffices")
	case c.Tenant == "common" && !suffices:
		k.warn("scopes asks for the notes of others (.All), and tenant common admits personal accounts, to which OneNote then responds with 401 and code 40001; write tenant organizations, or the same scope without .All")
	}
}

// cloudsWithoutNotes are parts of the addresses of clouds whose Microsoft Graph has no
// OneNote.
var cloudsWithoutNotes = []string{
	"graph.microsoft.us", "microsoftgraph.chinacloudapi.cn",
	"login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn",
}

// nationalCloud warns of clouds in which only the OneNote API has notes.
func (k *checker) nationalCloud() {
	c := k.c
	if c.Audience() != "graph" {
		return
	}
	for _, address := range append([]string{c.Authority, c.Resource}, c.Scopes...) {
		for _, cloud := range cloudsWithoutNotes {
			if strings.Contains(strings.ToLower(address), cloud) {
				k.warn("%s: Microsoft Graph has no OneNote in this national cloud; use its OneNote API, by its own resource and upstream", address)
				return
			}
		}
	}
}
