// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package apppath

import "testing"

func TestPathsOfSignInServicesAreRecognised(t *testing.T) {
	for path, want := range map[string]Path{
		"/oauth20_authorize.srf":         {Authorize, Live, ""},
		"/v5.0/me":                       {Profile, Live, ""},
		"/devicelogin":                   {DevicePage, Live, ""},
		"/common/oauth2/authorize":       {Authorize, V1, "common"},
		"/contoso.com/oauth2/v2.0/token": {Token, V2, "contoso.com"},
		"/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0/.well-known/openid-configuration": {Metadata, V2, "9188040d-6c67-4c5b-b112-36a304b66dad"},
		"/common/.well-known/openid-configuration":                                    {Metadata, V1, "common"},
		"/common/discovery/v2.0/keys":                                                 {KeySet, V2, "common"},
	} {
		if got, ok := Parse(path); !ok || got != want {
			t.Errorf("%s: got %v %v, want %v", path, got, ok, want)
		}
	}
}

func TestOtherPathsAreNone(t *testing.T) {
	for _, path := range []string{
		"", "/", "common/oauth2/token", "//oauth2/token", "/common//oauth2/token", "/common/oauth2/token/",
		"/a b/oauth2/token", "/a%2fb/oauth2/token", "/../oauth2/token", "/<b>/oauth2/token", "/common/oauth2/v2/token",
		"/oauth20_token.srf/", "/OAUTH20_TOKEN.SRF", "/v5.0/me/contacts", "/common/oauth2/v2.0/.well-known/openid-configuration",
	} {
		if got, ok := Parse(path); ok {
			t.Errorf("%s: got %v, want none", path, got)
		}
	}
}
