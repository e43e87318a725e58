// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// audience is the API that a token is for. Each API takes only its own.
type audience string

// The audiences that the emulator serves, and the one for everything else
// that Microsoft would issue tokens for.
const (
	oneNote  audience = "https://onenote.com/"
	oneDrive audience = "https://api.onedrive.com/"
	graph    audience = "https://graph.microsoft.com/"
	other    audience = "other"
)

// oneNoteAppID names OneNote in place of its address.
const oneNoteAppID = "2d4d3d8e-2be3-4bef-9f87-7875a61c29de"

// graphAppID names Microsoft Graph in place of its address.
const graphAppID = "00000003-0000-0000-c000-000000000000"

// defaultLiveScope is what a token is good for whose grant names no scope.
const defaultLiveScope = "office.onenote_update wl.signin wl.offline_access"

// liveScopes are the scopes of Microsoft accounts beside the many wl.* ones.
func liveScopes() []string {
	return []string{
		"office.onenote", "office.onenote_create", "office.onenote_update", "office.onenote_update_by_app",
		"onedrive.readonly", "onedrive.readwrite", "onedrive.appfolder",
		"offline_access", "openid", "profile", "email",
	}
}

// liveScope checks a scope parameter for a Microsoft account; an empty one is
// the default.
func liveScope(scope string) (string, error) {
	words := strings.Fields(scope)
	if len(words) == 0 {
		return defaultLiveScope, nil
	}
	for _, word := range words {
		wl := strings.HasPrefix(word, "wl.") && !strings.ContainsAny(word, "-,")
		if !wl && !slices.Contains(liveScopes(), word) {
			return "", fmt.Errorf("the provided value for the input parameter 'scope' is not valid. The scope '%s' does not exist", word)
		}
	}
	return strings.Join(words, " "), nil
}

// liveAudiences returns what a Microsoft account's token opens: one token can
// open more than one API.
func liveAudiences(scope string) []audience {
	var found []audience
	for _, word := range strings.Fields(scope) {
		switch {
		case strings.HasPrefix(word, "office.onenote"):
			found = append(found, oneNote)
		case strings.HasPrefix(word, "onedrive."):
			found = append(found, oneDrive)
		}
	}
	return found
}

// audienceOfResource reads a resource parameter of v1. It reports false for
// what no tenant has.
func audienceOfResource(resource string) (audience, bool) {
	switch strings.ToLower(strings.TrimRight(resource, "/")) {
	case "https://onenote.com", oneNoteAppID:
		return oneNote, true
	case "https://graph.microsoft.com", graphAppID:
		return graph, true
	case "https://api.onedrive.com":
		return oneDrive, true
	case "https://graph.windows.net", "https://officeapps.live.com", "https://outlook.office365.com":
		return other, true
	}
	u, err := url.Parse(resource)
	if err == nil && strings.HasSuffix(u.Hostname(), ".sharepoint.com") {
		return other, true
	}
	return "", false
}

// isOpenID tells whether a scope of v2.0 belongs to no resource.
func isOpenID(scope string) bool {
	return slices.Contains([]string{"openid", "profile", "email", "offline_access"}, scope)
}

// audienceOfScope reads one scope of v2.0: an address or app id, a slash and a
// permission; without an address it means Microsoft Graph. The permission
// follows the last slash, so that https://onenote.com//.default is right.
func audienceOfScope(scope string) (audience, bool) {
	i := strings.LastIndex(scope, "/")
	permission := scope[i+1:]
	if !isPermission(permission) {
		return "", false
	}
	if i < 0 {
		return graph, permission != ".default"
	}
	return audienceOfResource(scope[:i])
}

// isPermission tells whether a word has the form of a permission, such as
// Notes.ReadWrite, user_impersonation or .default.
func isPermission(word string) bool {
	if word == ".default" || word == "user_impersonation" {
		return true
	}
	head, tail, found := strings.Cut(word, ".")
	return found && head != "" && tail != "" && head[0] >= 'A' && head[0] <= 'Z' && !strings.ContainsAny(word, ",:?#%")
}

// entraScope checks a scope parameter of v2.0 and returns the one audience
// that it names, or none if it is about the person only.
func entraScope(scope string) (audience, *oauthError) {
	var found audience
	for _, word := range strings.Fields(scope) {
		if isOpenID(word) {
			continue
		}
		named, ok := audienceOfScope(word)
		if !ok {
			return "", aadError("invalid_scope", 70011,
				"The provided value for the input parameter 'scope' is not valid. The scope '%s' is not valid.", word)
		}
		if found != "" && named != found {
			return "", aadError("invalid_scope", 28000,
				"Provided value for the input parameter scope is not valid because it contains more than one resource.")
		}
		found = named
	}
	return found, nil
}

// offline tells whether a scope asks for a refresh token.
func offline(scope string) bool {
	words := strings.Fields(scope)
	return slices.Contains(words, "offline_access") || slices.Contains(words, "wl.offline_access")
}

// writes tells whether a scope lets its holder change notes. A scope that says
// nothing about notes is v1's, where the registration decides.
func writes(scope string) bool {
	said := false
	for _, word := range strings.Fields(scope) {
		word = word[strings.LastIndex(word, "/")+1:]
		switch {
		case word == "office.onenote", strings.HasPrefix(word, "Notes.Read") && !strings.HasPrefix(word, "Notes.ReadWrite"):
			said = true
		case strings.HasPrefix(word, "office.onenote"), strings.HasPrefix(word, "Notes."), word == ".default":
			return true
		}
	}
	return !said
}
