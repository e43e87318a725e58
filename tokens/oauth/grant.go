// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Grant is the result of a sign-in or a refresh. An account uses it only after
// it has adopted it.
type Grant struct {
	AccessToken Secret
	TokenType   string

	// RefreshToken is empty where the response had none.
	RefreshToken Secret

	ObtainedAt time.Time // by our clock

	// RequestedAt is when the tokens were requested; zero where that is not known.
	// Whoever signs out after that does not expect them.
	RequestedAt time.Time
	Expiry      time.Time // of the access token

	// RefreshOn is when the provider suggests a refresh; zero where it does not.
	RefreshOn time.Time

	// Scopes are the granted ones; empty where the response does not say.
	Scopes []string

	// User is the zero value where the provider did not say who signed in, or did
	// so only through the browser.
	User User

	// RedirectURI is the one that the sign-in went through; empty for a device
	// sign-in and for a refresh.
	RedirectURI string
}

// User is who a token is for.
type User struct {
	// ID never changes and is never given to another: oid, sub or user_id.
	ID string `json:"id,omitempty"`

	// Name is what people call the account: a UPN or an e-mail address.
	Name string `json:"name,omitempty"`

	// FullName is the name of the person, where the provider tells it.
	FullName string `json:"full_name,omitempty"`

	// Tenant is the directory of a work account.
	Tenant string `json:"tenant,omitempty"`
}

// String returns the name, or else the id.
func (u User) String() string {
	if u.Name != "" {
		return u.Name
	}
	return u.ID
}

// Is reports whether both are the same user: by id where both have one.
func (u User) Is(v User) bool {
	if u.ID != "" && v.ID != "" {
		return u.ID == v.ID
	}
	return strings.EqualFold(u.Name, v.Name)
}

// grantOf reads a token response. Times are counted from now, by our clock.
func grantOf(t *oauth2.Token, now time.Time) *Grant {
	text := func(name string) string {
		s, _ := t.Extra(name).(string)
		return s
	}
	life := lifetime(t.Extra(lifetimeMember), t.Extra("expires_on"), now)
	g := &Grant{
		AccessToken:  Secret(t.AccessToken),
		RefreshToken: Secret(t.RefreshToken),
		ObtainedAt:   now,
		Expiry:       now.Add(life),
		Scopes:       strings.Fields(text("scope")),
		User:         userOf(text("id_token"), t.AccessToken, text("user_id")),
		TokenType:    t.TokenType,
	}
	if d, ok := seconds(t.Extra("refresh_in")); ok && d > 0 && d < life {
		g.RefreshOn = now.Add(d)
	}
	return g
}

// userOf reads the user from whatever the response has. The tokens came directly
// from the token endpoint over TLS, so their signatures add nothing (OpenID
// Connect Core §3.1.3.7). Only the name on the page and the comparison with
// expected_user use it.
func userOf(idToken, accessToken, userID string) User {
	u := userOfJWT(idToken)
	if u == (User{}) {
		u = userOfJWT(accessToken)
	}
	if u.ID == "" {
		u.ID = userID
	}
	return u
}

// userOfJWT reads the user from the claims of a JWT; anything else names nobody.
func userOfJWT(token string) User {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return User{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return User{}
	}
	var claims struct {
		OID               string `json:"oid"`
		Sub               string `json:"sub"`
		Tenant            string `json:"tid"`
		PreferredUsername string `json:"preferred_username"`
		UPN               string `json:"upn"`
		UniqueName        string `json:"unique_name"`
		Email             string `json:"email"`
		FullName          string `json:"name"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return User{}
	}
	return User{
		ID:       cmp.Or(claims.OID, claims.Sub),
		Name:     cmp.Or(claims.PreferredUsername, claims.UPN, claims.UniqueName, claims.Email),
		FullName: strings.TrimSpace(claims.FullName),
		Tenant:   claims.Tenant,
	}
}

// CheckBearer returns why the access token cannot be sent as a bearer (RFC 6749
// §7.1), or nil.
func (c *Client) CheckBearer(g *Grant) *Failure {
	if g.TokenType != "" && !strings.EqualFold(g.TokenType, "bearer") {
		return c.misconfigured("token_type", "the identity provider gave a token that is no bearer token",
			"Switch proof of possession off for the app, at the provider or in authorize_param.")
	}
	if strings.ContainsFunc(g.AccessToken.Reveal(), notInToken) {
		return c.misconfigured("access_token", "the identity provider gave an access token with a line break, a space or a foreign character in it, which no header can hold",
			"Something is added to the token on its way. Check token_url, authorize_url, and what stands between here and the provider.")
	}
	return nil
}

// notInToken reports whether a character cannot stand in a header as part of a
// token (RFC 6750 §2.1, and what else is visible).
func notInToken(r rune) bool { return r <= ' ' || r > '~' }
