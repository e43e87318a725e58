// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package appsignin

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/caddy-onenote/caddy-onenote/internal/apppath"
)

// keySeconds is keyLife as apps are told.
const keySeconds = "3600"

// defaultResource is what a token of v1 is for, where the app does not say.
const defaultResource = "https://onenote.com/"

// newGrantID names a grant.
func newGrantID() string { return rand.Text() }

func (g grant) statement() statement {
	return statement{Account: g.Account, SignIn: g.SignIn, Shown: g.ClientKey, Grant: g.id}
}

// tokenType is the word of each service.
func tokenType(v apppath.Version) string {
	if v == apppath.Live {
		return "bearer"
	}
	return "Bearer"
}

// issue responds with keys for a code, whose redemption ends before the app can know of
// it. It can be used again if what fails may pass.
func (s *Site) issue(q *request, p params, g grant, code string) {
	body, err := s.tokenResponse(q, p, g)
	s.Memory.settle(s.Now(), code, outcomeOf(err))
	if err != nil {
		s.refuseGrant(q, err)
		return
	}
	writeJSON(q, http.StatusOK, body)
}

func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return gaveKeys
	case isTemporary(err):
		return failed
	}
	return refused
}

// tokenResponse returns keys in the shape of the service that was asked. The scope is
// echoed as it was asked for: libraries compare it.
func (s *Site) tokenResponse(q *request, p params, g grant) (map[string]any, error) {
	signin, err := s.current(q.r.Context(), g.Holder)
	switch {
	case err != nil:
		return nil, err
	case !signin.Usable:
		return nil, ErrEnded // only a person can help: the app sends them to authorize, and so to our sign-in page
	case !q.admission.letsIn(g.Holder):
		return nil, errElsewhere
	}
	g.scope = cmp.Or(p.get("scope"), g.scope)
	g.resource = cmp.Or(p.get("resource"), g.resource)
	body, err := s.tokens(q, g, signin)
	if err != nil {
		return nil, err
	}
	if q.path.Version == apppath.V2 && p.get("client_info") == "1" {
		body["client_info"] = clientInfo(g.Account)
	}
	return body, nil
}

// tokens returns the fields of a token response.
func (s *Site) tokens(q *request, g grant, signin SignIn) (map[string]any, error) {
	key, err := s.sealStatement(accessKind, g.statement(), keyLife)
	if err != nil {
		return nil, err
	}
	body := map[string]any{"access_token": key, "token_type": tokenType(q.path.Version)}
	if g.scope != "" {
		body["scope"] = g.scope
	}
	if g.refreshes {
		st := g.statement()
		st.Client, st.Scope, st.Resource, st.Version = g.client, g.scope, g.resource, q.path.Version
		refresh, err := s.sealStatement(refreshKind, st, refreshLife)
		if err != nil {
			return nil, err
		}
		if len(refresh) > maxParam {
			return nil, errTooMuch
		}
		body["refresh_token"] = refresh
	}
	s.addLife(body, q.path.Version, g)
	if q.path.Version == apppath.V1 || hasScope(g.scope, "openid") {
		if body["id_token"], err = s.idToken(q, g, signin, ""); err != nil {
			return nil, err
		}
	}
	return body, nil
}

// addLife adds how long a key lives, and what else only one service tells.
func (s *Site) addLife(body map[string]any, v apppath.Version, g grant) {
	seconds := int64(keyLife.Seconds())
	now := s.Now().Unix()
	switch v {
	case apppath.Live:
		body["expires_in"] = seconds
		body["user_id"] = userID(g.Account)
	case apppath.V1:
		body["expires_in"], body["ext_expires_in"] = keySeconds, keySeconds
		body["expires_on"] = strconv.FormatInt(now+seconds, 10)
		body["not_before"] = strconv.FormatInt(now-300, 10)
		body["resource"] = cmp.Or(g.resource, defaultResource)
	case apppath.V2:
		body["expires_in"], body["ext_expires_in"] = seconds, seconds
	}
}

// clientInfo names the user to Microsoft's libraries, which keep tokens under that name.
func clientInfo(account string) string {
	text, _ := json.Marshal(map[string]string{"uid": objectID(account), "utid": tenantID(account)}) // it cannot fail
	return base64.RawURLEncoding.EncodeToString(text)
}
