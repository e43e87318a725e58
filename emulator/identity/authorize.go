// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/emulator/grant"
	"github.com/caddy-onenote/caddy-onenote/emulator/mint"
	"github.com/caddy-onenote/caddy-onenote/emulator/person"
	"github.com/caddy-onenote/caddy-onenote/emulator/wire"
)

// authorization is an authorization request (RFC 6749, section 4.1.1).
type authorization struct {
	provider     grant.Provider
	tenant       string
	client       string
	redirect     string
	responseType string
	responseMode string
	scope        string
	resource     string
	state        string
	nonce        string
	prompt       string
	loginHint    string
	challenge    string // PKCE (RFC 7636)
	method       string // of the challenge: S256 or plain
}

func authorizationOf(r *http.Request, p grant.Provider, tenant string) authorization {
	q := r.URL.Query()
	a := authorization{
		provider:     p,
		tenant:       tenant,
		client:       q.Get("client_id"),
		redirect:     q.Get("redirect_uri"),
		responseType: q.Get("response_type"),
		responseMode: q.Get("response_mode"),
		scope:        q.Get("scope"),
		state:        q.Get("state"),
		nonce:        q.Get("nonce"),
		prompt:       q.Get("prompt"),
		loginHint:    q.Get("login_hint"),
		challenge:    q.Get("code_challenge"),
		method:       q.Get("code_challenge_method"),
	}
	if p != grant.Live {
		a.resource = q.Get("resource")
	}
	if a.challenge != "" && a.method == "" {
		a.method = "plain"
	}
	return a
}

// serveAuthorize shows the consent page and processes its form. Errors that make
// the redirect URI untrustworthy are shown on a page of the provider. All others
// go back to the app.
func (e *Endpoints) serveAuthorize(w http.ResponseWriter, r *http.Request, b wire.Body, p grant.Provider, tenant string) {
	a := authorizationOf(r, p, tenant)
	if err := e.checkApp(a); err != nil {
		a.showError(w, err)
		return
	}
	if err := a.check(); err != nil {
		a.sendBack(w, errorParameters(err))
		return
	}
	if r.Method != http.MethodPost {
		writePage(w, http.StatusOK, a.consentPage(r))
		return
	}
	e.decide(w, r, b, a)
}

// checkApp checks the client and its redirect URI.
func (e *Endpoints) checkApp(a authorization) *oauthError {
	if err := checkTenant(a.provider, a.tenant); err != nil {
		return err
	}
	if a.client == "" {
		return missing(a.provider, "client_id")
	}
	c, _, known := e.clientOf(a.client)
	if !known {
		return unknownClient(a.provider, a.client)
	}
	u, err := url.Parse(a.redirect)
	if err != nil || !u.IsAbs() || u.Fragment != "" || !c.redirectsTo(a.redirect) {
		return badRedirect(a.provider, a.redirect)
	}
	return nil
}

