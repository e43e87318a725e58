// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"encoding/base64"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// jwt makes a JSON Web Token (RFC 7519) that is signed with the emulator's seed.
// Microsoft signs with a key that it publishes. A client that has the token from
// the token endpoint need not verify the signature (OpenID Connect Core, section
// 3.1.3.7).
func (b *Book) jwt(claims wire.Object) string {
	header := wire.Object{{"typ", "JWT"}, {"alg", "HS256"}}
	coded := base64.RawURLEncoding.EncodeToString(header.Encode()) + "." +
		base64.RawURLEncoding.EncodeToString(claims.Encode())
	return coded + "." + b.mint.MAC(coded)
}

// IDToken makes an id token, which names the person who signed in.
func (b *Book) IDToken(g Grant) string {
	now := b.now()
	tenant := g.Account.TenantID(g.Tenant)
	claims := wire.Object{
		{"aud", g.Client},
		{"iss", issuer(g.Provider, tenant)},
		{"iat", int(now.Unix())},
		{"nbf", int(now.Unix())},
		{"exp", int(now.Add(AccessTokenLife).Unix())},
		{"name", g.Account.DisplayName()},
		{"oid", g.Account.ObjectID()},
		{"sub", mint.Hex(43, "sub", g.Client, string(g.Account))},
		{"tid", tenant},
	}
	if g.Nonce != "" {
		claims = append(claims, wire.Member{"nonce", g.Nonce})
	}
	if g.Provider == AzureAD {
		claims = append(claims, wire.Member{"unique_name", g.Account.UserPrincipalName()},
			wire.Member{"upn", g.Account.UserPrincipalName()}, wire.Member{"ver", "1.0"})
		return b.jwt(claims)
	}
	claims = append(claims, wire.Member{"preferred_username", g.Account.UserPrincipalName()}, wire.Member{"ver", "2.0"})
	return b.jwt(claims)
}

func issuer(p Provider, tenant string) string {
	if p == AzureAD {
		return "https://sts.windows.net/" + tenant + "/"
	}
	return "https://login.microsoftonline.com/" + tenant + "/v2.0"
}

// accessJWT makes an access token in the form that Azure AD uses.
func (b *Book) accessJWT(g Grant, expires time.Time) string {
	tenant := g.Account.TenantID(g.Tenant)
	claims := wire.Object{
		{"aud", string(g.audiences()[0])},
		{"iss", issuer(g.Provider, tenant)},
		{"iat", int(b.now().Unix())},
		{"exp", int(expires.Unix())},
		{"appid", g.Client},
		{"tid", tenant},
		{"uti", b.mint.Opaque("access")},
	}
	if !g.AppOnly {
		claims = append(claims, wire.Member{"oid", g.Account.ObjectID()}, wire.Member{"scp", g.GrantedScope()})
	}
	return b.jwt(claims)
}
