// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
)

// metadata says where everything is (OpenID Connect Discovery §3, RFC 8414).
func (s *Site) metadata(q *request) {
	tenant := q.base + "/" + q.path.Tenant
	oauth, keys := tenant+"/oauth2/", tenant+"/discovery/keys"
	if q.path.Version == apppath.V2 {
		oauth, keys = tenant+"/oauth2/v2.0/", tenant+"/discovery/v2.0/keys"
	}
	writeJSON(q, http.StatusOK, map[string]any{
		"issuer":                        q.issuer(),
		"authorization_endpoint":        oauth + "authorize",
		"token_endpoint":                oauth + "token",
		"device_authorization_endpoint": oauth + "devicecode",
		"end_session_endpoint":          oauth + "logout",
		"userinfo_endpoint":             tenant + "/openid/userinfo",
		"jwks_uri":                      keys,

		"response_types_supported":              []string{"code", "token", "id_token", "code id_token"},
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token", "implicit", "urn:ietf:params:oauth:grant-type:device_code"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"code_challenge_methods_supported":      []string{"S256", "plain"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic", "private_key_jwt", "none"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"claims_supported":                      []string{"sub", "iss", "aud", "exp", "iat", "nonce", "c_hash", "name", "preferred_username", "upn", "email", "oid", "tid", "ver"},
		"request_uri_parameter_supported":       false,
		"http_logout_supported":                 false,
		"frontchannel_logout_supported":         false,
		"tenant_region_scope":                   nil,
	})
}

// keySet serves the keys that verify id_tokens (RFC 7517 §5).
func (s *Site) keySet(q *request) {
	set, err := s.SigningKey.public(q.r.Context())
	if err != nil {
		s.unavailable(q, err)
		return
	}
	writeJSON(q, http.StatusOK, set)
}
