// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package apppath holds the paths of Microsoft's sign-in services that a listener serves
// itself, for apps that insist on a sign-in of their own:
//
//	/oauth20_authorize.srf, /oauth20_token.srf, /oauth20_logout.srf, /oauth20_desktop.srf, /v5.0/me
//	/{tenant}/oauth2[/v2.0]/authorize, token, logout, devicecode
//	/{tenant}[/v2.0]/.well-known/openid-configuration
//	/{tenant}/discovery[/v2.0]/keys
//	/{tenant}/openid/userinfo
//	/devicelogin
package apppath

import "strings"

// An Endpoint is what such a path is for.
type Endpoint int

// The endpoints. The zero value is none of them.
const (
	Authorize  Endpoint = iota + 1
	Token               // codes and refresh tokens are redeemed here
	Logout              // the app signs out
	Desktop             // a page to end on, for desktop apps that watch their browser
	Profile             // who is signed in, as the Live API tells it
	DeviceCode          // a device asks for a code
	DevicePage          // a person types the code in
	Metadata            // OpenID Connect Discovery
	KeySet              // the keys that verify id_tokens
	UserInfo            // who is signed in, as OpenID Connect tells it
)

// A Version is one of Microsoft's sign-in services.
type Version int

// The services.
const (
	Live Version = iota // Microsoft accounts: login.live.com
	V1                  // Azure AD v1
	V2                  // v2.0
)

// Path is a path that was recognised.
type Path struct {
	Endpoint Endpoint
	Version  Version

	// Tenant stands in the path as it was asked for; empty for Live.
	Tenant string
}

// Device is the path of the page where a person types in the code of a device.
const Device = "/devicelogin"

// fixed are the paths without a tenant.
var fixed = map[string]Endpoint{
	"/oauth20_authorize.srf": Authorize,
	"/oauth20_token.srf":     Token,
	"/oauth20_logout.srf":    Logout,
	"/oauth20_desktop.srf":   Desktop,
	"/v5.0/me":               Profile,
	Device:                   DevicePage,
}

// ofTenant are the paths after a tenant.
var ofTenant = map[string]Path{
	"oauth2/authorize":       {Authorize, V1, ""},
	"oauth2/token":           {Token, V1, ""},
	"oauth2/logout":          {Logout, V1, ""},
	"oauth2/devicecode":      {DeviceCode, V1, ""},
	"oauth2/v2.0/authorize":  {Authorize, V2, ""},
	"oauth2/v2.0/token":      {Token, V2, ""},
	"oauth2/v2.0/logout":     {Logout, V2, ""},
	"oauth2/v2.0/devicecode": {DeviceCode, V2, ""},

	".well-known/openid-configuration":      {Metadata, V1, ""},
	"v2.0/.well-known/openid-configuration": {Metadata, V2, ""},
	"discovery/keys":                        {KeySet, V1, ""},
	"discovery/v2.0/keys":                   {KeySet, V2, ""},
	"openid/userinfo":                       {UserInfo, V2, ""},
}

// Parse recognises a raw path. None of these paths needs an encoding, so one that has any
// is none of them.
func Parse(path string) (Path, bool) {
	if e, ok := fixed[path]; ok {
		return Path{Endpoint: e}, true
	}
	tenant, rest, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !ok || !isTenant(tenant) || !strings.HasPrefix(path, "/") {
		return Path{}, false
	}
	p, ok := ofTenant[rest]
	p.Tenant = tenant
	return p, ok
}

// isTenant reports whether s can be a tenant: a GUID, a domain, or a word such as common.
func isTenant(s string) bool {
	if s == "" || len(s) > 128 || s[0] == '.' || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c != '-' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
