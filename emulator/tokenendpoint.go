// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// tokenCall is a request to a token endpoint (RFC 6749, section 3.2).
type tokenCall struct {
	provider  provider
	tenant    string
	path      string // of the endpoint
	form      url.Values
	client    string
	secret    string
	assertion string
}

// formOf reads a form body.
func formOf(r *http.Request, b body) (url.Values, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return nil, errors.New("the body is no form")
	}
	return url.ParseQuery(string(b.data))
}

// serveToken answers a token endpoint.
func (e *Emulator) serveToken(w http.ResponseWriter, r *http.Request, b body, p provider, tenant string) {
	o, err := e.token(r, b, p, tenant)
	if err != nil {
		writeIdentityJSON(w, err.status, err.object(e.clock()))
		return
	}
	writeIdentityJSON(w, http.StatusOK, o)
}

func (e *Emulator) token(r *http.Request, b body, p provider, tenant string) (object, *oauthError) {
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
		return nil, p.missing("grant_type")
	default:
		return nil, p.unsupportedGrant(grantType)
	}
}

func newTokenCall(r *http.Request, b body, p provider, tenant string) (*tokenCall, *oauthError) {
	if r.Method != http.MethodPost {
		if p == live {
			return nil, liveError("invalid_request", "The HTTP method is not POST.")
		}
		return nil, aadError("invalid_request", 900561, "The endpoint only accepts POST requests. Received a %s request.", r.Method)
	}
	form, err := formOf(r, b)
	if err != nil {
		return nil, p.missing("grant_type")
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
		return nil, p.missing("client_id")
	}
	if p == entra && form.Has("resource") {
		return nil, resourceRefused()
	}
	return t, nil
}

// basicAuth reads client credentials from the Authorization header, where
// each of the two is form-encoded first (RFC 6749, section 2.3.1).
func basicAuth(r *http.Request) (id, secret string, ok bool) {
	id, secret, ok = r.BasicAuth()
	if !ok {
		return "", "", false
	}
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	return id, secret, idErr == nil && secretErr == nil
}

// redeemCode turns an authorization code into tokens.
func (e *Emulator) redeemCode(t *tokenCall) (object, *oauthError) {
	value := t.form.Get("code")
	if value == "" {
		return nil, t.provider.missing("code")
	}
	code := e.state.codes[value]
	if code == nil {
		return nil, t.provider.badCode()
	}
	a := code.authorization
	if a.provider != t.provider || a.client != t.client {
		return nil, t.provider.badCode()
	}
	if err := e.authenticate(t, a.redirect); err != nil {
		return nil, err
	}
	switch {
	case code.used:
		return nil, t.provider.usedCode()
	case !e.clock().Before(code.expires):
		return nil, t.provider.expiredCode()
	case !t.form.Has("redirect_uri"):
		return nil, t.provider.missing("redirect_uri")
	case t.form.Get("redirect_uri") != a.redirect:
		return nil, t.provider.redirectMismatch(t.form.Get("redirect_uri"), a.redirect)
	case !a.verifies(t.form.Get("code_verifier")):
		return nil, t.provider.badVerifier()
	}
	g, err := t.narrow(a.grant(code.account))
	if err != nil {
		return nil, err
	}
	code.used = true
	return e.issueAll(g, t.provider == azureAD || offline(g.scope)), nil
}

