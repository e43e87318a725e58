// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestClaimsAreReadFromEachSpellingOfAChallenge(t *testing.T) {
	const claims = `{"access_token":{"acrs":{"essential":true,"value":"cp1?>"}}}`
	std := base64.StdEncoding.EncodeToString([]byte(claims))
	raw := base64.RawURLEncoding.EncodeToString([]byte(claims))
	insufficient := `error="insufficient_claims", claims="`
	tests := []struct {
		name   string
		values []string
		want   string
	}{
		{"as Microsoft writes it", []string{`Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", ` + insufficient + std + `"`}, claims},
		{"base64url without padding", []string{"Bearer " + insufficient + raw + `"`}, claims},
		{"not quoted", []string{"Bearer error=insufficient_claims, claims=" + raw}, claims},
		{"in another case", []string{`bearer Error="insufficient_claims", CLAIMS="` + std + `"`}, claims},
		{"no space after commas", []string{`Bearer realm="a, b",error="insufficient_claims",claims="` + std + `"`}, claims},
		{"behind another challenge", []string{`Negotiate, Bearer ` + insufficient + std + `"`}, claims},
		{"behind a token68", []string{`Negotiate abc==, Bearer ` + insufficient + std + `"`}, claims},
		{"in a second field", []string{`Negotiate`, "Bearer " + insufficient + std + `"`}, claims},
		{"with a quoted pair", []string{`Bearer realm="say \"claims=\"", ` + insufficient + std + `"`}, claims},
		{"another error", []string{`Bearer error="invalid_token", claims="` + std + `"`}, ""},
		{"no error", []string{`Bearer claims="` + std + `"`}, ""},
		{"another scheme", []string{"Basic " + insufficient + std + `"`}, ""},
		{"no base64", []string{"Bearer " + insufficient + `{}"`}, ""},
		{"no JSON", []string{"Bearer " + insufficient + base64.StdEncoding.EncodeToString([]byte("{x")) + `"`}, ""},
		{"no object", []string{"Bearer " + insufficient + base64.StdEncoding.EncodeToString([]byte(`"x"`)) + `"`}, ""},
		{"too long", []string{"Bearer " + insufficient + base64.StdEncoding.EncodeToString([]byte(`{"a":"`+strings.Repeat("x", maxClaims)+`"}`)) + `"`}, ""},
		{"an open quote", []string{`Bearer error="insufficient_claims, claims="` + std}, ""},
		{"nothing", nil, ""},
		{"empty", []string{""}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := claimsOf(http.Header{"Www-Authenticate": tt.values}); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Bearer realm="", error="insufficient_claims", claims="e30="`)
	f.Add(`a b="\`)
	f.Add(`,= "`)
	f.Fuzz(func(t *testing.T, value string) {
		claims := claimsOf(http.Header{"Www-Authenticate": {value}})
		if claims != "" && !json.Valid([]byte(claims)) {
			t.Errorf("got claims %q, which are not JSON", claims)
		}
	})
}
