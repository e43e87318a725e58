// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
)

// issuer is our base and the tenant as it was asked for. Its metadata is at the issuer
// itself and /.well-known/openid-configuration (OpenID Connect Discovery §4).
func (q *request) issuer() string {
	switch q.path.Version {
	case apppath.V1:
		return q.base + "/" + q.path.Tenant
	case apppath.V2:
		return q.base + "/" + q.path.Tenant + "/v2.0"
	}
	return q.base
}

// idToken returns a signed id_token (OpenID Connect Core §2). code is the code that is sent
// together with it; empty for none.
func (s *Site) idToken(q *request, g grant, signin SignIn, code string) (string, error) {
	p := personOf(g.Account, signin)
	now := s.Now().Unix()
	claims := map[string]any{
		"iss": q.issuer(), "aud": g.client, "sub": subject(g.Account),
		"iat": now, "nbf": now - 300, "exp": now + int64(keyLife.Seconds()),
		"oid": objectID(g.Account), "tid": tenantID(g.Account), "name": p.name,
	}
	if q.path.Version == apppath.V1 {
		claims["ver"] = "1.0"
		claims["upn"], claims["unique_name"] = p.address, p.address
		claims["given_name"], claims["family_name"] = p.first, p.last
	} else {
		claims["ver"] = "2.0"
		claims["preferred_username"], claims["email"] = p.address, p.address
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	if code != "" {
		half := sha256.Sum256([]byte(code)) // OpenID Connect Core §3.3.2.11
		claims["c_hash"] = base64.RawURLEncoding.EncodeToString(half[:16])
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	return s.SigningKey.sign(q.r.Context(), payload)
}