// verifies checks a PKCE verifier (RFC 7636, section 4.6).
func (a authorization) verifies(verifier string) bool {
	switch {
	case a.challenge == "":
		return true // none was announced; an unasked verifier is ignored
	case a.method == "plain":
		return verifier == a.challenge
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == a.challenge
}

// refresh turns a refresh token into new tokens.
func (e *Emulator) refresh(t *tokenCall) (object, *oauthError) {
	value := t.form.Get("refresh_token")
	if value == "" {
		return nil, t.provider.missing("refresh_token")
	}
	if err := e.authenticate(t, t.form.Get("redirect_uri")); err != nil {
		return nil, err
	}
	// The scope is checked first: a request that fails must not count as the
	// token's use.
	if err := t.checkScope(); err != nil {
		return nil, err
	}
	granted, err := e.redeem(t, value)
	if err != nil {
		return nil, err
	}
	g, err := t.narrow(granted)
	if err != nil {
		return nil, err
	}
	g.client = t.client
	if granted.provider == anyProvider {
		granted = g // what is asked for first is what was granted
	}
	// The next refresh token is for all that was granted, however little of
	// it this access token is for (RFC 6749, section 6).
	return append(e.issue(g), member{"refresh_token", e.issueRefresh(granted)}), nil
}

// checkScope checks the scope or resource of a token request by itself.
func (t *tokenCall) checkScope() *oauthError {
	scope, resource := t.form.Get("scope"), t.form.Get("resource")
	switch t.provider {
	case azureAD:
		if _, ok := audienceOfResource(resource); !ok && resource != "" {
			return unknownResource(resource)
		}
		return nil
	case entra:
		_, err := entraScope(scope)
		return err
	}
	if _, err := liveScope(scope); err != nil {
		return liveError("invalid_scope", "%s", err)
	}
	return nil
}

// narrow applies the scope or resource of a token request to a grant. Azure
// AD's grants are for a person and an app and serve every resource; those of
// Microsoft accounts are for their scopes only.
func (t *tokenCall) narrow(g grant) (grant, *oauthError) {
	if err := t.checkScope(); err != nil {
		return g, err
	}
	imported := g.provider == anyProvider
	g.provider = t.provider
	if t.provider != live {
		g.tenant = t.tenant
	}
	switch t.provider {
	case azureAD:
		if resource := t.form.Get("resource"); resource != "" {
			g.resource = resource
		}
		if g.resource == "" {
			return g, t.provider.missing("resource")
		}
	case entra:
		if scope := t.form.Get("scope"); scope != "" {
			g.scope = strings.Join(strings.Fields(scope), " ")
		} else if imported {
			g.scope = "https://onenote.com/Notes.ReadWrite offline_access"
		}
	default:
		return t.narrowLive(g, imported)
	}
	return g, nil
}

func (t *tokenCall) narrowLive(g grant, imported bool) (grant, *oauthError) {
	scope := t.form.Get("scope")
	if scope == "" {
		if g.scope == "" {
			g.scope = defaultLiveScope
		}
		return g, nil
	}
	words := strings.Fields(scope)
	if !imported {
		granted := strings.Fields(g.scope)
		for _, word := range words {
			if !slices.Contains(granted, word) {
				return g, t.provider.revokedGrant()
			}
		}
	}
	g.scope = strings.Join(words, " ")
	return g, nil
}

// clientCredentials gives the app a token of its own, of which there is no
// refresh token. It needs one tenant, and on v2.0 a scope that ends in
// /.default.
func (e *Emulator) clientCredentials(t *tokenCall) (object, *oauthError) {
	if t.provider == live {
		return nil, t.provider.unsupportedGrant("client_credentials")
	}
	if isTenantWord(t.tenant) {
		return nil, aadError("invalid_request", 9001023,
			"The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.")
	}
	if t.secret == "" && t.assertion == "" {
		return nil, t.provider.missingSecret()
	}
	if err := e.authenticate(t, ""); err != nil {
		return nil, err
	}
	if t.provider == entra && !strings.HasSuffix(t.form.Get("scope"), "/.default") {
		return nil, aadError("invalid_scope", 1002012, "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", t.form.Get("scope"))
	}
	g, err := t.narrow(grant{provider: t.provider, tenant: t.tenant, client: t.client, scope: t.form.Get("scope"), appOnly: true})
	if err != nil {
		return nil, err
	}
	return e.issue(g), nil
}

// issueAll makes the answer for a person who just signed in.
func (e *Emulator) issueAll(g grant, withRefresh bool) object {
	o := e.issue(g)
	if withRefresh {
		o = append(o, member{"refresh_token", e.issueRefresh(g)})
	}
	return o
}

// issue makes an access token and the answer that it comes in (RFC 6749,
// section 5.1), without a refresh token.
func (e *Emulator) issue(g grant) object {
	o := e.tokenObject(g, e.issueAccess(g, accessTokenLife))
	switch {
	case g.appOnly:
	case g.provider == live:
		o = append(o, member{"user_id", g.account.userID()})
	case g.provider == azureAD, slices.Contains(strings.Fields(g.scope), "openid"):
		o = append(o, member{"id_token", e.idToken(g)})
	}
	return o
}

// tokenObject is the part of a token answer that each provider writes in its
// own way: v1 has its numbers in quotes.
func (e *Emulator) tokenObject(g grant, access *accessToken) object {
	switch g.provider {
	case azureAD:
		now := e.clock()
		o := object{
			{"token_type", "Bearer"},
			{"expires_in", "3600"},
			{"ext_expires_in", "3600"},
			{"expires_on", strconv.FormatInt(access.expires.Unix(), 10)},
			{"not_before", strconv.FormatInt(now.Unix(), 10)},
			{"resource", g.resource},
			{"access_token", access.value},
		}
		if !g.appOnly {
			o = append(o, member{"scope", g.grantedScope()})
		}
		return o
	case entra:
		o := object{{"token_type", "Bearer"}, {"expires_in", 3600}, {"ext_expires_in", 3600}, {"access_token", access.value}}
		if !g.appOnly {
			o = append(o, member{"scope", g.grantedScope()})
		}
		return o
	}
	return object{
		{"token_type", "bearer"},
		{"expires_in", 3600},
		{"scope", g.grantedScope()},
		{"access_token", access.value},
	}
}
