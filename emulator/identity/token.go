// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"mime"
	"net/http"
	"net/url"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// tokenCall is a request to a token endpoint (RFC 6749, section 3.2).
type tokenCall struct {
	provider  grant.Provider
	tenant    string
	path      string // of the endpoint
	form      url.Values
	client    string
	secret    string
	assertion string
}

// formOf reads a form body.
func formOf(r *http.Request, b wire.Body) (url.Values, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return nil, errors.New("the body is no form")
	}
	return url.ParseQuery(string(b.Data))
}

// serveToken serves a token endpoint.
func (e *Endpoints) serveToken(w http.ResponseWriter, r *http.Request, b wire.Body, p grant.Provider, tenant string) {
	o, err := e.token(r, b, p, tenant)
	if err != nil {
		writeJSON(w, err.status, err.object(e.now()))
		return
	}
	writeJSON(w, http.StatusOK, o)
}

func (e *Endpoints) token(r *http.Request, b wire.Body, p grant.Provider, tenant string) (wire.Object, *oauthError) {
	t, err := newTokenCall(r, b, p, tenant)
	if err != nil {
		return nil, err
	}
	switch grantType := t.form.Get("grant_type"); grantType {
	case "authorization_code":
		return e.redeemCode(t)
	case "refresh_token":
		return e.refresh(t)
	case deviceGrantType, "device_code":
		return e.redeemDevice(t)
	case "client_credentials":
		return e.clientCredentials(t)
	case "":
		return nil, missing(p, "grant_type")
	default:
		return nil, unsupportedGrant(p, grantType)
	}
}

func newTokenCall(r *http.Request, b wire.Body, p grant.Provider, tenant string) (*tokenCall, *oauthError) {
	if r.Method != http.MethodPost {
		if p == grant.Live {
			return nil, liveError("invalid_request", "The HTTP method is not POST.")
		}
		return nil, aadError("invalid_request", 900561, "The endpoint only accepts POST requests. Received a %s request.", r.Method)
	}
	form, err := formOf(r, b)
	if err != nil {
		return nil, missing(p, "grant_type")
	}
	if err := checkTenant(p, tenant); err != nil {
		return nil, err
	}
	t := &tokenCall{
		provider: p, tenant: tenant, path: r.URL.Path, form: form,
		client: form.Get("client_id"), secret: form.Get("client_secret"), assertion: form.Get("client_assertion"),
	}
	if id, secret, ok := basicAuth(r); ok {
		t.client, t.secret = id, secret
	}
	if t.client == "" {
		return nil, missing(p, "client_id")
	}
	if p == grant.Entra && form.Has("resource") {
		return nil, resourceRefused()
	}
	return t, nil
}

// basicAuth reads client credentials from the Authorization header. Each of the two
// is form-encoded in it (RFC 6749, section 2.3.1).
func basicAuth(r *http.Request) (id, secret string, ok bool) {
	id, secret, ok = r.BasicAuth()
	if !ok {
		return "", "", false
	}
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	return id, secret, idErr == nil && secretErr == nil
}
