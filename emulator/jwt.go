// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/base64"
	"time"
)

// jwt writes claims as a JSON Web Token (RFC 7519) under the emulator's seed.
// A real one is signed with a key that Microsoft publishes; clients of a token
// endpoint need not check that (OpenID Connect Core, section 3.1.3.7).
func (m *mint) jwt(claims object) string {
	header := object{{"typ", "JWT"}, {"alg", "HS256"}}
	coded := base64.RawURLEncoding.EncodeToString(header.encode()) + "." +
		base64.RawURLEncoding.EncodeToString(claims.encode())
	return coded + "." + m.mac(coded)
}

// idToken says who signed in.
func (e *Emulator) idToken(g grant) string {
	now := e.clock()
	tenant := g.account.tenantID(g.tenant)
	claims := object{
		{"aud", g.client},
		{"iss", issuer(g.provider, tenant)},
		{"iat", int(now.Unix())},
		{"nbf", int(now.Unix())},
		{"exp", int(now.Add(accessTokenLife).Unix())},
		{"name", g.account.displayName()},
		{"oid", g.account.objectID()},
		{"sub", hexOf(43, "sub", g.client, string(g.account))},
		{"tid", tenant},
	}
	if g.nonce != "" {
		claims = append(claims, member{"nonce", g.nonce})
	}
	if g.provider == azureAD {
		claims = append(claims, member{"unique_name", g.account.userPrincipalName()},
			member{"upn", g.account.userPrincipalName()}, member{"ver", "1.0"})
		return e.mint.jwt(claims)
	}
	claims = append(claims, member{"preferred_username", g.account.userPrincipalName()}, member{"ver", "2.0"})
	return e.mint.jwt(claims)
}

func issuer(p provider, tenant string) string {
	if p == azureAD {
		return "https://sts.windows.net/" + tenant + "/"
	}
	return "https://login.microsoftonline.com/" + tenant + "/v2.0"
}

// accessJWT is an access token as Azure AD issues them.
func (e *Emulator) accessJWT(g grant, expires time.Time) string {
	tenant := g.account.tenantID(g.tenant)
	claims := object{
		{"aud", string(g.audiences()[0])},
		{"iss", issuer(g.provider, tenant)},
		{"iat", int(e.clock().Unix())},
		{"exp", int(expires.Unix())},
		{"appid", g.client},
		{"tid", tenant},
		{"uti", e.mint.opaque("access")},
	}
	if !g.appOnly {
		claims = append(claims, member{"oid", g.account.objectID()}, member{"scp", g.grantedScope()})
	}
	return e.mint.jwt(claims)
}