// check checks the parameters of the request.
func (a authorization) check() *oauthError {
	switch a.responseType {
	case "code", "token":
	case "":
		return missing(a.provider, "response_type")
	default:
		return providerError(a.provider, "unsupported_response_type", 70005, "The provided value for the input parameter 'response_type' is not valid.")
	}
	switch a.responseMode {
	case "", "fragment", "form_post":
	case "query":
		if a.responseType == "token" {
			return providerError(a.provider, "invalid_request", 70007, "'query' is not a supported value of 'response_mode' when requesting a token.")
		}
	default:
		return providerError(a.provider, "invalid_request", 70007, "The provided value for the input parameter 'response_mode' is not valid.")
	}
	if a.challenge != "" && a.method != "S256" && a.method != "plain" {
		return providerError(a.provider, "invalid_request", 501491, "Invalid size of Code_Challenge parameter or unknown code_challenge_method.")
	}
	if a.responseType == "token" && grant.Offline(a.scope) {
		return providerError(a.provider, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid. Offline access is not available to the token flow.")
	}
	if err := a.checkScope(); err != nil {
		return err
	}
	if a.prompt == "none" {
		return providerError(a.provider, "login_required", 50058, "Session information is not sufficient for single-sign-on.")
	}
	return nil
}

func (a authorization) checkScope() *oauthError {
	switch a.provider {
	case grant.AzureAD:
		return badResource(a.resource)
	case grant.Entra:
		if a.resource != "" {
			return resourceRefused()
		}
	}
	if a.scope == "" {
		return missing(a.provider, "scope")
	}
	return badScope(a.provider, a.scope)
}

// showError shows an error on a page of the provider. A Microsoft account's error
// page has the error in its fragment, for developers.
func (a authorization) showError(w http.ResponseWriter, err *oauthError) {
	if a.provider != grant.Live {
		writePage(w, http.StatusBadRequest, page("Sign in to your account",
			"<h1>Sorry, but we’re having trouble signing you in.</h1>\n<p class=\"problem\">"+html.EscapeString(err.text())+"</p>"))
		return
	}
	redirect(w, "/err.srf?lc=1033#"+encodeFragment(errorParameters(err)))
}

func errorParameters(err *oauthError) url.Values {
	return url.Values{"error": {err.code}, "error_description": {err.text()}}
}

// decide processes the form of the consent page.
func (e *Endpoints) decide(w http.ResponseWriter, r *http.Request, b wire.Body, a authorization) {
	form, err := formOf(r, b)
	if err != nil {
		writePage(w, http.StatusBadRequest, notice("Bad request", "The form could not be read."))
		return
	}
	switch form.Get("decision") {
	case "accept":
		a.sendBack(w, e.accept(a, person.Named(form.Get("user"))))
	case "deny":
		a.sendBack(w, errorParameters(a.denied()))
	default:
		writePage(w, http.StatusBadRequest, notice("Bad request", "The decision is accept or deny."))
	}
}

func (a authorization) denied() *oauthError {
	if a.provider == grant.Live {
		return liveError("access_denied", "The user has denied access to the scope requested by the client application.")
	}
	// Azure AD sends no number with this error.
	return liveError("access_denied", "the user canceled the authentication")
}

// accept returns the parameters that the app gets: a code or a token.
func (e *Endpoints) accept(a authorization, who person.Person) url.Values {
	v := url.Values{}
	if a.provider != grant.Live {
		v.Set("session_state", mint.GUID("session", string(who)))
	}
	if a.responseType == "code" {
		code := "M." + e.mint.Opaque("code")
		e.codes[code] = &authorizationCode{authorization: a, account: who, expires: e.now().Add(codeLife)}
		v.Set("code", code)
		return v
	}
	g := a.grant(who)
	v.Set("access_token", e.grants.IssueAccess(g, grant.AccessTokenLife).Value)
	v.Set("token_type", "bearer")
	v.Set("expires_in", "3600")
	v.Set("scope", g.GrantedScope())
	if a.provider == grant.Live {
		v.Set("user_id", who.UserID())
	}
	return v
}

// grant is what a person grants by accepting the request.
func (a authorization) grant(who person.Person) grant.Grant {
	return grant.Grant{
		Account: who, Provider: a.provider, Tenant: a.tenant, Client: a.client,
		Redirect: a.redirect, Scope: a.scope, Resource: a.resource, Nonce: a.nonce,
	}
}

// sendBack sends parameters to the app by the response mode of the request.
func (a authorization) sendBack(w http.ResponseWriter, v url.Values) {
	if a.state != "" {
		v.Set("state", a.state)
	}
	switch mode := a.mode(); mode {
	case "form_post":
		writePage(w, http.StatusOK, formPostPage(a.redirect, v))
	case "fragment":
		redirect(w, a.redirect+"#"+encodeFragment(v))
	default:
		separator := "?"
		if strings.Contains(a.redirect, "?") {
			separator = "&"
		}
		redirect(w, a.redirect+separator+v.Encode())
	}
}

// mode is the response mode of the request, or the default of its response type.
func (a authorization) mode() string {
	switch {
	case a.responseMode == "form_post" || a.responseMode == "fragment":
		return a.responseMode
	case a.responseType == "token":
		return "fragment"
	}
	return "query"
}

// encodeFragment encodes parameters for a fragment, in which a plus sign does not
// always mean a space.
func encodeFragment(v url.Values) string {
	return strings.ReplaceAll(v.Encode(), "+", "%20")
}
