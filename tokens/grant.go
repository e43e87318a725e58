// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package tokens

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Grant is what a sign-in or a renewal ended with. It is not in use before an
// account adopts it.
type Grant struct {
	accessToken  Secret
	refreshToken Secret
	expiry       time.Time
	obtained     time.Time
	renewOn      time.Time
	scopes       []string
	user         user
	redirectURI  string
	tokenType    string
}

// user is who a token is for.
type user struct {
	// ID never changes and is never given to another: oid, sub or user_id.
	ID string `json:"id,omitempty"`

	// Name is what people call the account: a UPN or an e-mail address.
	Name string `json:"name,omitempty"`

	// Tenant is the directory of a work account.
	Tenant string `json:"tenant,omitempty"`
}

// String returns the name, or else the id.
func (u user) String() string {
	if u.Name != "" {
		return u.Name
	}
	return u.ID
}

// is reports whether both are the same person: by id where both have one.
func (u user) is(v user) bool {
	if u.ID != "" && v.ID != "" {
		return u.ID == v.ID
	}
	return strings.EqualFold(u.Name, v.Name)
}

// User returns who signed in, as the provider names them; empty when it did
// not say.
func (g *Grant) User() string { return g.user.String() }

// grantOf reads a token answer. Times are counted from now, our clock's.
func grantOf(t *oauth2.Token, now time.Time) *Grant {
	text := func(name string) string {
		s, _ := t.Extra(name).(string)
		return s
	}
	life := lifetime(t.Extra(lifetimeMember), t.Extra("expires_on"), now)
	g := &Grant{
		accessToken:  Secret(t.AccessToken),
		refreshToken: Secret(t.RefreshToken),
		obtained:     now,
		expiry:       now.Add(life),
		scopes:       strings.Fields(text("scope")),
		user:         userOf(text("id_token"), t.AccessToken, text("user_id")),
		tokenType:    t.TokenType,
	}
	if d, ok := seconds(t.Extra("refresh_in")); ok && d > 0 && d < life {
		g.renewOn = now.Add(d)
	}
	return g
}

// userOf reads who it is off whatever the answer holds. The tokens came
// straight from the token endpoint over TLS, so their signatures add nothing
// (OpenID Connect Core §3.1.3.7); nothing but the name on the page and the
// comparison with expected_user rests on it.
func userOf(idToken, accessToken, userID string) user {
	u := userOfJWT(idToken)
	if u == (user{}) {
		u = userOfJWT(accessToken)
	}
	if u.ID == "" {
		u.ID = userID
	}
	return u
}

// userOfJWT reads the claims of a JWT; what is not one names nobody.
func userOfJWT(token string) user {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return user{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return user{}
	}
	var claims struct {
		OID               string `json:"oid"`
		Sub               string `json:"sub"`
		Tenant            string `json:"tid"`
		PreferredUsername string `json:"preferred_username"`
		UPN               string `json:"upn"`
		UniqueName        string `json:"unique_name"`
		Email             string `json:"email"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return user{}
	}
	return user{
		ID:     firstOf(claims.OID, claims.Sub),
		Name:   firstOf(claims.PreferredUsername, claims.UPN, claims.UniqueName, claims.Email),
		Tenant: claims.Tenant,
	}
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
