// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"net/url"
	"testing"

	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
)

func TestOnlyMatchingIssuerIsAccepted(t *testing.T) {
	const entra = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
	const keycloak = "https://sso.example/realms/one/protocol/openid-connect/auth"
	for _, tc := range []struct {
		provider      oauth.Provider
		endpoint, iss string
		want          bool
	}{
		{oauth.Entra, entra, "", true},
		{oauth.Entra, entra, "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", true},
		{oauth.Entra, entra, "https://login.microsoftonline.us/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", false},
		{oauth.Entra, entra, "https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/", false},
		{oauth.Entra, entra, "http://login.microsoftonline.com/x/v2.0", false},
		{oauth.Entra, entra, "https://login.microsoftonline.com.evil.example/", false},
		{oauth.Entra, entra, "https://login.microsoftonline.com@evil.example/", false},
		{oauth.Entra, entra, "https://evil.example@login.microsoftonline.com/", false},
		{oauth.Entra, entra, "https://login.microsoftonline.com:444/", false},
		{oauth.AzureAD, "https://login.microsoftonline.com/common/oauth2/authorize", "https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/", true},
		{oauth.MicrosoftAccount, "https://login.live.com/oauth20_authorize.srf", "https://login.live.com", true},
		{oauth.MicrosoftAccount, "https://login.live.com/oauth20_authorize.srf", "https://accounts.example", false},
		{oauth.Custom, keycloak, "https://sso.example/realms/one", true},
		{oauth.Custom, keycloak, "https://SSO.example/realms/one/", true},
		{oauth.Custom, keycloak, "https://sso.example/oauth/issuer", true}, // beside the endpoint
		{oauth.Custom, keycloak, "https://sso.example/realms/one/protocol/openid-connect/auth/v2", true},
		{oauth.Custom, keycloak, "https://sso.example:443/realms/one", true},
		{oauth.Custom, keycloak, "http://sso.example/realms/one", false},
		{oauth.Custom, keycloak, "https://other.example/realms/one", false},
		{oauth.Custom, keycloak, "https://sso.example", true},
		{oauth.Custom, keycloak, "https://sso.example/realms/one?x", false},
		{oauth.Custom, keycloak, "https://sso.example/realms/one#x", false},
		{oauth.Custom, keycloak, ":", false},
	} {
		endpoint, err := url.Parse(tc.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkIssuer(oauth.Config{Provider: tc.provider}, endpoint, tc.iss); (err == nil) != tc.want {
			t.Errorf("%s, iss %q: got %v, want accepted %t", tc.provider, tc.iss, err, tc.want)
		}
	}
}

func TestConfiguredIssuerIsComparedExactly(t *testing.T) {
	endpoint, err := url.Parse("https://login.example/authorize")
	if err != nil {
		t.Fatal(err)
	}
	c := oauth.Config{Provider: oauth.Custom, Issuer: "https://issuer.example/realms/one"}
	for iss, want := range map[string]bool{
		"":                                    true, // not every server says
		"https://issuer.example/realms/one":   true,
		"https://issuer.example/realms/one/":  false,
		"https://issuer.example/realms/other": false,
		"https://ISSUER.example/realms/one":   false,
		"https://login.example":               false,
	} {
		if err := checkIssuer(c, endpoint, iss); (err == nil) != want {
			t.Errorf("iss %q: got %v, want accepted %t", iss, err, want)
		}
	}
}
