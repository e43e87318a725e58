// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"slices"
	"strings"
)

// MissingScopes returns the requested scopes that were not granted. It compares
// as leniently as live writes: its responses say wl.offline-access for
// wl.offline_access. Scopes that no response lists count as granted.
func MissingScopes(requested, granted []string) []string {
	if len(granted) == 0 {
		return nil
	}
	plain := strings.NewReplacer("-", "", "_", "")
	have := make(map[string]bool, len(granted))
	for _, s := range granted {
		have[plain.Replace(strings.ToLower(shortScope(s)))] = true
	}
	var missing []string
	for _, s := range requested {
		short := plain.Replace(strings.ToLower(shortScope(s)))
		if !have[short] && !strings.HasSuffix(short, "offlineaccess") && short != "openid" && short != "profile" && short != ".default" {
			missing = append(missing, s)
		}
	}
	return missing
}

// shortScope drops the resource from a v2.0 scope.
func shortScope(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

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

// audienceOf returns the API that one scope or resource is for.
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
		strings.HasPrefix(s, GraphAppID):
		return "graph"
	case strings.HasPrefix(s, "onedrive."), strings.Contains(s, "://api.onedrive.com"):
		return "onedrive"
	}
	return ""
}

// Application ids stand for the App ID URI in scopes and resources. They are the same in
// every directory.
const (
	oneNoteAppID = "2d4d3d8e-2be3-4bef-9f87-7875a61c29de"

	// GraphAppID is the application id of Microsoft Graph.
	GraphAppID = "00000003-0000-0000-c000-000000000000"
)

// GraphScopes are the scopes of an account whose notes are used through Microsoft
// Graph: reading and writing, a refresh token, and the name of who signed in.
const GraphScopes = "Notes.ReadWrite offline_access openid profile"

// resourceOf returns the resource of a v2.0 scope, which is equal for all spellings
// of one.
func resourceOf(scope string) string {
	resource := strings.TrimRight(strings.ToLower(scope[:strings.LastIndexByte(scope, '/')+1]), "/")
	switch {
	case strings.HasPrefix(strings.ToLower(scope), "office."), resource == oneNoteAppID:
		return "https://onenote.com"
	case resource == "", resource == GraphAppID:
		return "https://graph.microsoft.com"
	}
	return resource
}

// isNotesScope reports whether a scope is a permission for notes at Azure AD, of
// whichever API.
func isNotesScope(s string) bool { return strings.HasPrefix(strings.ToLower(shortScope(s)), "notes.") }

// isAllScope reports whether a scope is a permission for the notes of others, which
// personal accounts do not have.
func isAllScope(s string) bool {
	return isNotesScope(s) && strings.HasSuffix(strings.ToLower(s), ".all")
}

// isOwnNotesScope reports whether a scope is a permission for the user's own notes.
func isOwnNotesScope(s string) bool { return isNotesScope(s) && !isAllScope(s) }

// isBareGraphScope: at v2.0 a permission without a prefix is one of Graph's.
func isBareGraphScope(s string) bool {
	return !strings.Contains(s, "/") && !slices.Contains(oidcScopes, s) && strings.Contains(s, ".")
}

// oidcScopes are those that belong to no API.
var oidcScopes = []string{"openid", "profile", "email", "offline_access"}

func isRefreshScope(s string) bool { return s == "wl.offline_access" || s == "offline_access" }
