// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/url"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

func TestIssuer(t *testing.T) {
	const entra = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
	const keycloak = "https://sso.example/realms/one/protocol/openid-connect/auth"
	for _, tc := range []struct {
		provider      tokens.Provider
		endpoint, iss string
		want          bool
	}{
		{tokens.Entra, entra, "", true},
		{tokens.Entra, entra, "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", true},
		{tokens.Entra, entra, "https://login.microsoftonline.us/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", false},
		{tokens.Entra, entra, "https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/", false},
		{tokens.Entra, entra, "http://login.microsoftonline.com/x/v2.0", false},
		{tokens.Entra, entra, "https://login.microsoftonline.com.evil.example/", false},
		{tokens.Entra, entra, "https://login.microsoftonline.com@evil.example/", false},
		{tokens.Entra, entra, "https://evil.example@login.microsoftonline.com/", false},
		{tokens.Entra, entra, "https://login.microsoftonline.com:444/", false},
		{tokens.AzureAD, "https://login.microsoftonline.com/common/oauth2/authorize", "https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/", true},
		{tokens.MicrosoftAccount, "https://login.live.com/oauth20_authorize.srf", "https://login.live.com", true},
		{tokens.MicrosoftAccount, "https://login.live.com/oauth20_authorize.srf", "https://accounts.example", false},
		{tokens.Custom, keycloak, "https://sso.example/realms/one", true},
		{tokens.Custom, keycloak, "https://SSO.example/realms/one/", true},
		{tokens.Custom, keycloak, "https://sso.example/realms/other", false},
		{tokens.Custom, keycloak, "https://sso.example/realms/on", false},
		{tokens.Custom, keycloak, "https://sso.example", true},
		{tokens.Custom, keycloak, "https://sso.example/realms/one?x", false},
		{tokens.Custom, keycloak, "https://sso.example/realms/one#x", false},
		{tokens.Custom, keycloak, ":", false},
	} {
		endpoint, err := url.Parse(tc.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkIssuer(tc.provider, endpoint, tc.iss); (err == nil) != tc.want {
			t.Errorf("%s, iss %q: got %v, want accepted %t", tc.provider, tc.iss, err, tc.want)
		}
	}
}
