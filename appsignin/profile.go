// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"net/http"
	"strings"
)

// profile says who is signed in, as the Live API does (GET /v5.0/me).
func (s *Site) profile(q *request) {
	st, signin, err := s.openStatement(q.r.Context(), accessKind, presentedKey(q))
	if err != nil && !IsDead(err) {
		s.unavailable(q, err)
		return
	}
	if err != nil {
		writeJSON(q, http.StatusUnauthorized, map[string]any{"error": map[string]string{
			"code":    "request_token_invalid",
			"message": "The access token isn't valid. Refresh it, or sign in again.",
		}})
		return
	}
	p := personOf(st.Account, signin)
	writeJSON(q, http.StatusOK, map[string]any{
		"id": userID(st.Account), "name": p.name, "first_name": p.first, "last_name": p.last,
		"link": "https://profile.live.com/", "gender": nil, "locale": "en_US",
		"emails": map[string]any{"preferred": p.address, "account": p.address, "personal": nil, "business": nil},
	})
}

// userInfo says it as OpenID Connect does (Core §5.3).
func (s *Site) userInfo(q *request) {
	st, signin, err := s.openStatement(q.r.Context(), accessKind, presentedKey(q))
	if err != nil && !IsDead(err) {
		s.unavailable(q, err)
		return
	}
	if err != nil {
		q.w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		s.refuse(q, &oauthError{code: "invalid_token", number: 700082, status: http.StatusUnauthorized, text: "The access token is not valid. Refresh it, or sign in again."})
		return
	}
	p := personOf(st.Account, signin)
	writeJSON(q, http.StatusOK, map[string]any{
		"sub": subject(st.Account), "name": p.name, "given_name": p.first, "family_name": p.last,
		"email": p.address, "preferred_username": p.address, "upn": p.address,
		"oid": objectID(st.Account), "tid": tenantID(st.Account),
	})
}

// presentedKey returns the key that came with a request: as Bearer, or as the parameter
// access_token (RFC 6750 §2).
func presentedKey(q *request) string {
	scheme, value, _ := strings.Cut(q.r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(value)
	}
	if key := parseParams(q.query).get("access_token"); key != "" || q.r.Method != http.MethodPost {
		return key
	}
	p, err := readForm(q.r)
	if err != nil {
		return ""
	}
	return p.get("access_token")
}
