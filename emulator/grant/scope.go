// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Audience is the API that a token is for. Each API accepts only tokens for it.
type Audience string

// The audiences that the emulator serves, and one for all others that Microsoft
// issues tokens for.
const (
	OneNote  Audience = "https://onenote.com/"
	OneDrive Audience = "https://api.onedrive.com/"
	Graph    Audience = "https://graph.microsoft.com/"
	other    Audience = "other"
)

// oneNoteAppID is the app id of OneNote, which can take the place of its address.
const oneNoteAppID = "2d4d3d8e-2be3-4bef-9f87-7875a61c29de"

// GraphAppID is the app id of Microsoft Graph.
const GraphAppID = "00000003-0000-0000-c000-000000000000"

// DefaultLiveScope is the scope of a grant that names none.
const DefaultLiveScope = "office.onenote_update wl.signin wl.offline_access"

// liveScopes are the scopes of Microsoft accounts besides wl.*.
func liveScopes() []string {
	return []string{
		"office.onenote", "office.onenote_create", "office.onenote_update", "office.onenote_update_by_app",
		"onedrive.readonly", "onedrive.readwrite", "onedrive.appfolder",
		"offline_access", "openid", "profile", "email",
	}
}

// LiveScope checks the scope parameter of a Microsoft account. An empty one is the
// default.
func LiveScope(scope string) (string, error) {
	words := strings.Fields(scope)
	if len(words) == 0 {
		return DefaultLiveScope, nil
	}
	for _, word := range words {
		wl := strings.HasPrefix(word, "wl.") && !strings.ContainsAny(word, "-,")
		if !wl && !slices.Contains(liveScopes(), word) {
			return "", fmt.Errorf("the provided value for the input parameter 'scope' is not valid. The scope '%s' does not exist", word)
		}
	}
	return strings.Join(words, " "), nil
}

// liveAudiences returns the APIs that a Microsoft account's token is for. There
// can be several.
func liveAudiences(scope string) []Audience {
	var found []Audience
	for _, word := range strings.Fields(scope) {
		switch {
		case strings.HasPrefix(word, "office.onenote"):
			found = append(found, OneNote)
		case strings.HasPrefix(word, "onedrive."):
			found = append(found, OneDrive)
		}
	}
	return found
}

// AudienceOfResource reads the resource parameter of v1. It reports false for a
// resource that no tenant has.
func AudienceOfResource(resource string) (Audience, bool) {
	switch strings.ToLower(strings.TrimRight(resource, "/")) {
	case "https://onenote.com", oneNoteAppID:
		return OneNote, true
	case "https://graph.microsoft.com", GraphAppID:
		return Graph, true
	case "https://api.onedrive.com":
		return OneDrive, true
	case "https://graph.windows.net", "https://officeapps.live.com", "https://outlook.office365.com":
		return other, true
	}
	u, err := url.Parse(resource)
	if err == nil && strings.HasSuffix(u.Hostname(), ".sharepoint.com") {
		return other, true
	}
	return "", false
}

// isOpenID reports whether a scope of v2.0 is about the person only.
func isOpenID(scope string) bool {
	return slices.Contains([]string{"openid", "profile", "email", "offline_access"}, scope)
}

// audienceOfScope reads one scope of v2.0: an address or app id, a slash and a
// permission. A permission alone means Microsoft Graph. The permission follows
// the last slash, so that https://onenote.com//.default is valid.
func audienceOfScope(scope string) (Audience, bool) {
	i := strings.LastIndex(scope, "/")
	permission := scope[i+1:]
	if !isPermission(permission) {
		return "", false
	}
	if i < 0 {
		return Graph, permission != ".default"
	}
	return AudienceOfResource(scope[:i])
}

// isPermission reports whether a word has the form of a permission, such as
// Notes.ReadWrite, user_impersonation or .default.
func isPermission(word string) bool {
	if word == ".default" || word == "user_impersonation" {
		return true
	}
	head, tail, found := strings.Cut(word, ".")
	return found && head != "" && tail != "" && head[0] >= 'A' && head[0] <= 'Z' && !strings.ContainsAny(word, ",:?#%")
}

// errSeveralAudiences means that a scope parameter of v2.0 names more than one
// API.
var errSeveralAudiences = errors.New("the scope names more than one resource")

// UnknownScopeError is a word in a scope parameter of v2.0 that is not a scope.
type UnknownScopeError string

func (err UnknownScopeError) Error() string { return "unknown scope " + string(err) }

// EntraScope checks the scope parameter of v2.0 and returns the audience that it
// names, or "" if it is about the person only.
func EntraScope(scope string) (Audience, error) {
	var found Audience
	for _, word := range strings.Fields(scope) {
		if isOpenID(word) {
			continue
		}
		named, ok := audienceOfScope(word)
		if !ok {
			return "", UnknownScopeError(word)
		}
		if found != "" && named != found {
			return "", errSeveralAudiences
		}
		found = named
	}
	return found, nil
}

// Offline reports whether a scope asks for a refresh token.
func Offline(scope string) bool {
	words := strings.Fields(scope)
	return slices.Contains(words, "offline_access") || slices.Contains(words, "wl.offline_access")
}

// writes reports whether a scope permits changes of notes. One that does not
// mention notes permits them, because then the registration of the app decides.
func writes(scope string) bool {
	mentioned := false
	for _, word := range strings.Fields(scope) {
		word = word[strings.LastIndex(word, "/")+1:]
		switch {
		case word == "office.onenote", strings.HasPrefix(word, "Notes.Read") && !strings.HasPrefix(word, "Notes.ReadWrite"):
			mentioned = true
		case strings.HasPrefix(word, "office.onenote"), strings.HasPrefix(word, "Notes."), word == ".default":
			return true
		}
	}
	return !mentioned
}
